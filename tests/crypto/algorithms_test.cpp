#include "crypto/algorithms.h"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace sallyport::algorithms_test {
namespace {

using Octets = std::vector<std::uint8_t>;

// What the requirements say of an encryption transform, in the order of their columns.
struct CipherRow {
  const char* name;
  unsigned ike_id, key_bits, keymat_bytes, iv_bytes, block_bytes, icv_bytes;
};

constexpr CipherRow kRequired[] = {
    {"null", 11, 0, 0, 0, 4, 0},
    {"des-cbc", 2, 0, 8, 8, 8, 0},
    {"3des-cbc", 3, 0, 24, 8, 8, 0},
    {"aes128-cbc", 12, 128, 16, 16, 16, 0},
    {"aes192-cbc", 12, 192, 24, 16, 16, 0},
    {"aes256-cbc", 12, 256, 32, 16, 16, 0},
    {"aes128-ctr", 13, 128, 20, 8, 4, 0},
    {"aes192-ctr", 13, 192, 28, 8, 4, 0},
    {"aes256-ctr", 13, 256, 36, 8, 4, 0},
    {"aes128-ccm8", 14, 128, 19, 8, 4, 8},
    {"aes192-ccm8", 14, 192, 27, 8, 4, 8},
    {"aes256-ccm8", 14, 256, 35, 8, 4, 8},
    {"aes128-ccm12", 15, 128, 19, 8, 4, 12},
    {"aes192-ccm12", 15, 192, 27, 8, 4, 12},
    {"aes256-ccm12", 15, 256, 35, 8, 4, 12},
    {"aes128-ccm16", 16, 128, 19, 8, 4, 16},
    {"aes192-ccm16", 16, 192, 27, 8, 4, 16},
    {"aes256-ccm16", 16, 256, 35, 8, 4, 16},
    {"aes128-gcm8", 18, 128, 20, 8, 4, 8},
    {"aes192-gcm8", 18, 192, 28, 8, 4, 8},
    {"aes256-gcm8", 18, 256, 36, 8, 4, 8},
    {"aes128-gcm12", 19, 128, 20, 8, 4, 12},
    {"aes192-gcm12", 19, 192, 28, 8, 4, 12},
    {"aes256-gcm12", 19, 256, 36, 8, 4, 12},
    {"aes128-gcm16", 20, 128, 20, 8, 4, 16},
    {"aes192-gcm16", 20, 192, 28, 8, 4, 16},
    {"aes256-gcm16", 20, 256, 36, 8, 4, 16},
    {"aes128-gmac", 21, 128, 20, 8, 4, 16},
    {"aes192-gmac", 21, 192, 28, 8, 4, 16},
    {"aes256-gmac", 21, 256, 36, 8, 4, 16},
    {"chacha20-poly1305", 28, 0, 36, 8, 4, 16},
    {"camellia128-cbc", 23, 128, 16, 16, 16, 0},
    {"camellia192-cbc", 23, 192, 24, 16, 16, 0},
    {"camellia256-cbc", 23, 256, 32, 16, 16, 0},
    {"aes128-ccm8-iiv", 29, 128, 19, 0, 4, 8},
    {"aes192-ccm8-iiv", 29, 192, 27, 0, 4, 8},
    {"aes256-ccm8-iiv", 29, 256, 35, 0, 4, 8},
    {"aes128-gcm16-iiv", 30, 128, 20, 0, 4, 16},
    {"aes192-gcm16-iiv", 30, 192, 28, 0, 4, 16},
    {"aes256-gcm16-iiv", 30, 256, 36, 0, 4, 16},
    {"chacha20-poly1305-iiv", 31, 0, 36, 0, 4, 16},
};

std::string refusal(std::string_view text) {
  const Expected<Transform> transform = parse_transform(text);
  return transform ? "" : to_string(transform.error());
}

Octets octets(std::initializer_list<std::uint64_t> words) {
  Octets bytes(8 * words.size());
  std::size_t at = 0;
  for (const std::uint64_t word : words) {
    store_be<std::uint64_t>(bytes.data() + at, word);
    at += 8;
  }
  return bytes;
}

}  // namespace

