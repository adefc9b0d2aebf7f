// The engine's integrity-only jobs, beside those of ESP (RFC 4302 3.3.3; RFC 4543 4).
#include <catch2/catch.hpp>

#include "tests/dataplane/crypto/crypto_rig.h"
#include "tests/dataplane/crypto/reference_seal.h"
#include "tests/support/reference_mac.h"

namespace sallyport::ah_engine_test {
namespace {

constexpr std::size_t kIcvField = 32;  // behind 20 octets of IP and 12 of AH

// What an ICV covers, and room for the high half of an ESN behind it and nothing else.
class AhPacket {
 public:
  AhPacket(FixedRandom& random, Integrity integrity, bool esn)
      : integrity_(facts(integrity)),
        size_(kIcvField + integrity_.iv_bytes + integrity_.icv_bytes + random.below(300)),
        esn_(esn),
        bytes_(new std::uint8_t[size_ + (esn ? 4 : 0)]) {
    random.fill({bytes_.get(), size_ + (esn ? 4 : 0)});
    std::fill_n(icv().data(), icv().size(), std::uint8_t{0});
  }
  [[nodiscard]] CryptoJob job(const ExpandedKey& key) noexcept {
    return {.esp = bytes_.get(),
            .key = &key,
            .sequence = std::uint64_t{0x01020304} << 32,
            .text_bytes = static_cast<std::uint32_t>(size_),
            .icv_offset = kIcvField,
            .esn = esn_};
  }
  [[nodiscard]] MutableBytes covered() noexcept { return {bytes_.get(), size_}; }
  [[nodiscard]] MutableBytes icv() noexcept {
    return covered().subspan(kIcvField + integrity_.iv_bytes, integrity_.icv_bytes);
  }
  // Of the packet as it is now, with zeros for its ICV.
  [[nodiscard]] Octets reference(const EspKeys& keys) {
    Octets message(bytes_.get(), bytes_.get() + size_);
    std::fill_n(message.begin() + kIcvField + integrity_.iv_bytes, integrity_.icv_bytes,
                std::uint8_t{0});
    if (esn_) message.insert(message.end(), {1, 2, 3, 4});
    Octets nonce = keys.salt;
    nonce.insert(nonce.end(), bytes_.get() + kIcvField, bytes_.get() + kIcvField + 8);
    Octets icv = integrity_.ah_only() ? reference_gmac(keys.integrity, nonce, message)
                                      : reference_mac(integrity_.id, keys.integrity, message);
    icv.resize(integrity_.icv_bytes);
    return icv;
  }

 private:
  const IntegrityFacts& integrity_;
  std::size_t size_;
  bool esn_;
  std::unique_ptr<std::uint8_t[]> bytes_;
};

EspKeys ah_keys(FixedRandom& random, Integrity integrity) {
  return {.transform = {Cipher::Null, integrity},
          .cipher = {},
          .salt = random_octets(random, facts(integrity).salt_bytes),
          .integrity = random_octets(random, facts(integrity).key_bytes)};
}

Octets copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE(
    "AH-14, AH-16, ALG-15: 1 to 64 packets of AH at once have the ICVs of OpenSSL, with and "
    "without "
    "ESN, and a bent one fails alone") {
  CryptoRig rig;
  for (const IntegrityFacts& integrity : all_integrities()) {
    if (integrity.id == Integrity::None) continue;
    CAPTURE(integrity.name);
    const EspKeys keys = ah_keys(rig.random, integrity.id);
    const KeySlot slot = rig.install(keys);
    for (const unsigned count : {1u, 3u, 7u, 16u, 64u}) {
      std::vector<AhPacket> packets;
      std::vector<CryptoJob> jobs;
      for (unsigned i = 0; i < count; ++i)
        packets.emplace_back(rig.random, integrity.id, i % 2 == 1);
      for (AhPacket& packet : packets) jobs.push_back(packet.job(rig.keys->at(slot)));
      CHECK(rig.engine->seal(jobs));
      for (unsigned i = 0; i < count; ++i) {
        CHECK(jobs[i].good);
        CHECK(copy(packets[i].icv()) == packets[i].reference(keys));
      }
      const unsigned bent = rig.random.below(count);
      MutableBytes octets = packets[bent].covered();
      octets[rig.random.below(static_cast<std::uint32_t>(octets.size()))] ^= 0x10;
      std::vector<Octets> before;
      for (AhPacket& packet : packets) before.push_back(copy(packet.covered()));
      rig.engine->open(jobs);
      for (unsigned i = 0; i < count; ++i) {
        CHECK(jobs[i].good == (i != bent));
        CHECK(copy(packets[i].covered()) == before[i]);
      }
    }
  }
}

TEST_CASE("AH-16: AH and ESP of one transform share a batch") {
  CryptoRig rig;
  for (const Integrity integrity : {Integrity::HmacSha1_96, Integrity::AesXcbc_96}) {
    const EspKeys keys = ah_keys(rig.random, integrity);
    const KeySlot slot = rig.install(keys);
    std::vector<AhPacket> ah;
    std::vector<EspPacket> esp;
    std::vector<EspFields> fields;
    for (unsigned i = 0; i < 20; ++i) {
      ah.emplace_back(rig.random, integrity, i % 3 == 0);
      fields.push_back(random_fields(rig.random, keys.transform, 4 * (i + 1)));
      esp.emplace_back(fields.back(), keys.transform);
    }
    std::vector<CryptoJob> jobs;
    for (unsigned i = 0; i < 20; ++i) {
      jobs.push_back(ah[i].job(rig.keys->at(slot)));
      jobs.push_back(esp[i].job(rig.keys->at(slot)));
    }
    CHECK(rig.engine->seal(jobs));
    for (unsigned i = 0; i < 20; ++i) {
      CHECK(copy(ah[i].icv()) == ah[i].reference(keys));
      CHECK(esp[i].sealed() == reference_seal(keys, fields[i]));
    }
    rig.engine->open(jobs);
    for (const CryptoJob& job : jobs) CHECK(job.good);
  }
}

}  // namespace sallyport::ah_engine_test
