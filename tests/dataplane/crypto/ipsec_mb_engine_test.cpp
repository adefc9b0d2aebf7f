#include <sys/mman.h>

#include <catch2/catch.hpp>

#include "tests/dataplane/crypto/crypto_rig.h"
#include "tests/dataplane/crypto/reference_seal.h"

namespace sallyport::ipsec_mb_engine_test {
namespace {

// Text lengths around the blocks of every cipher and hash, cut to what `transform` can carry.
std::vector<std::size_t> text_lengths(Transform transform) {
  const std::size_t block = facts(transform.cipher).block_bytes;
  std::vector<std::size_t> lengths;
  for (std::size_t blocks = 1; blocks * block <= 300; ++blocks) lengths.push_back(blocks * block);
  for (const std::size_t bytes : {512u, 752u, 768u, 784u, 1024u, 1408u, 1440u, 2048u, 8960u}) {
    lengths.push_back(bytes / block * block);
  }
  return lengths;
}

struct Sealed {
  EspFields fields;
  EspPacket packet;
  KeySlot key;
  Octets expected;
};

Sealed make_packet(CryptoRig& rig, const EspKeys& keys, KeySlot slot, std::size_t text_bytes) {
  EspFields fields = random_fields(rig.random, keys.transform, text_bytes);
  fields.esn = icv_bytes(keys.transform) != 0 && rig.random.below(2) == 0;
  if (fields.esn) fields.sequence_high = rig.random.u32();
  EspPacket packet(fields, keys.transform);
  Octets expected = reference_seal(keys, fields);
  return {std::move(fields), std::move(packet), slot, std::move(expected)};
}

std::vector<CryptoJob> jobs_of(const CryptoRig& rig, std::vector<Sealed>& packets) {
  std::vector<CryptoJob> jobs;
  for (Sealed& sealed : packets) jobs.push_back(sealed.packet.job(rig.keys->at(sealed.key)));
  return jobs;
}

// How many packets differ from the reference after sealing, or from their text after opening.
std::size_t faults_of_burst(CryptoRig& rig, std::vector<Sealed>& packets) {
  std::size_t faults = 0;
  std::vector<CryptoJob> jobs = jobs_of(rig, packets);
  if (rig.engine->seal(jobs) != std::ranges::all_of(jobs, &CryptoJob::good)) ++faults;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].good || packets[i].packet.sealed() != packets[i].expected) ++faults;
  }
  jobs = jobs_of(rig, packets);
  rig.engine->open(jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].good || packets[i].packet.text() != packets[i].fields.text) ++faults;
  }
  return faults;
}

struct KeyedTransform {
  EspKeys keys;
  KeySlot slot;
};

std::vector<KeyedTransform> install_all(CryptoRig& rig) {
  std::vector<KeyedTransform> installed;
  for (const Transform transform : all_transforms()) {
    EspKeys keys = random_keys(rig.random, transform);
    const KeySlot slot = rig.install(keys);
    installed.push_back({std::move(keys), slot});
  }
  return installed;
}

std::size_t some_text_bytes(CryptoRig& rig, Transform transform) {
  const std::size_t block = facts(transform.cipher).block_bytes;
  return (1 + rig.random.below(1400) / block) * block;
}

}  // namespace

TEST_CASE(
    "DP-07: every transform, key size, text length, with and without ESN, as OpenSSL does it") {
  CryptoRig rig;
  for (const auto& [keys, slot] : install_all(rig)) {
    std::vector<Sealed> packets;
    for (const std::size_t bytes : text_lengths(keys.transform)) {
      packets.push_back(make_packet(rig, keys, slot, bytes));
    }
    INFO(to_string(keys.transform));
    CHECK(faults_of_burst(rig, packets) == 0);
  }
}

TEST_CASE("DP-07: a packet alone is sealed like one in a burst") {
  CryptoRig rig;
  for (const auto& [keys, slot] : install_all(rig)) {
    std::size_t faults = 0;
    for (std::size_t burst = 1; burst <= 18; ++burst) {
      std::vector<Sealed> packets;
      for (std::size_t i = 0; i < burst; ++i) {
        packets.push_back(make_packet(rig, keys, slot, some_text_bytes(rig, keys.transform)));
      }
      faults += faults_of_burst(rig, packets);
    }
    INFO(to_string(keys.transform));
    CHECK(faults == 0);
  }
}

TEST_CASE("ALG-23: many SAs and all transforms mixed in one burst of 1 to 64") {
  CryptoRig rig;
  std::vector<KeyedTransform> installed = install_all(rig);
  for (auto& more : install_all(rig)) installed.push_back(std::move(more));
  std::size_t faults = 0;
  for (std::size_t burst = 1; burst <= 64; ++burst) {
    std::vector<Sealed> packets;
    while (packets.size() < burst) {
      const auto& [keys, slot] =
          installed[rig.random.below(static_cast<std::uint32_t>(installed.size()))];
      const std::size_t run = 1 + rig.random.below(3);
      for (std::size_t i = 0; i < run && packets.size() < burst; ++i) {
        packets.push_back(make_packet(rig, keys, slot, some_text_bytes(rig, keys.transform)));
      }
    }
    faults += faults_of_burst(rig, packets);
  }
  CHECK(faults == 0);
}

