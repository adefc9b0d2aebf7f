#include "crypto/ike_cipher.h"

#include <catch2/catch.hpp>

#include "tests/crypto/sealed_payloads.h"
#include "tests/support/reference_mac.h"

namespace sallyport::ike_cipher_test {

using namespace test;

namespace {

std::string refusal(const IkeCipher& cipher, const Octets& associated, const Octets& bytes) {
  const auto opened = cipher.open(associated, bytes);
  return opened ? "" : to_string(opened.error());
}

// A padded text under CBC and its ICV, made by hand: what a peer may send.
Octets cbc_by_hand(const IkeCipher& cipher, const Octets& associated, const Octets& text) {
  const Octets iv = counting(16, 77);
  const Octets key = octets(cipher.encryption_key());
  Octets out = iv;
  Octets chain = iv;
  for (std::size_t at = 0; at < text.size(); at += 16) {
    for (std::size_t i = 0; i < 16; ++i) chain[i] ^= text[at + i];
    chain = aes_block(key, chain);
    append(out, chain);
  }
  Octets covered = associated;
  append(covered, out);
  Octets icv = reference_mac(cipher.transform().integrity, cipher.integrity_key(), covered);
  icv.resize(icv_bytes(cipher.transform()));
  append(out, icv);
  return out;
}

}  // namespace

TEST_CASE("IKE-81, IALG-01: what is sealed is opened, by every cipher and at every length") {
  for (const Transform transform : all_transforms()) {
    INFO(to_string(transform));
    const IkeCipher cipher = cipher_for(transform);
    CHECK(cipher.transform() == transform);
    for (std::size_t size = 0; size < 70; ++size) {
      const Octets plain = counting(size, 200);
      const Octets bytes = sealed(cipher, kHeader, plain);
      CHECK(bytes.size() == cipher.sealed_bytes(size));
      const auto opened = cipher.open(kHeader, bytes);
      REQUIRE(opened);
      CHECK(*opened == plain);
    }
    const Octets large = counting(60000, 1);
    CHECK(cipher.open(kHeader, sealed(cipher, kHeader, large)).value() == large);
  }
}

TEST_CASE("IKE-81, IKE-82, IKE-31: any octet that was changed or lost is found") {
  for (const Transform transform : all_transforms()) {
    INFO(to_string(transform));
    const IkeCipher cipher = cipher_for(transform);
    const Octets plain = counting(21, 8);
    const Octets bytes = sealed(cipher, kHeader, plain);
    std::size_t taken = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const unsigned bit : {0x01U, 0x80U}) {
        Octets changed = bytes;
        changed[at] = static_cast<std::uint8_t>(changed[at] ^ bit);
        taken += refusal(cipher, kHeader, changed) != "the integrity check value is wrong";
      }
      const Octets cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
      taken += refusal(cipher, kHeader, cut).empty();
    }
    for (std::size_t at = 0; at < kHeader.size(); ++at) {
      Octets changed = kHeader;
      changed[at] ^= 1;
      taken += refusal(cipher, changed, bytes) != "the integrity check value is wrong";
    }
    CHECK(taken == 0);
    CHECK_FALSE(refusal(cipher, {}, bytes).empty());
    Octets longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(refusal(cipher, kHeader, longer).empty());
  }
}

TEST_CASE("IKE-81: lengths that no encrypted payload can have are refused") {
  for (const Transform transform : all_transforms()) {
    INFO(to_string(transform));
    const IkeCipher cipher = cipher_for(transform);
    for (std::size_t size = 0; size < cipher.sealed_bytes(0); ++size)
      CHECK(refusal(cipher, kHeader, Octets(size)).contains("cannot have"));
    CHECK(refusal(cipher, kHeader, Octets(cipher.sealed_bytes(0))).contains("check value"));
  }
  const IkeCipher cbc = cipher_for({Cipher::AesCbc128, Integrity::HmacSha256_128});
  CHECK(refusal(cbc, kHeader, Octets(cbc.sealed_bytes(0) + 8)).contains("cannot have 56 octets"));
}

TEST_CASE("IKE-81: any padding that fits is accepted, and more is refused") {
  const IkeCipher cipher = cipher_for({Cipher::AesCbc256, Integrity::HmacSha256_128});
  for (std::size_t padding = 0; padding < 256; ++padding) {
    if ((20 + padding + 1) % 16 != 0) continue;
    INFO(padding);
    const Octets plain = counting(20, 50);
    Octets text = plain;
    append(text, counting(padding, 123));
    text.push_back(static_cast<std::uint8_t>(padding));
    const auto opened = cipher.open(kHeader, cbc_by_hand(cipher, kHeader, text));
    REQUIRE(opened);
    CHECK(*opened == plain);
  }
  Octets text(32, 31);
  CHECK(cipher.open(kHeader, cbc_by_hand(cipher, kHeader, text)).value().empty());
  text.back() = 32;
  CHECK(refusal(cipher, kHeader, cbc_by_hand(cipher, kHeader, text)).contains("padding"));
  text.back() = 255;
  CHECK(refusal(cipher, kHeader, cbc_by_hand(cipher, kHeader, text)).contains("padding"));
}

