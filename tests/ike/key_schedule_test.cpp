// Keys of IKE SAs and children against NIST's vectors, and against the RFC's formulas written once
// more over one-shot MACs of OpenSSL (IKE-70..80).
#include "ike/key_schedule.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <catch2/catch.hpp>

#include "tests/crypto/octets.h"
#include "tests/crypto/sealed_payloads.h"

namespace sallyport::ike::test::key_schedule_test {
namespace {

using sallyport::test::counting;
using sallyport::test::octets;
using sallyport::test::read_vectors;
using sallyport::test::text_view;

Octets join(std::initializer_list<Octets> parts) {
  Octets all;
  for (const Octets& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Octets hmac(const EVP_MD* digest, const Octets& key, const Octets& data) {
  Octets out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  REQUIRE(HMAC(digest, key.data(), static_cast<int>(key.size()), data.data(), data.size(),
               out.data(), &size) != nullptr);
  out.resize(size);
  return out;
}

Octets cmac(const Octets& key, const Octets& data) {
  Octets out(16);
  std::size_t size = 0;
  REQUIRE(EVP_Q_mac(nullptr, "CMAC", nullptr, "AES-128-CBC", nullptr, key.data(), key.size(),
                    data.data(), data.size(), out.data(), out.size(), &size) != nullptr);
  return out;
}

// AES-XCBC-PRF-128 of keys of 16 octets (RFC 3566 4).
Octets xcbc(const Octets& key, const Octets& data) {
  using sallyport::test::aes_block;
  const auto subkey = [&](std::uint8_t with) { return aes_block(key, Octets(16, with)); };
  const Octets main = subkey(1);
  Octets state(16);
  std::size_t at = 0;
  for (; at + 16 < data.size(); at += 16) {
    for (std::size_t i = 0; i < 16; ++i) state[i] ^= data[at + i];
    state = aes_block(main, state);
  }
  const bool full = data.size() - at == 16;
  Octets last(data.begin() + static_cast<std::ptrdiff_t>(at), data.end());
  if (!full) last.push_back(0x80);
  last.resize(16);
  const Octets mask = subkey(full ? 2 : 3);
  for (std::size_t i = 0; i < 16; ++i) state[i] ^= static_cast<std::uint8_t>(last[i] ^ mask[i]);
  return aes_block(main, state);
}

Octets reference_prf(Prf prf, const Octets& key, const Octets& data) {
  switch (prf) {
    case Prf::HmacMd5:
      return hmac(EVP_md5(), key, data);
    case Prf::HmacSha1:
      return hmac(EVP_sha1(), key, data);
    case Prf::HmacSha256:
      return hmac(EVP_sha256(), key, data);
    case Prf::HmacSha384:
      return hmac(EVP_sha384(), key, data);
    case Prf::HmacSha512:
      return hmac(EVP_sha512(), key, data);
    case Prf::AesXcbc:
      return xcbc(key, data);
    case Prf::AesCmac:
      return cmac(key, data);
  }
  return {};
}

Octets reference_prf_plus(Prf prf, const Octets& key, const Octets& seed, std::size_t bytes) {
  Octets all;
  Octets block;
  for (std::uint8_t round = 1; all.size() < bytes; ++round) {
    block = reference_prf(prf, key, join({block, seed, Octets{round}}));
    all.insert(all.end(), block.begin(), block.end());
  }
  all.resize(bytes);
  return all;
}

const Octets kNi = counting(20, 0x10);
const Octets kNr = counting(33, 0x80);
const Octets kSpis{1, 2, 3, 4, 5, 6, 7, 8, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8};
const Octets kSecret = counting(32, 0xe0);
const Octets kNewSecret = counting(48, 0x05);

KeyInputs inputs() {
  return {.initiator_nonce = kNi,
          .responder_nonce = kNr,
          .initiator_spi = {0x0102030405060708},
          .responder_spi = {0xa1a2a3a4a5a6a7a8}};
}

// All keys as prf+ gave them.
Octets in_order(const IkeKeys& keys) {
  return join({octets(keys.d.view()), octets(keys.initiator.integrity_key()),
               octets(keys.responder.integrity_key()), octets(keys.initiator.encryption_key()),
               octets(keys.responder.encryption_key()), octets(keys.p_initiator.view()),
               octets(keys.p_responder.view())});
}

Octets in_order(const ChildKeys& keys, bool salt_last = false) {
  Octets all;
  for (const ChildKeys::Half* const half : {&keys.to_responder, &keys.to_initiator})
    all = salt_last ? join({all, octets(half->cipher.view()), octets(half->integrity.view()),
                            octets(half->salt.view())})
                    : join({all, octets(half->cipher.view()), octets(half->salt.view()),
                            octets(half->integrity.view())});
  return all;
}

TEST_CASE("IKE-71, IKE-72, IKE-78, IKE-79, IKE-80: NIST's vectors") {
  const auto cases = read_vectors("ike/key_schedule.txt");
  REQUIRE_FALSE(cases.empty());
  for (const auto& one : cases) {
    const Octets ni = one.at("ni");
    const Octets nr = one.at("nr");
    const KeyInputs its{.initiator_nonce = ni,
                        .responder_nonce = nr,
                        .initiator_spi = {load_be<std::uint64_t>(one.at("spi_i").data())},
                        .responder_spi = {load_be<std::uint64_t>(one.at("spi_r").data())}};
    const Suite suite{{Cipher::AesCbc128, Integrity::HmacSha1_96}, Prf::HmacSha1, Group::Modp2048};
    // 20 + 2 * 20 + 2 * 16 + 2 * 20: as many as the vector has.
    const IkeKeys keys = derive_keys(suite, one.at("gir"), its);
    CHECK(in_order(keys) == one.at("dkm"));

    const Transform child{Cipher::AesCbc256, Integrity::HmacSha256_128};
    for (const auto& [secret, expected] : {std::pair{Octets{}, one.at("dkm_child")},
                                           std::pair{one.at("gir_new"), one.at("dkm_child_dh")}}) {
      const ChildKeys made = derive_child_keys(Prf::HmacSha1, keys.d.view(), secret, its, child);
      CHECK(in_order(made) == Octets(expected.begin(), expected.begin() + 128));
    }

    const IkeKeys rekeyed =
        derive_rekeyed(suite, Prf::HmacSha1, keys.d.view(), one.at("gir_new"), its);
    CHECK(in_order(rekeyed) == reference_prf_plus(Prf::HmacSha1, one.at("skeyseed_rekey"),
                                                  join({ni, nr, one.at("spi_i"), one.at("spi_r")}),
                                                  132));
  }
}

TEST_CASE("IKE-71, IKE-72, IKE-73: keys of a new IKE SA, with every PRF and transform") {
  for (const PrfFacts& row : all_prfs())
    for (const Transform transform : sallyport::test::all_transforms()) {
      CAPTURE(row.name, facts(transform.cipher).name, facts(transform.integrity).name);
      const bool fixed = row.id == Prf::AesXcbc || row.id == Prf::AesCmac;
      const Octets key =
          fixed ? join({Octets(kNi.begin(), kNi.begin() + 8), Octets(kNr.begin(), kNr.begin() + 8)})
                : join({kNi, kNr});
      const Octets skeyseed = reference_prf(row.id, key, kSecret);
      const CipherFacts& cipher = facts(transform.cipher);
      const std::size_t e = std::size_t{cipher.key_bytes} + cipher.salt_bytes;
      const std::size_t a = facts(transform.integrity).key_bytes;
      const std::size_t p = skeyseed.size();
      const IkeKeys keys = derive_keys({transform, row.id, Group::Curve25519}, kSecret, inputs());
      CHECK(keys.d.size() == p);
      CHECK(keys.p_initiator.size() == p);
      CHECK(keys.p_responder.size() == p);
      CHECK(keys.initiator.encryption_key().size() == e);
      CHECK(keys.initiator.integrity_key().size() == a);
      CHECK(in_order(keys) ==
            reference_prf_plus(row.id, skeyseed, join({kNi, kNr, kSpis}), 3 * p + 2 * a + 2 * e));
    }
}

TEST_CASE("IKE-72: octets of salt that end SK_e") {
  CHECK(IkeCipher::encryption_key_bytes({Cipher::AesGcm16_256, Integrity::None}) == 36);
  CHECK(IkeCipher::encryption_key_bytes({Cipher::ChaCha20Poly1305, Integrity::None}) == 36);
  CHECK(IkeCipher::encryption_key_bytes({Cipher::AesCcm16_128, Integrity::None}) == 19);
  CHECK(IkeCipher::encryption_key_bytes({Cipher::AesCbc256, Integrity::HmacSha256_128}) == 32);
  CHECK(IkeCipher::integrity_key_bytes({Cipher::AesGcm16_256, Integrity::None}) == 0);
  CHECK(IkeCipher::integrity_key_bytes({Cipher::AesCbc256, Integrity::HmacSha512_256}) == 64);
}

TEST_CASE("IKE-75: leading zeros of the shared secret count") {
  Octets secret = kSecret;
  secret[0] = 0;
  const Suite suite{{Cipher::AesGcm16_128, Integrity::None}, Prf::HmacSha256, Group::Curve25519};
  const Octets seed = reference_prf(Prf::HmacSha256, join({kNi, kNr}), secret);
  const IkeKeys keys = derive_keys(suite, secret, inputs());
  CHECK(octets(keys.d.view()) ==
        reference_prf_plus(Prf::HmacSha256, seed, join({kNi, kNr, kSpis}), 32));
}

TEST_CASE("IKE-80: a rekeyed IKE SA's seed is by the old PRF, its keys by the new one") {
  for (const PrfFacts& old : all_prfs())
    for (const PrfFacts& fresh : all_prfs()) {
      CAPTURE(old.name, fresh.name);
      const Octets old_d = counting(old.key_bytes, 0x31);
      const Transform transform{Cipher::AesCbc128, Integrity::HmacSha256_128};
      const IkeKeys keys =
          derive_rekeyed({transform, fresh.id, Group::Ecp384}, old.id, old_d, kNewSecret, inputs());
      const Octets skeyseed = reference_prf(old.id, old_d, join({kNewSecret, kNi, kNr}));
      // What the new PRF makes of a key of the old one's length is crypto/prf's (IKE-74).
      const std::size_t bytes = 3u * fresh.key_bytes + 2 * 32 + 2 * 16;
      const bool fits = fresh.id != Prf::AesXcbc && fresh.id != Prf::AesCmac;
      if (fits || skeyseed.size() == 16)
        CHECK(in_order(keys) ==
              reference_prf_plus(fresh.id, skeyseed, join({kNi, kNr, kSpis}), bytes));
      CHECK(in_order(keys) ==
            octets(prf_plus(fresh.id, skeyseed, {kNi, kNr, kSpis}, bytes).view()));
    }
}

TEST_CASE("IKE-78, IKE-79: keys of a child, with every transform of ESP") {
  const Octets d = counting(32, 0x42);
  for (const CipherFacts& cipher : all_ciphers())
    for (const IntegrityFacts& integrity : all_integrities()) {
      if (integrity.ah_only() || (cipher.combined() != (integrity.id == Integrity::None))) continue;
      CAPTURE(cipher.name, integrity.name);
      const std::size_t half =
          std::size_t{cipher.key_bytes} + cipher.salt_bytes + integrity.key_bytes;
      const Transform transform{cipher.id, integrity.id};
      for (const Octets& secret : {Octets{}, kNewSecret}) {
        const ChildKeys keys = derive_child_keys(Prf::HmacSha256, d, secret, inputs(), transform);
        CHECK(keys.to_responder.cipher.size() == cipher.key_bytes);
        CHECK(keys.to_responder.salt.size() == cipher.salt_bytes);
        CHECK(keys.to_responder.integrity.size() == integrity.key_bytes);
        CHECK(in_order(keys) ==
              reference_prf_plus(Prf::HmacSha256, d, join({secret, kNi, kNr}), 2 * half));
      }
    }
}

TEST_CASE("IKE-79: in AH the key comes first, and a salt behind it") {
  const Octets d = counting(32, 0x42);
  const auto material = [&](std::size_t bytes) {
    return reference_prf_plus(Prf::HmacSha256, d, join({kNi, kNr}), bytes);
  };
  const ChildKeys plain = derive_child_keys(Prf::HmacSha256, d, {}, inputs(),
                                            {Cipher::Null, Integrity::HmacSha256_128});
  CHECK(in_order(plain) == material(64));
  const ChildKeys gmac =
      derive_child_keys(Prf::HmacSha256, d, {}, inputs(), {Cipher::Null, Integrity::AesGmac256});
  CHECK(gmac.to_initiator.integrity.size() == 32);
  CHECK(gmac.to_initiator.salt.size() == 4);
  CHECK(in_order(gmac, true) == material(72));
}

TEST_CASE("IKE-76: AUTH covers the first message, the other's nonce and prf(SK_p, ID)") {
  const Octets message = counting(100, 3);
  const Octets p = counting(32, 9);
  const Octets id = octets("02000000 6578616d706c65");
  CHECK(signed_octets(Prf::HmacSha256, message, kNr, p, id) ==
        join({message, kNr, reference_prf(Prf::HmacSha256, p, id)}));
}

TEST_CASE("IKE-77: AUTH by a shared key") {
  const Octets secret = octets(text_view("a secret of some length"));
  const Octets pad = octets(text_view("Key Pad for IKEv2"));
  REQUIRE(pad.size() == 17);
  const Octets covered = counting(150, 3);
  for (const Prf prf :
       {Prf::HmacMd5, Prf::HmacSha1, Prf::HmacSha256, Prf::HmacSha384, Prf::HmacSha512})
    CHECK(octets(shared_key_auth(prf, secret, covered).view()) ==
          reference_prf(prf, reference_prf(prf, secret, pad), covered));
  const Octets sixteen = counting(16, 1);
  for (const Prf prf : {Prf::AesXcbc, Prf::AesCmac})
    CHECK(octets(shared_key_auth(prf, sixteen, covered).view()) ==
          reference_prf(prf, reference_prf(prf, sixteen, pad), covered));
}

TEST_CASE("A suite is spelled as the operator writes it") {
  CHECK(to_string(
            Suite{{Cipher::AesGcm16_128, Integrity::None}, Prf::HmacSha256, Group::Curve25519}) ==
        "aes128-gcm16+prf-hmac-sha256+curve25519");
}

}  // namespace
}  // namespace sallyport::ike::test::key_schedule_test