TEST_CASE("DP-07: no job is lost or done twice, whatever bursts follow each other") {
  CryptoRig rig;
  std::vector<KeyedTransform> lanes;
  for (const char* name : {"aes128-cbc+hmac-sha1-96", "aes128-cbc+aes-xcbc-96", "aes128-ccm16",
                           "3des-cbc+hmac-md5-96", "null+aes-cmac-96"}) {
    EspKeys keys = random_keys(rig.random, *parse_transform(name));
    const KeySlot slot = rig.install(keys);
    lanes.push_back({std::move(keys), slot});
  }
  std::size_t faults = 0;
  for (const std::size_t burst : {32u, 64u, 128u, 7u, 1u, 256u, 65u, 300u}) {
    for (const auto& [keys, slot] : lanes) {
      std::vector<Sealed> packets;
      for (std::size_t i = 0; i < burst; ++i) {
        packets.push_back(make_packet(rig, keys, slot, 16 * (1 + i % 9)));
      }
      // Twice in a row: what the first burst left behind would come out of the second.
      faults += faults_of_burst(rig, packets);
      faults += faults_of_burst(rig, packets);
    }
  }
  CHECK(faults == 0);
}

TEST_CASE("ESP-12, ESP-17: a flipped bit anywhere in header, IV, text or ICV is noticed") {
  CryptoRig rig;
  for (const auto& [keys, slot] : install_all(rig)) {
    if (icv_bytes(keys.transform) == 0) continue;
    const Sealed original = make_packet(rig, keys, slot, 48);
    std::size_t missed = 0;
    std::size_t spoilt = 0;
    const std::size_t octets = kEspHeader + original.fields.iv.size() + original.expected.size();
    for (std::size_t at = 0; at < octets; ++at) {
      EspPacket packet(original.fields, keys.transform, original.expected);
      packet.bytes()[at] ^= static_cast<std::uint8_t>(1u << rig.random.below(8));
      const Octets received = packet.copy();
      if (rig.open(packet, slot)) ++missed;
      // Separate integrity: nothing is decrypted before the check, and the ICV is as it came.
      if (!facts(keys.transform.cipher).combined() && packet.copy() != received) ++spoilt;
    }
    INFO(to_string(keys.transform));
    CHECK(missed == 0);
    CHECK(spoilt == 0);
  }
}

TEST_CASE("ESP-12: bad packets in a burst leave the good ones good") {
  CryptoRig rig;
  for (const auto& [keys, slot] : install_all(rig)) {
    if (icv_bytes(keys.transform) == 0) continue;
    std::vector<Sealed> packets;
    for (std::size_t i = 0; i < 40; ++i) {
      packets.push_back(make_packet(rig, keys, slot, some_text_bytes(rig, keys.transform)));
      Sealed& last = packets.back();
      last.packet = EspPacket(last.fields, keys.transform, last.expected);
      if (i % 3 == 1) last.packet.bytes().back() ^= 0x40;
    }
    std::vector<CryptoJob> jobs = jobs_of(rig, packets);
    rig.engine->open(jobs);
    std::size_t faults = 0;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const bool sound = jobs[i].good && packets[i].packet.text() == packets[i].fields.text;
      if (sound == (i % 3 == 1)) ++faults;
    }
    INFO(to_string(keys.transform));
    CHECK(faults == 0);
  }
}

TEST_CASE("ESP-08, ESP-09: the high half of the ESN is authenticated and not sent") {
  CryptoRig rig;
  for (const auto& [keys, slot] : install_all(rig)) {
    if (icv_bytes(keys.transform) == 0) continue;
    EspFields fields = random_fields(rig.random, keys.transform, 48);
    fields.esn = true;
    fields.sequence_high = 7;
    const Octets sealed = reference_seal(keys, fields);
    const auto opens = [&](bool esn, std::uint32_t high) {
      EspFields received = fields;
      received.esn = esn;
      received.sequence_high = high;
      EspPacket packet(received, keys.transform, sealed);
      return rig.open(packet, slot);
    };
    INFO(to_string(keys.transform));
    CHECK(opens(true, 7));
    CHECK_FALSE(opens(true, 8));
    CHECK_FALSE(opens(true, 0));
    CHECK_FALSE(opens(false, 7));
  }
}

