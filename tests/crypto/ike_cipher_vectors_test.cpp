#include "crypto/ike_cipher.h"

#include <catch2/catch.hpp>

#include "tests/crypto/sealed_payloads.h"
#include "tests/support/reference_mac.h"

namespace sallyport::ike_cipher_vectors_test {

using namespace test;

TEST_CASE("IKE-82: RFC 7634's IKE message, ChaCha20-Poly1305") {
  Octets key = octets("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
  append(key, octets("a0a1a2a3"));
  const IkeCipher cipher({Cipher::ChaCha20Poly1305, Integrity::None}, key, {});
  const Octets associated =
      octets("c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029");
  const Octets plain = octets("0000000c000040010000000a");
  const Octets expected =
      octets("1011121314151617 61039470 1f8d017f 7c129248 89 6b71bfe2 5236efd7 cdc67066 906315b2");
  CHECK(sealed(cipher, associated, plain, 0x1011121314151617) == expected);
  CHECK(cipher.open(associated, expected).value() == plain);
}

TEST_CASE("IKE-82: the GCM specification's cases 2, 8 and 14, AES-GCM of zeros") {
  struct Row {
    Cipher cipher;
    const char* sealed;
  };
  // A text of 16 zeros is 15 octets of payload and a pad length of 0.
  constexpr Row kRows[] = {
      {Cipher::AesGcm16_128, "0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"},
      {Cipher::AesGcm16_192, "98e7247c07f0fe411c267e4384b0f600 2ff58d80033927ab8ef4d4587514f0fb"},
      {Cipher::AesGcm16_256, "cea7403d4d606b6e074ec5d3baf39d18 d0d1c8a799996bf0265b98b5d48ab919"}};
  for (const Row& row : kRows) {
    const Transform transform{row.cipher, Integrity::None};
    const IkeCipher cipher(transform, Octets(IkeCipher::encryption_key_bytes(transform)), {});
    Octets expected(8);
    append(expected, octets(row.sealed));
    CHECK(sealed(cipher, {}, Octets(15), 0) == expected);
    CHECK(cipher.open({}, expected).value() == Octets(15));
  }
}

TEST_CASE("IKE-82: draft-mcgrew-gcm-test-01's packets, AES-GCM with associated data and padding") {
  std::size_t opened = 0;
  for (const test::VectorCase& vector : test::read_vectors("esp/gcm.txt")) {
    const Transform transform = parse_transform(vector.values.at("transform")).value();
    if (facts(transform.cipher).kind != CipherKind::Gcm) continue;
    INFO(vector.name);
    Octets key = vector.at("key");
    append(key, vector.at("salt"));
    const IkeCipher cipher(transform, key, {});
    Octets associated = vector.at("header");
    if (vector.has("sequence-high")) {
      const Octets high = vector.at("sequence-high");
      associated.insert(associated.begin() + 4, high.begin(), high.end());
    }
    Octets bytes = vector.at("iv");
    append(bytes, vector.at("sealed"));
    // ESP's last octet, the next header, is IKE's pad length.
    const Octets text = vector.at("text");
    const std::size_t padding = std::size_t{text.back()} + 1;
    const auto plain = cipher.open(associated, bytes);
    if (padding > text.size()) {
      CHECK_FALSE(plain);
      continue;
    }
    REQUIRE(plain);
    CHECK(*plain == Octets(text.begin(), text.end() - static_cast<std::ptrdiff_t>(padding)));
    ++opened;
  }
  CHECK(opened >= 3);
}

TEST_CASE("IKE-82: AES-CCM from first principles (RFC 3610, RFC 5282)") {
  std::size_t checked = 0;
  for (const CipherFacts& row : all_ciphers()) {
    if (row.kind != CipherKind::Ccm || !protects_ike(row.id)) continue;
    INFO(row.name);
    const IkeCipher cipher = cipher_for({row.id, Integrity::None});
    const Octets all = octets(cipher.encryption_key());
    const Octets key(all.begin(), all.end() - 3);
    Octets iv(8);
    store_be(iv.data(), kCounter);
    Octets nonce(all.end() - 3, all.end());
    append(nonce, iv);
    for (const std::size_t size : {0, 1, 15, 16, 200}) {
      const Octets plain = counting(size, 9);
      Octets text = plain;
      text.push_back(0);
      for (const Octets& associated : {kHeader, Octets{}}) {
        Octets expected = iv;
        append(expected, reference_ccm(key, nonce, associated, text, row.icv_bytes));
        CHECK(sealed(cipher, associated, plain) == expected);
        CHECK(cipher.open(associated, expected).value() == plain);
        ++checked;
      }
    }
  }
  CHECK(checked == 90);
}

TEST_CASE("IALG-06: RFC 3686's vectors, AES-CTR counts from 1 behind salt and IV") {
  struct Row {
    Cipher cipher;
    const char *key, *salt;
    std::uint64_t iv;
    const char* text;
    const char* ciphertext;
  };
  // Text and ciphertext give the key stream, and zeros let it show: 15 and a pad length of 0.
  constexpr Row kRows[] = {
      {Cipher::AesCtr128, "ae6852f8121067cc4bf7a5765577f39e", "00000030", 0,
       "53696e676c6520626c6f636b206d7367", "e4095d4fb7a7b3792d6175a3261311b8"},
      {Cipher::AesCtr192, "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515", "00000048",
       0x36733c147d6d93cb, "53696e676c6520626c6f636b206d7367", "4b55384fe259c9c84e7935a003cbe928"},
      {Cipher::AesCtr256, "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104",
       "00000060", 0xdb5672c97aa8f0b2, "53696e676c6520626c6f636b206d7367",
       "145ad01dbf824ec7560863dc71e3e0c0"}};
  for (const Row& row : kRows) {
    Octets key = octets(row.key);
    append(key, octets(row.salt));
    const Octets integrity_key = counting(32, 5);
    const IkeCipher cipher({row.cipher, Integrity::HmacSha256_128}, key, integrity_key);
    Octets expected(8);
    store_be(expected.data(), row.iv);
    Octets stream = octets(row.text);
    const Octets ciphertext = octets(row.ciphertext);
    for (std::size_t i = 0; i < 16; ++i) stream[i] ^= ciphertext[i];
    append(expected, stream);
    Octets covered = kHeader;
    append(covered, expected);
    Octets icv = reference_mac(Integrity::HmacSha256_128, integrity_key, covered);
    icv.resize(16);
    append(expected, icv);
    CHECK(sealed(cipher, kHeader, Octets(15), row.iv) == expected);
    CHECK(cipher.open(kHeader, expected).value() == Octets(15));
  }
}

TEST_CASE("IKE-81: RFC 3602's fourth block, AES-CBC whose text is padding throughout") {
  const IkeCipher cipher({Cipher::AesCbc128, Integrity::HmacSha1_96},
                         octets("c286696d887c9aa0611bbb3e2025a45a"), Octets(20, 0x0b));
  Octets bytes = octets("562e17996d093d28ddb3ba695a2e6f58");
  append(bytes, octets("d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"));
  Octets covered = kHeader;
  append(covered, bytes);
  Octets icv = reference_mac(Integrity::HmacSha1_96, Octets(20, 0x0b), covered);
  icv.resize(12);
  append(bytes, icv);
  CHECK(cipher.open(kHeader, bytes).value().empty());
}

}  // namespace sallyport::ike_cipher_vectors_test
