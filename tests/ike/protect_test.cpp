// SK and SKF: what is sealed opens to the same, and nothing else does (IKE-81, IKE-82, IFRAG-02).
#include "ike/wire/protect.h"

#include <openssl/evp.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/crypto/sealed_payloads.h"

namespace sallyport::ike::test::protect_test {
namespace {

using sallyport::test::all_transforms;
using sallyport::test::cipher_for;
using sallyport::test::octets;

const Header kHeader{.initiator_spi = {0x0102030405060708},
                     .responder_spi = {0x1112131415161718},
                     .exchange = ExchangeType::CreateChildSa,
                     .flags = kInitiatorFlag,
                     .message_id = 7};

PayloadChain payloads_of(std::size_t bytes) {
  PayloadChain chain;
  chain.nonce(Octets(16, 0x77));
  chain.vendor_id(Octets(bytes, 0x56));
  return chain;
}

struct Sealing {
  explicit Sealing(Transform transform, std::uint64_t seed = 1)
      : cipher(cipher_for(transform)), random(seed) {}

  std::vector<Octets> seal(const PayloadChain& chain, std::size_t most_bytes = 0) {
    return Sealer(cipher, next_iv, random).seal(kHeader, chain, most_bytes);
  }
  [[nodiscard]] std::optional<Opened> open(const Octets& message) const {
    const auto header = parse_header(message);
    return header ? open_message(*header, message, cipher) : std::nullopt;
  }

  IkeCipher cipher;
  std::uint64_t next_iv{};
  FixedRandom random;
};

std::string name_of(Transform transform) {
  return std::string(facts(transform.cipher).name) + '+' +
         std::string(facts(transform.integrity).name);
}

Octets iv_of(const Octets& message, Transform transform) {
  const bool fragment = message[16] == 53;
  const auto begin = message.begin() + (fragment ? 36 : 32);
  return {begin, begin + facts(transform.cipher).iv_bytes};
}

TEST_CASE("IKE-81: what is sealed opens to the same payloads, of any length") {
  for (const Transform transform : all_transforms()) {
    CAPTURE(name_of(transform));
    Sealing sealing(transform);
    for (std::size_t bytes = 0; bytes < 40; ++bytes) {
      const PayloadChain chain = payloads_of(bytes);
      const auto datagrams = sealing.seal(chain);
      REQUIRE(datagrams.size() == 1);
      const Octets& message = datagrams.front();
      const auto header = parse_header(message);
      REQUIRE(header);
      CHECK(header->next == PayloadType::Encrypted);
      CHECK(header->message_id == 7);
      CHECK(header->exchange == ExchangeType::CreateChildSa);
      CHECK(message[28] == 40);  // the first inside: a nonce
      CHECK(message[29] == 0);
      CHECK(load_be<std::uint16_t>(&message[30]) == message.size() - kHeaderBytes);
      const auto opened = sealing.open(message);
      REQUIRE(opened);
      CHECK(opened->first == PayloadType::Nonce);
      CHECK(opened->plain == chain.bytes());
      CHECK(opened->fragment == 0);
    }
    // Without any payload: a liveness check.
    const auto empty = sealing.open(sealing.seal(PayloadChain{}).front());
    REQUIRE(empty);
    CHECK(empty->first == PayloadType::None);
    CHECK(empty->plain.empty());
  }
}

TEST_CASE("IKE-31, IKE-81, IKE-82: every flipped bit, and every octet less, is refused") {
  for (const Transform transform : all_transforms()) {
    CAPTURE(name_of(transform));
    Sealing sealing(transform);
    for (const std::size_t most_bytes : {std::size_t{0}, std::size_t{120}}) {
      const Octets good = sealing.seal(payloads_of(60), most_bytes).front();
      REQUIRE(sealing.open(good));
      unsigned taken = 0;
      for (std::size_t at = 0; at < good.size(); ++at)
        for (unsigned bit = at % 2; bit < 8; bit += 2) {
          Octets bad = good;
          bad[at] ^= static_cast<std::uint8_t>(1u << bit);
          taken += sealing.open(bad).has_value();
        }
      for (std::size_t size = kHeaderBytes; size < good.size(); ++size) {
        Octets cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        set_length(cut);
        if (cut.size() >= 32)
          store_be(&cut[30], static_cast<std::uint16_t>(cut.size() - kHeaderBytes));
        taken += sealing.open(cut).has_value();
      }
      CHECK(taken == 0);
    }
  }
}

TEST_CASE("IKE-81, IKE-82: no IV comes twice") {
  for (const Transform transform : all_transforms()) {
    CAPTURE(name_of(transform));
    Sealing sealing(transform);
    std::set<Octets> ivs;
    std::size_t datagrams = 0;
    for (unsigned i = 0; i < 20; ++i)
      for (const Octets& datagram : sealing.seal(payloads_of(150), i % 2 == 0 ? 0 : 160)) {
        ivs.insert(iv_of(datagram, transform));
        ++datagrams;
      }
    CHECK(datagrams >= 30);
    CHECK(ivs.size() == datagrams);
    CHECK(sealing.next_iv == datagrams);
  }
}

TEST_CASE("IKE-81: IVs of CBC come from the random source, not from a counter") {
  const Transform transform{Cipher::AesCbc128, Integrity::HmacSha256_128};
  Sealing one(transform, 1);
  Sealing other(transform, 2);
  CHECK(iv_of(one.seal(payloads_of(1)).front(), transform) !=
        iv_of(other.seal(payloads_of(1)).front(), transform));
}

// AES-GCM from OpenSSL; the plaintext with its padding, or nothing.
Octets gcm_open(const Octets& key_and_salt, ByteView associated, ByteView sealed) {
  const std::unique_ptr<EVP_CIPHER_CTX, sallyport::test::FreeContext> context(EVP_CIPHER_CTX_new());
  Octets nonce(key_and_salt.begin() + 16, key_and_salt.end());
  nonce.insert(nonce.end(), sealed.begin(), sealed.begin() + 8);
  Octets tag(sealed.end() - 16, sealed.end());
  const ByteView text = sealed.subspan(8, sealed.size() - 24);
  Octets plain(text.size());
  int written = 0;
  REQUIRE(EVP_DecryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key_and_salt.data(),
                             nonce.data()) == 1);
  REQUIRE(EVP_DecryptUpdate(context.get(), nullptr, &written, associated.data(),
                            static_cast<int>(associated.size())) == 1);
  REQUIRE(EVP_DecryptUpdate(context.get(), plain.data(), &written, text.data(),
                            static_cast<int>(text.size())) == 1);
  REQUIRE(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, 16, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context.get(), plain.data(), &written) != 1) return {};
  return plain;
}