TEST_CASE("ALG-10: an implicit IV makes what an explicit one equal to the number makes") {
  struct Twin {
    Cipher implicit, explicit_iv;
  };
  CryptoRig rig;
  for (const auto& [implicit, explicit_iv] :
       {Twin{Cipher::AesCcm8Iiv128, Cipher::AesCcm8_128},
        Twin{Cipher::AesCcm8Iiv192, Cipher::AesCcm8_192},
        Twin{Cipher::AesCcm8Iiv256, Cipher::AesCcm8_256},
        Twin{Cipher::AesGcm16Iiv128, Cipher::AesGcm16_128},
        Twin{Cipher::AesGcm16Iiv192, Cipher::AesGcm16_192},
        Twin{Cipher::AesGcm16Iiv256, Cipher::AesGcm16_256},
        Twin{Cipher::ChaCha20Poly1305Iiv, Cipher::ChaCha20Poly1305}}) {
    EspKeys keys = random_keys(rig.random, {implicit, Integrity::None});
    const KeySlot slot = rig.install(keys);
    keys.transform.cipher = explicit_iv;
    const KeySlot twin_slot = rig.install(keys);
    for (const bool esn : {false, true}) {
      EspFields fields = random_fields(rig.random, {implicit, Integrity::None}, 320);
      fields.esn = esn;
      fields.sequence_high = 0x01020304;  // without ESN it has no say, whatever stands there
      EspFields twin = fields;
      twin.iv = esn ? Octets{1, 2, 3, 4} : Octets(4);
      twin.iv.insert(twin.iv.end(), fields.header.begin() + 4, fields.header.end());
      EspPacket packet(fields, {implicit, Integrity::None});
      EspPacket twin_packet(twin, keys.transform);
      INFO(facts(implicit).name << (esn ? " with ESN" : " without ESN"));
      CHECK(rig.seal(packet, slot));
      CHECK(rig.seal(twin_packet, twin_slot));
      CHECK(packet.sealed() == twin_packet.sealed());
      CHECK(packet.bytes().size() + 8 == twin_packet.bytes().size());
      CHECK(rig.open(packet, slot));
      CHECK(packet.text() == fields.text);
    }
  }
}

TEST_CASE("ESP-17: a packet cut or grown by a block does not pass") {
  CryptoRig rig;
  for (const auto& [keys, slot] : install_all(rig)) {
    if (icv_bytes(keys.transform) == 0) continue;
    const std::size_t block = facts(keys.transform.cipher).block_bytes;
    const Sealed original = make_packet(rig, keys, slot, 96);
    Octets cut = original.expected;
    cut.resize(cut.size() - block);
    Octets grown = original.expected;
    grown.resize(grown.size() + block);
    INFO(to_string(keys.transform));
    for (const Octets& sealed : {cut, grown}) {
      EspPacket packet(original.fields, keys.transform, sealed);
      CHECK_FALSE(rig.open(packet, slot));
    }
  }
}

TEST_CASE("DP-08: no transform touches memory outside the packet's own pages") {
  constexpr std::size_t kPage = 4096;
  CryptoRig rig;
  auto* pages = static_cast<std::uint8_t*>(
      mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(pages != MAP_FAILED);
  REQUIRE(mprotect(pages, kPage, PROT_NONE) == 0);
  REQUIRE(mprotect(pages + 2 * kPage, kPage, PROT_NONE) == 0);
  std::uint8_t* const first = pages + kPage;
  std::uint8_t* const end = pages + 2 * kPage;
  std::size_t faults = 0;
  for (const auto& [keys, slot] : install_all(rig)) {
    for (const std::size_t bytes : text_lengths(keys.transform)) {
      const Sealed sealed = make_packet(rig, keys, slot, bytes);
      const Octets wire = EspPacket(sealed.fields, keys.transform, sealed.expected).copy();
      if (wire.size() > kPage) continue;
      for (std::uint8_t* at : {first, end - wire.size()}) {
        std::memset(first, 0x5a, kPage);
        std::ranges::copy(wire, at);
        CryptoJob job{.esp = at,
                      .key = &rig.keys->at(slot),
                      .sequence = std::uint64_t{sealed.fields.sequence_high} << 32,
                      .text_bytes = static_cast<std::uint32_t>(bytes),
                      .esn = sealed.fields.esn};
        rig.engine->open({&job, 1});
        if (!job.good) ++faults;
        if (!rig.engine->seal({&job, 1})) ++faults;
        if (!job.good || !std::equal(wire.begin(), wire.end(), at)) ++faults;
        const auto touched = [](std::uint8_t octet) { return octet != 0x5a; };
        if (std::any_of(first, at, touched)) ++faults;
        if (std::any_of(at + wire.size(), end, touched)) ++faults;
      }
    }
  }
  munmap(pages, 3 * kPage);
  CHECK(faults == 0);
}

TEST_CASE("the engine says which vectors run") {
  const CryptoRig rig;
  CHECK((rig.engine->variant() == "AVX512-VAES" || rig.engine->variant() == "AVX512" ||
         rig.engine->variant() == "AVX2" || rig.engine->variant() == "AVX" ||
         rig.engine->variant().starts_with("SSE")));
  // A machine with wide vectors must not fall back in silence.
  if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
    CHECK(rig.engine->variant().starts_with("AVX512"));
  }
}

}  // namespace sallyport::ipsec_mb_engine_test