TEST_CASE(
    "ALG-01, ALG-02, ALG-03, ALG-04, ALG-05, ALG-06, ALG-07, ALG-08, ALG-09, ALG-10: the table has "
    "the "
    "identifiers and sizes of the RFCs") {
  CHECK(std::size(kRequired) == kCipherCount);
  for (const CipherRow& row : kRequired) {
    INFO(row.name);
    const std::optional<Cipher> cipher = cipher_by_name(row.name);
    REQUIRE(cipher);
    const CipherFacts& have = facts(*cipher);
    CHECK(have.id == *cipher);
    CHECK(have.ike_id == row.ike_id);
    CHECK(have.key_bits == row.key_bits);
    CHECK(have.key_bytes + have.salt_bytes == static_cast<int>(row.keymat_bytes));
    CHECK(have.iv_bytes == row.iv_bytes);
    CHECK(have.block_bytes == row.block_bytes);
    CHECK(have.icv_bytes == row.icv_bytes);
  }
}

TEST_CASE(
    "ALG-11, ALG-12, ALG-13, ALG-14, ALG-15, ALG-16, ALG-17, ALG-18, ALG-19: integrity identifiers "
    "and "
    "sizes") {
  struct Row {
    const char* name;
    unsigned ike_id, key_bytes, icv_bytes;
    unsigned salt_bytes{}, iv_bytes{};
  };
  constexpr Row kRows[] = {{"none", 0, 0, 0},
                           {"hmac-md5-96", 1, 16, 12},
                           {"hmac-sha1-96", 2, 20, 12},
                           {"aes-xcbc-96", 5, 16, 12},
                           {"aes-cmac-96", 8, 16, 12},
                           {"hmac-sha256-128", 12, 32, 16},
                           {"hmac-sha384-192", 13, 48, 24},
                           {"hmac-sha512-256", 14, 64, 32},
                           {"aes128-gmac", 9, 16, 16, 4, 8},
                           {"aes192-gmac", 10, 24, 16, 4, 8},
                           {"aes256-gmac", 11, 32, 16, 4, 8}};
  CHECK(std::size(kRows) == kIntegrityCount);
  for (const Row& row : kRows) {
    INFO(row.name);
    const std::optional<Integrity> integrity = integrity_by_name(row.name);
    REQUIRE(integrity);
    CHECK(facts(*integrity).ike_id == row.ike_id);
    CHECK(facts(*integrity).key_bytes == row.key_bytes);
    CHECK(facts(*integrity).icv_bytes == row.icv_bytes);
    CHECK(facts(*integrity).salt_bytes == row.salt_bytes);
    CHECK(facts(*integrity).iv_bytes == row.iv_bytes);
  }
}

TEST_CASE("ALG-04, ALG-20: IVs are unpredictable for CBC and counted for the rest") {
  for (const CipherFacts& cipher : all_ciphers()) {
    INFO(cipher.name);
    const IvRule wanted = cipher.iv_bytes == 0             ? IvRule::None
                          : cipher.kind == CipherKind::Cbc ? IvRule::EncryptedCounter
                                                           : IvRule::Counter;
    CHECK(cipher.iv_rule == wanted);
    CHECK(cipher.counter_based() == (wanted == IvRule::Counter || cipher.implicit_iv()));
  }
}

TEST_CASE("ALG-22: what RFC 8221 discourages, NULL and Camellia must be allowed by name") {
  std::set<std::string> named;
  for (const CipherFacts& cipher : all_ciphers()) {
    if (cipher.needs_consent) named.emplace(cipher.name);
  }
  for (const IntegrityFacts& integrity : all_integrities()) {
    if (integrity.needs_consent) named.emplace(integrity.name);
  }
  CHECK(named == std::set<std::string>{"null", "des-cbc", "3des-cbc", "camellia128-cbc",
                                       "camellia192-cbc", "camellia256-cbc", "hmac-md5-96"});
  CHECK(facts(Cipher::DesCbc).standing == Standing::MustNot);
  CHECK(facts(Cipher::TripleDesCbc).standing == Standing::ShouldNot);
  CHECK(facts(Cipher::AesGcm16_128).standing == Standing::Must);
  CHECK(facts(Cipher::AesCbc192).standing == Standing::May);
  CHECK(facts(Cipher::ChaCha20Poly1305).standing == Standing::Should);
  CHECK(facts(Integrity::HmacMd5_96).standing == Standing::MustNot);
  CHECK(facts(Integrity::HmacSha256_128).standing == Standing::Must);
}

TEST_CASE("ALG-22, ESP-06: a transform needs consent for a weak half or for want of integrity") {
  CHECK_FALSE(needs_consent({Cipher::AesGcm16_128, Integrity::None}));
  CHECK_FALSE(needs_consent({Cipher::AesCbc128, Integrity::HmacSha1_96}));
  CHECK(needs_consent({Cipher::AesCbc128, Integrity::None}));
  CHECK(needs_consent({Cipher::AesCbc128, Integrity::HmacMd5_96}));
  CHECK(needs_consent({Cipher::Null, Integrity::HmacSha1_96}));
}

