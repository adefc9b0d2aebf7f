#include "dataplane/crypto/sa_iv_source.h"

#include <bit>
#include <catch2/catch.hpp>

#include "tests/dataplane/crypto/crypto_rig.h"

namespace sallyport::sa_iv_source_test {
namespace {

constexpr std::size_t kSlotBytes = 24;  // header and the longest IV

// One SA and room for a run of its packets.
class IvRun {
 public:
  IvRun(CryptoRig& rig, Transform transform, std::size_t run)
      : key_(rig.keys->at(rig.install(random_keys(rig.random, transform)))), jobs_(run) {
    memory_.resize(run * kSlotBytes);
    for (std::size_t i = 0; i < run; ++i) {
      jobs_[i].esp = memory_.data() + i * kSlotBytes;
      jobs_[i].key = &key_;
    }
  }

  void wipe() { std::ranges::fill(memory_, std::uint8_t{0xee}); }
  [[nodiscard]] const CryptoJob& job(std::size_t packet) const { return jobs_[packet]; }
  void fill(std::uint64_t first) {
    wipe();
    for (CryptoJob& job : jobs_) job.sequence = first++;
    SaIvSource().fill(jobs_);
  }
  [[nodiscard]] std::string_view iv(std::size_t packet) const {
    return {reinterpret_cast<const char*>(jobs_[packet].esp) + kEspHeader, key_.iv_bytes};
  }
  // Header before and octets behind the IV are as they were.
  [[nodiscard]] bool kept_apart(std::size_t packet) const {
    const std::uint8_t* start = jobs_[packet].esp;
    const auto kept = [](std::uint8_t octet) { return octet == 0xee; };
    return std::all_of(start, start + kEspHeader, kept) &&
           std::all_of(start + kEspHeader + key_.iv_bytes, start + kSlotBytes, kept);
  }

 private:
  const ExpandedKey& key_;
  std::vector<CryptoJob> jobs_;
  Octets memory_;
};

int differing_bits(std::string_view left, std::string_view right) {
  int bits = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    bits += std::popcount(static_cast<std::uint8_t>(left[i] ^ right[i]));
  }
  return bits;
}

Transform with_any_integrity(const CipherFacts& cipher) {
  return {cipher.id, cipher.combined() ? Integrity::None : Integrity::HmacSha1_96};
}

}  // namespace

TEST_CASE("ALG-20: a million IVs that nobody can predict are distinct") {
  constexpr std::size_t kRun = 50;  // no multiple of the blocks made at once
  constexpr std::size_t kPackets = 1'000'000;
  CryptoRig rig;
  for (const CipherFacts& cipher : all_ciphers()) {
    if (cipher.iv_rule != IvRule::EncryptedCounter) continue;
    IvRun run(rig, with_any_integrity(cipher), kRun);
    // Compared by their first eight octets, which a longer IV may only make more distinct.
    std::vector<std::uint64_t> ivs;
    ivs.reserve(kPackets);
    for (std::uint64_t first = 1; first <= kPackets; first += kRun) {
      run.fill(first);
      for (std::size_t i = 0; i < kRun; ++i)
        ivs.push_back(load_be<std::uint64_t>(run.iv(i).data()));
    }
    std::ranges::sort(ivs);
    INFO(cipher.name);
    CHECK(ivs.size() == kPackets);
    CHECK(std::ranges::adjacent_find(ivs) == ivs.end());
  }
}

TEST_CASE("ALG-04: an IV of CBC tells nothing of the next one") {
  constexpr std::size_t kRun = 64;
  CryptoRig rig;
  for (const CipherFacts& cipher : all_ciphers()) {
    if (cipher.iv_rule != IvRule::EncryptedCounter) continue;
    CHECK(cipher.kind == CipherKind::Cbc);
    IvRun run(rig, with_any_integrity(cipher), kRun);
    int total = 0;
    int least = 8 * cipher.iv_bytes;
    for (std::uint64_t first = 1; first < 100 * kRun; first += kRun) {
      run.fill(first);
      for (std::size_t i = 1; i < kRun; ++i) {
        const int bits = differing_bits(run.iv(i - 1), run.iv(i));
        total += bits;
        least = std::min(least, bits);
      }
    }
    const double mean = total / (100.0 * (kRun - 1));
    INFO(cipher.name);
    CHECK(mean == Approx(4.0 * cipher.iv_bytes).epsilon(0.02));
    CHECK(least >= cipher.iv_bytes);
  }
}

TEST_CASE("ALG-04: two SAs with the same keys and numbers have different IVs") {
  CryptoRig rig;
  IvRun one(rig, {Cipher::AesCbc128, Integrity::HmacSha1_96}, 1);
  IvRun other(rig, {Cipher::AesCbc128, Integrity::HmacSha1_96}, 1);
  one.fill(1);
  other.fill(1);
  CHECK(differing_bits(one.iv(0), other.iv(0)) > 32);
}

TEST_CASE("ALG-20: an IV follows from the number alone, however runs are cut") {
  CryptoRig rig;
  for (const char* name : {"aes128-cbc+hmac-sha1-96", "3des-cbc+hmac-sha1-96"}) {
    IvRun run(rig, *parse_transform(name), 37);
    run.fill(1000);
    std::vector<std::string> whole;
    for (std::size_t i = 0; i < 37; ++i) {
      whole.emplace_back(run.iv(i));
      CHECK(run.kept_apart(i));
    }
    for (std::size_t i = 0; i < 37; ++i) {
      run.fill(1000 + i);
      CHECK(run.iv(0) == whole[i]);
    }
  }
}

TEST_CASE("ALG-20: SAs whose packets stand between each other have the IVs that each has alone") {
  CryptoRig rig;
  IvRun one(rig, {Cipher::AesCbc128, Integrity::HmacSha1_96}, 11);
  IvRun other(rig, {Cipher::TripleDesCbc, Integrity::HmacSha1_96}, 11);
  one.fill(1);
  other.fill(1);
  std::vector<std::string> alone;
  for (std::size_t i = 0; i < 11; ++i)
    alone.insert(alone.end(), {std::string(one.iv(i)), std::string(other.iv(i))});
  std::vector<CryptoJob> mixed;
  for (std::size_t i = 0; i < 11; ++i) mixed.insert(mixed.end(), {one.job(i), other.job(i)});
  one.wipe();
  other.wipe();
  SaIvSource().fill(mixed);
  for (std::size_t i = 0; i < 11; ++i) {
    CHECK(one.iv(i) == alone[2 * i]);
    CHECK(other.iv(i) == alone[2 * i + 1]);
    CHECK(one.kept_apart(i));
    CHECK(other.kept_apart(i));
  }
}

TEST_CASE("ALG-01, ALG-05: what has no IV and what has its number for one stays as it is") {
  CryptoRig rig;
  for (const Transform transform : {Transform{Cipher::Null, Integrity::HmacSha1_96},
                                    Transform{Cipher::AesGcm16_128, Integrity::None},
                                    Transform{Cipher::AesCtr128, Integrity::HmacSha1_96},
                                    Transform{Cipher::AesGcm16Iiv128, Integrity::None}}) {
    IvRun run(rig, transform, 2);
    run.fill(1);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(run.kept_apart(i));
      CHECK(std::ranges::all_of(run.iv(i), [](char octet) { return octet == char(0xee); }));
    }
  }
}

}  // namespace sallyport::sa_iv_source_test