TEST_CASE("IKE-82: AEAD covers header to generic header, of SKF to the total of fragments") {
  const Transform transform{Cipher::AesGcm16_128, Integrity::None};
  Sealing sealing(transform);
  const Octets key = octets(sealing.cipher.encryption_key());
  REQUIRE(key.size() == 20);
  const PayloadChain chain = payloads_of(200);
  const Octets whole = sealing.seal(chain).front();
  Octets plain = gcm_open(key, ByteView(whole).first(32), ByteView(whole).subspan(32));
  REQUIRE_FALSE(plain.empty());
  CHECK(plain.back() == plain.size() - 1 - chain.bytes().size());  // pad length
  plain.resize(chain.bytes().size());
  CHECK(plain == chain.bytes());
  for (const Octets& part : sealing.seal(chain, 150))
    CHECK_FALSE(gcm_open(key, ByteView(part).first(36), ByteView(part).subspan(36)).empty());
}

TEST_CASE("IFRAG-02: fragments have numbers, a total, and the first payload's type in the first") {
  for (const Transform transform : all_transforms()) {
    CAPTURE(name_of(transform));
    Sealing sealing(transform);
    const PayloadChain chain = payloads_of(900);
    const auto datagrams = sealing.seal(chain, 300);
    REQUIRE(datagrams.size() > 3);
    Octets joined;
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
      const Octets& part = datagrams[i];
      CHECK(part.size() <= 300);
      CHECK(part[16] == 53);
      CHECK(part[28] == (i == 0 ? 40 : 0));
      CHECK(load_be<std::uint16_t>(&part[32]) == i + 1);
      CHECK(load_be<std::uint16_t>(&part[34]) == datagrams.size());
      CHECK(parse_header(part)->message_id == 7);
      const auto opened = sealing.open(part);
      REQUIRE(opened);
      CHECK(opened->fragment == i + 1);
      CHECK(opened->fragments == datagrams.size());
      CHECK(opened->first == (i == 0 ? PayloadType::Nonce : PayloadType::None));
      joined.insert(joined.end(), opened->plain.begin(), opened->plain.end());
    }
    CHECK(joined == chain.bytes());
    // All but the last are full: what is smaller by one block would not do.
    CHECK(datagrams.front().size() > 300 - 16);
  }
}

TEST_CASE("IFRAG-02: what fits is not cut") {
  Sealing sealing({Cipher::AesGcm16_128, Integrity::None});
  const std::size_t size = sealing.seal(payloads_of(100)).front().size();
  CHECK(sealing.seal(payloads_of(100), size).size() == 1);
  CHECK(sealing.seal(payloads_of(100), size).front()[16] == 46);
  CHECK(sealing.seal(payloads_of(100), size - 1).size() == 2);
}

// A fragment that the peer itself has sealed, with numbers as we like.
Octets forged(Sealing& sealing, std::uint16_t number, std::uint16_t total) {
  Header header = kHeader;
  header.next = PayloadType::EncryptedFragment;
  const Octets plain(20, 0x33);
  const auto payload = static_cast<std::uint16_t>(8 + sealing.cipher.sealed_bytes(plain.size()));
  header.length = static_cast<std::uint32_t>(kHeaderBytes + payload);
  Octets message;
  write_header(message, header);
  message.resize(36);
  store_be(&message[30], payload);
  store_be(&message[32], number);
  store_be(&message[34], total);
  sealing.cipher.seal(message, plain, sealing.next_iv++, sealing.random);
  return message;
}

TEST_CASE("IFRAG-02: impossible numbers of fragments are refused though their ICV is right") {
  Sealing sealing({Cipher::AesGcm16_128, Integrity::None});
  CHECK(sealing.open(forged(sealing, 1, 1)));
  CHECK(sealing.open(forged(sealing, 3, 3)));
  CHECK_FALSE(sealing.open(forged(sealing, 0, 3)));
  CHECK_FALSE(sealing.open(forged(sealing, 4, 3)));
  CHECK_FALSE(sealing.open(forged(sealing, 0, 0)));
  CHECK_FALSE(sealing.open(forged(sealing, 1, 0)));
}

TEST_CASE("IKE-31: a message without SK or SKF at its end is refused") {
  Sealing sealing({Cipher::AesGcm16_128, Integrity::None});
  Octets clear;
  write_header(clear, kHeader);
  set_length(clear);
  CHECK_FALSE(sealing.open(clear));
  Header header = kHeader;
  header.next = PayloadType::Nonce;
  clear.clear();
  write_header(clear, header);
  const PayloadChain chain = payloads_of(4);
  clear.insert(clear.end(), chain.bytes().begin(), chain.bytes().end());
  set_length(clear);
  CHECK_FALSE(sealing.open(clear));
}

}  // namespace
}  // namespace sallyport::ike::test::protect_test