TEST_CASE("ARCH-15: every name is found, in full and short") {
  for (const CipherFacts& cipher : all_ciphers()) CHECK(cipher_by_name(cipher.name) == cipher.id);
  for (const IntegrityFacts& integrity : all_integrities()) {
    CHECK(integrity_by_name(integrity.name) == integrity.id);
  }
  CHECK(cipher_by_name("aes128gcm16") == Cipher::AesGcm16_128);
  CHECK(cipher_by_name("aes256ccm8") == Cipher::AesCcm8_256);
  CHECK(cipher_by_name("aes128") == Cipher::AesCbc128);
  CHECK(cipher_by_name("aes192ctr") == Cipher::AesCtr192);
  CHECK(cipher_by_name("3des") == Cipher::TripleDesCbc);
  CHECK(cipher_by_name("des") == Cipher::DesCbc);
  CHECK(cipher_by_name("chacha20poly1305") == Cipher::ChaCha20Poly1305);
  CHECK(cipher_by_name("camellia256") == Cipher::CamelliaCbc256);
  CHECK(cipher_by_name("aes128gmac") == Cipher::AesGmac128);
  CHECK(integrity_by_name("md5") == Integrity::HmacMd5_96);
  CHECK(integrity_by_name("sha1") == Integrity::HmacSha1_96);
  CHECK(integrity_by_name("sha256") == Integrity::HmacSha256_128);
  CHECK(integrity_by_name("sha384") == Integrity::HmacSha384_192);
  CHECK(integrity_by_name("sha512") == Integrity::HmacSha512_256);
  CHECK(integrity_by_name("aesxcbc") == Integrity::AesXcbc_96);
  CHECK(integrity_by_name("aescmac") == Integrity::AesCmac_96);
  for (const char* unknown : {"", "-", "aes", "aes128-gcm", "aes1289", "gcm16", "AES128", "sha"}) {
    INFO(unknown);
    CHECK_FALSE(cipher_by_name(unknown));
    CHECK_FALSE(integrity_by_name(unknown));
  }
}

TEST_CASE("ARCH-15: a transform's spelling reads back as itself") {
  for (const CipherFacts& cipher : all_ciphers()) {
    for (const IntegrityFacts& integrity : all_integrities()) {
      const Transform transform{cipher.id, integrity.id};
      if (!validate(transform)) continue;
      INFO(to_string(transform));
      CHECK(parse_transform(to_string(transform)).value() == transform);
      CHECK(icv_bytes(transform) == (cipher.combined() ? cipher.icv_bytes : integrity.icv_bytes));
    }
  }
}

TEST_CASE("ALG-19, ESP-06: which pairs may stand together") {
  CHECK(parse_transform("aes128-gcm16").value() ==
        Transform{Cipher::AesGcm16_128, Integrity::None});
  CHECK(parse_transform("aes128+sha1").value() ==
        Transform{Cipher::AesCbc128, Integrity::HmacSha1_96});
  CHECK(parse_transform("aes128-cbc+none").value() ==
        Transform{Cipher::AesCbc128, Integrity::None});
  CHECK(parse_transform("null+sha256").value() ==
        Transform{Cipher::Null, Integrity::HmacSha256_128});
  CHECK(refusal("null+none") ==
        "neither encryption nor integrity would protect the packets "
        "(name an integrity algorithm: \"null+hmac-sha256-128\")");
  CHECK(refusal("aes128-gcm16+sha1") ==
        "aes128-gcm16 makes its own ICV and takes no integrity algorithm (write \"aes128-gcm16\" "
        "alone)");
  CHECK(
      refusal("aes128") ==
      "aes128 needs an integrity algorithm beside it (for example \"aes128-cbc+hmac-sha256-128\")");
}

TEST_CASE("ALG-15: GMAC as an integrity algorithm is AH's; ESP has a cipher for it") {
  for (const char* name : {"aes128-gmac", "aes192-gmac", "aes256-gmac"}) {
    const Transform esp = parse_transform(name).value();
    CHECK(esp.cipher != Cipher::Null);
    CHECK(esp.integrity == Integrity::None);
    const Transform ah = parse_transform(name, IpsecProtocol::Ah).value();
    CHECK(ah == Transform{Cipher::Null, *integrity_by_name(name)});
    CHECK(to_string(ah, IpsecProtocol::Ah) == name);
    CHECK(counter_based(ah));
    CHECK(salt_bytes(ah) == 4);
    CHECK_FALSE(validate(ah));
  }
  CHECK(refusal("null+aes128-gmac") ==
        "aes128-gmac beside a cipher is for AH only (write \"aes128-gmac\" alone)");
}