TEST_CASE("IKE-82: combined modes accept padding too, though we send none") {
  for (const Cipher id : {Cipher::AesGcm16_128, Cipher::AesCcm12_256, Cipher::ChaCha20Poly1305}) {
    const IkeCipher cipher = cipher_for({id, Integrity::None});
    CHECK(cipher.sealed_bytes(40) - cipher.sealed_bytes(39) == 1);
  }
  const Transform transform{Cipher::AesCcm16_128, Integrity::None};
  const IkeCipher cipher = cipher_for(transform);
  const Octets all = octets(cipher.encryption_key());
  Octets iv = counting(8, 1);
  Octets nonce(all.end() - 3, all.end());
  append(nonce, iv);
  for (const unsigned padding : {1U, 3U, 39U, 40U, 255U}) {
    Octets text = counting(40, 3);
    text.push_back(static_cast<std::uint8_t>(padding));
    Octets bytes = iv;
    append(bytes, reference_ccm(Octets(all.begin(), all.end() - 3), nonce, kHeader, text, 16));
    const auto opened = cipher.open(kHeader, bytes);
    if (padding > 40) {
      CHECK_FALSE(opened);
    } else {
      REQUIRE(opened);
      CHECK(*opened == Octets(text.begin(), text.end() - 1 - padding));
    }
  }
}

TEST_CASE("IKE-81: the IV of CBC comes from the random source, that of others is the counter") {
  for (const Transform transform : all_transforms()) {
    INFO(to_string(transform));
    const IkeCipher cipher = cipher_for(transform);
    const CipherFacts& row = facts(transform.cipher);
    const Octets bytes = sealed(cipher, kHeader, counting(10, 1));
    Octets expected(row.iv_bytes);
    if (row.kind == CipherKind::Cbc) {
      FixedRandom().fill(expected);
    } else {
      store_be(expected.data(), kCounter);
    }
    CHECK(Octets(bytes.begin(), bytes.begin() + row.iv_bytes) == expected);
  }
}

TEST_CASE("IKE-81: sealed lengths, and what fits in a given room") {
  const IkeCipher cbc = cipher_for({Cipher::AesCbc128, Integrity::HmacSha256_128});
  CHECK(cbc.sealed_bytes(0) == 16 + 16 + 16);
  CHECK(cbc.sealed_bytes(15) == 16 + 16 + 16);
  CHECK(cbc.sealed_bytes(16) == 16 + 32 + 16);
  const IkeCipher des = cipher_for({Cipher::TripleDesCbc, Integrity::HmacSha1_96});
  CHECK(des.sealed_bytes(7) == 8 + 8 + 12);
  CHECK(des.sealed_bytes(8) == 8 + 16 + 12);
  const IkeCipher gcm = cipher_for({Cipher::AesGcm16_128, Integrity::None});
  CHECK(gcm.sealed_bytes(0) == 8 + 1 + 16);
  CHECK(gcm.sealed_bytes(100) == 8 + 101 + 16);
  for (const Transform transform : all_transforms()) {
    INFO(to_string(transform));
    const IkeCipher cipher = cipher_for(transform);
    for (std::size_t room = 0; room < 200; ++room) {
      const std::size_t most = cipher.most_plain_bytes(room);
      if (room < cipher.sealed_bytes(0)) {
        CHECK(most == 0);
      } else {
        CHECK(cipher.sealed_bytes(most) <= room);
        CHECK(cipher.sealed_bytes(most + 1) > room);
      }
    }
  }
}

TEST_CASE(
    "IKE-72: SK_e has the salt of combined modes and CTR, SK_a is empty with combined modes") {
  const auto bytes = [](Cipher cipher, Integrity integrity) {
    const Transform transform{cipher, integrity};
    return std::pair{IkeCipher::encryption_key_bytes(transform),
                     IkeCipher::integrity_key_bytes(transform)};
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  CHECK(bytes(Cipher::AesGcm16_256, Integrity::None) == Pair{36, 0});
  CHECK(bytes(Cipher::AesCcm16_128, Integrity::None) == Pair{19, 0});
  CHECK(bytes(Cipher::ChaCha20Poly1305, Integrity::None) == Pair{36, 0});
  CHECK(bytes(Cipher::AesCtr128, Integrity::HmacSha1_96) == Pair{20, 20});
  CHECK(bytes(Cipher::TripleDesCbc, Integrity::HmacMd5_96) == Pair{24, 16});
  CHECK(bytes(Cipher::AesCbc256, Integrity::HmacSha512_256) == Pair{32, 64});
  CHECK(bytes(Cipher::AesCbc128, Integrity::AesXcbc_96) == Pair{16, 16});
}

}  // namespace sallyport::ike_cipher_test