TEST_CASE("AH-17: a transform of AH is an integrity algorithm alone") {
  for (const IntegrityFacts& integrity : all_integrities()) {
    if (integrity.id == Integrity::None) continue;
    const Transform transform{Cipher::Null, integrity.id};
    CHECK(parse_transform(integrity.name, IpsecProtocol::Ah).value() == transform);
    CHECK(to_string(transform, IpsecProtocol::Ah) == integrity.name);
  }
  CHECK(parse_transform("sha256", IpsecProtocol::Ah).value().integrity ==
        Integrity::HmacSha256_128);
  const auto refused = [](const char* text) {
    const auto transform = parse_transform(text, IpsecProtocol::Ah);
    return transform ? "" : transform.error().what;
  };
  CHECK(refused("none") == "AH without integrity protects nothing");
  CHECK(refused("null") == "AH without integrity protects nothing");
  CHECK(refused("aes128-cbc+hmac-sha1-96") == "AH does not encrypt: aes128-cbc is for ESP");
  CHECK(refused("aes256-gcm16") == "AH does not encrypt: aes256-gcm16 is for ESP");
  CHECK(refused("sha3") == "unknown integrity algorithm \"sha3\"");
}

TEST_CASE("a wrong name is answered with the nearest right one") {
  CHECK(refusal("aes128-gcm61") ==
        "unknown encryption algorithm \"aes128-gcm61\" (nearest known: \"aes128-gcm16\")");
  CHECK(refusal("chacha20") ==
        "unknown encryption algorithm \"chacha20\" (nearest known: \"chacha20-poly1305\")");
  CHECK(refusal("aes128+sha265") ==
        "unknown integrity algorithm \"sha265\" (nearest known: \"hmac-sha256-128\")");
  CHECK_FALSE(refusal("").empty());
  CHECK_FALSE(refusal("+").empty());
  CHECK_FALSE(refusal("aes128+sha1+sha1").empty());
}

TEST_CASE("ALG-02: DES weak and semi-weak keys are refused whatever their parity") {
  const auto sound = [](std::uint64_t key) {
    return validate_key(Cipher::DesCbc, octets({key})).has_value();
  };
  // FIPS 74: E(k) is its own inverse, or that of its pair's.
  for (const std::uint64_t weak :
       {0x0101010101010101u, 0xfefefefefefefefeu, 0xe0e0e0e0f1f1f1f1u, 0x1f1f1f1f0e0e0e0eu,
        0x011f011f010e010eu, 0x1f011f010e010e01u, 0x01e001e001f101f1u, 0xe001e001f101f101u,
        0x01fe01fe01fe01feu, 0xfe01fe01fe01fe01u, 0x1fe01fe00ef10ef1u, 0xe01fe01ff10ef10eu,
        0x1ffe1ffe0efe0efeu, 0xfe1ffe1ffe0efe0eu, 0xe0fee0fef1fef1feu, 0xfee0fee0fef1fef1u}) {
    CHECK_FALSE(sound(weak));
    CHECK_FALSE(sound(weak ^ 0x0101010101010101u));
    CHECK(sound(weak ^ 0x0200000000000000u));
  }
  CHECK(sound(0x0123456789abcdefu));
}

TEST_CASE("ALG-03: 3DES keys that collapse to DES are refused whatever their parity") {
  constexpr std::uint64_t kOne = 0x0123456789abcdef;
  constexpr std::uint64_t kTwo = 0x23456789abcdef01;
  constexpr std::uint64_t kThree = 0x456789abcdef0123;
  constexpr std::uint64_t kParity = 0x0100010001000100;
  const auto sound = [](std::initializer_list<std::uint64_t> key) {
    return validate_key(Cipher::TripleDesCbc, octets(key)).has_value();
  };
  CHECK(sound({kOne, kTwo, kThree}));
  CHECK(sound({kOne, kTwo, kOne}));
  CHECK_FALSE(sound({kOne, kOne, kThree}));
  CHECK_FALSE(sound({kOne, kTwo, kTwo}));
  CHECK_FALSE(sound({kOne, kOne ^ kParity, kThree}));
  CHECK_FALSE(sound({kOne, kTwo, kTwo ^ kParity}));
}

TEST_CASE("ALG-21: a key has the table's length and no other") {
  for (const CipherFacts& cipher : all_ciphers()) {
    Octets key(cipher.key_bytes);
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(7 * i + 2);
    INFO(cipher.name);
    CHECK(validate_key(cipher.id, key));
    key.push_back(1);
    CHECK_FALSE(validate_key(cipher.id, key));
  }
}

}  // namespace sallyport::algorithms_test
