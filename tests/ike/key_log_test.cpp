// The key log: what Wireshark is told opens what is on the wire (IKE-71, IKE-83).
#include "ike/key_log.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/ike/two_peers.h"

namespace sallyport::ike::test::key_log_test {
namespace {

using Fields = std::vector<std::string>;

// Of a line without commas within its fields, as is every line of ours; quotes are left out.
Fields fields_of(std::string line) {
  REQUIRE(line.ends_with('\n'));
  line.pop_back();
  Fields fields;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, ',');) {
    std::erase(field, '"');
    fields.push_back(field);
  }
  return fields;
}

std::string text_of(const std::optional<SecretBytes>& line) {
  REQUIRE(line);
  return {line->view().begin(), line->view().end()};
}

Octets unhex(const std::string& digits) {
  REQUIRE(digits.size() % 2 == 0);
  Octets octets;
  for (std::size_t at = 0; at < digits.size(); at += 2)
    octets.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(at, 2), nullptr, 16)));
  return octets;
}

std::string hex(ByteView octets) {
  std::string digits;
  for (const std::uint8_t octet : octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    digits += {kDigits[octet >> 4], kDigits[octet & 15]};
  }
  return digits;
}

// An IKE message: header, generic header of SK, IV, ciphertext, ICV.
constexpr std::size_t kBeforeIv = 32;

struct Context {
  EVP_CIPHER_CTX* context{EVP_CIPHER_CTX_new()};
  Context() = default;
  ~Context() { EVP_CIPHER_CTX_free(context); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

// What somebody who has the line sees of the message: RFC 5282 with OpenSSL, and nothing of ours.
Octets opened_gcm(ByteView message, ByteView key_and_salt) {
  constexpr std::size_t kIv = 8;
  constexpr int kIcv = 16;
  constexpr std::size_t kSalt = 4;
  const std::size_t key = key_and_salt.size() - kSalt;
  Octets nonce = to_octets(key_and_salt.last(kSalt));
  const ByteView iv = message.subspan(kBeforeIv, kIv);
  nonce.insert(nonce.end(), iv.begin(), iv.end());
  const ByteView text = message.first(message.size() - kIcv).subspan(kBeforeIv + kIv);
  Octets icv = to_octets(message.last(kIcv));
  Octets plain(text.size());
  const Context own;
  EVP_CIPHER_CTX* const context = own.context;
  int written = 0;
  REQUIRE(EVP_DecryptInit_ex2(context, key == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm(),
                              key_and_salt.data(), nonce.data(), nullptr) == 1);
  REQUIRE(EVP_DecryptUpdate(context, nullptr, &written, message.data(), kBeforeIv) == 1);
  REQUIRE(EVP_DecryptUpdate(context, plain.data(), &written, text.data(),
                            static_cast<int>(text.size())) == 1);
  REQUIRE(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kIcv, icv.data()) == 1);
  REQUIRE(EVP_DecryptFinal_ex(context, plain.data(), &written) == 1);
  return plain;
}

// RFC 7296 3.14: AES-CBC with HMAC-SHA-256-128 over all but the ICV.
Octets opened_cbc(ByteView message, ByteView key, ByteView integrity_key) {
  constexpr std::size_t kIv = 16;
  constexpr std::size_t kIcv = 16;
  const ByteView covered = message.first(message.size() - kIcv);
  Octets icv(EVP_MAX_MD_SIZE);
  unsigned icv_bytes = 0;
  REQUIRE(HMAC(EVP_sha256(), integrity_key.data(), static_cast<int>(integrity_key.size()),
               covered.data(), covered.size(), icv.data(), &icv_bytes) != nullptr);
  REQUIRE(std::ranges::equal(message.last(kIcv), ByteView(icv).first(kIcv)));
  const ByteView iv = message.subspan(kBeforeIv, kIv);
  const ByteView text = covered.subspan(kBeforeIv + kIv);
  Octets plain(text.size() + kIv);
  const Context own;
  int written = 0;
  REQUIRE(EVP_DecryptInit_ex2(own.context, key.size() == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc(),
                              key.data(), iv.data(), nullptr) == 1);
  REQUIRE(EVP_CIPHER_CTX_set_padding(own.context, 0) == 1);
  REQUIRE(EVP_DecryptUpdate(own.context, plain.data(), &written, text.data(),
                            static_cast<int>(text.size())) == 1);
  plain.resize(static_cast<std::size_t>(written));
  return plain;
}

void use_suite(TwoPeers& two, std::string_view proposal) {
  for (Node* const node : {&two.alice, &two.bob}) {
    Peer peer = *node->pad().entries().front();
    peer.proposals = {parse_ike_proposal(proposal).value()};
    node->set_peers({std::move(peer)});
  }
}

// The two messages of IKE_AUTH as they cross the wire.
struct Wire {
  Octets request;
  Octets response;
};
Wire authenticate(TwoPeers& two) {
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  Wire wire{two.alice.sent.front().message, {}};
  REQUIRE(two.deliver(two.alice));
  wire.response = two.bob.sent.front().message;
  two.settle();
  REQUIRE(two.traffic_flows());
  return wire;
}

bool contains(const Octets& plain, std::string_view text) {
  return std::ranges::search(plain, text, [](std::uint8_t left, char right) {
           return left == static_cast<std::uint8_t>(right);
         }).begin() != plain.end();
}

std::uint8_t exchange_of(const Octets& message) { return message.at(18); }

}  // namespace

TEST_CASE("IKE-83, IKE-71: the keys of a line open IKE_AUTH, both ways: AES-GCM") {
  TwoPeers two;
  const Wire wire = authenticate(two);
  REQUIRE(two.alice.key_lines.size() == 1);
  CHECK(two.bob.key_lines == two.alice.key_lines);
  const Fields line = fields_of(two.alice.key_lines[0]);
  REQUIRE(line.size() == 8);
  CHECK(unhex(line[0]) == to_octets(ByteView(wire.request).first(8)));
  CHECK(unhex(line[1]) == to_octets(ByteView(wire.request).subspan(8, 8)));
  CHECK(line[4] == "AES-GCM-128 with 16 octet ICV [RFC5282]");
  CHECK(line[5].empty());
  CHECK(line[6].empty());
  CHECK(line[7] == "NONE [RFC4306]");
  REQUIRE(exchange_of(wire.request) == 35);
  CHECK(contains(opened_gcm(wire.request, unhex(line[2])), "alice.example.org"));
  CHECK(contains(opened_gcm(wire.response, unhex(line[3])), "bob.example.org"));
}

TEST_CASE("IKE-83, IKE-71: the keys of a line open IKE_AUTH, both ways: AES-CBC and HMAC") {
  TwoPeers two;
  use_suite(two, "aes256-cbc+hmac-sha256-128+prf-hmac-sha256+curve25519");
  const Wire wire = authenticate(two);
  const Fields line = fields_of(two.bob.key_lines.at(0));
  REQUIRE(line.size() == 8);
  CHECK(line[4] == "AES-CBC-256 [RFC3602]");
  CHECK(line[7] == "HMAC_SHA2_256_128 [RFC4868]");
  CHECK(contains(opened_cbc(wire.request, unhex(line[2]), unhex(line[5])), "alice.example.org"));
  CHECK(contains(opened_cbc(wire.response, unhex(line[3]), unhex(line[6])), "bob.example.org"));
}

TEST_CASE("IKE-83: a rekeyed IKE SA has a line of its own") {
  TwoPeers two;
  static_cast<void>(authenticate(two));
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  two.settle();
  REQUIRE(two.alice.key_lines.size() == 2);
  CHECK(two.bob.key_lines == two.alice.key_lines);
  CHECK(fields_of(two.alice.key_lines[1])[0] ==
        fmt::format("{:016x}", two.alice.only().initiator_spi.value));
}

TEST_CASE("IKE-83: an IKE SA whose peer never proves itself has its line all the same") {
  TwoPeers two;
  two.bob.set_peers({psk_peer("alice", "alice.example.org", "bob.example.org", "another secret")});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.bob.up().empty());
  CHECK(two.bob.key_lines.size() == 1);
}

TEST_CASE("IKE-83: an ESP SA's line has what the SA has, source first") {
  TwoPeers two;
  static_cast<void>(authenticate(two));
  const Sa* const sa = two.alice.installer.outbound("net");
  REQUIRE(sa != nullptr);
  const std::string line = text_of(esp_key_line(*sa));
  CHECK(line == fmt::format("\"IPv4\",\"203.0.113.1\",\"203.0.113.2\",\"0x{:08x}\","
                            "\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x{}{}\",\"NULL\",\"0x\"\n",
                            sa->spi.value, hex(sa->cipher_key.view()), hex(sa->salt.view())));
  // Its twin at the other end is the same SA.
  bool found = false;
  for (const auto& [name, twin] : two.bob.installer.sas)
    found |= is_twin(*sa, twin) && text_of(esp_key_line(twin)) == line;
  CHECK(found);
}

TEST_CASE("IKE-83: every algorithm has the name that Wireshark has for it, or no line") {
  Sa sa;
  sa.endpoints = {Address::parse("2001:db8::1").value(), Address::parse("2001:db8::2").value()};
  const auto names = [&](std::string_view transform) {
    sa.transform = parse_transform(transform).value();
    const auto line = esp_key_line(sa);
    if (!line) return std::string("none");
    const Fields fields = fields_of(text_of(line));
    return fields.at(0) + ' ' + fields.at(4) + ' ' + fields.at(6);
  };
  CHECK(names("aes192-cbc+hmac-sha512-256") == "IPv6 AES-CBC [RFC3602] HMAC-SHA-512-256 [RFC4868]");
  CHECK(names("null+hmac-sha1-96") == "IPv6 NULL HMAC-SHA-1-96 [RFC2404]");
  CHECK(names("3des-cbc+hmac-md5-96") == "IPv6 TripleDES-CBC [RFC2451] HMAC-MD5-96 [RFC2403]");
  CHECK(names("aes256-ctr+hmac-sha384-192") == "IPv6 AES-CTR [RFC3686] HMAC-SHA-384-192 [RFC4868]");
  CHECK(names("aes128-cbc+aes-xcbc-96") ==
        "IPv6 AES-CBC [RFC3602] ANY 96 bit authentication [no checking]");
  CHECK(names("aes256-gcm8") == "IPv6 AES-GCM with 8 octet ICV [RFC4106] NULL");
  CHECK(names("chacha20-poly1305") == "IPv6 ChaCha20 with Poly1305 [RFC7634] NULL");
  CHECK(names("aes128-ccm16") == "none");
  CHECK(names("camellia128-cbc+hmac-sha256-128") == "none");
  sa.protocol = IpsecProtocol::Ah;
  CHECK(names("null+hmac-sha256-128") == "none");
}

TEST_CASE("IKE-83: no keys, no line") {
  CHECK_FALSE(ike_key_line(IkeSa{}));
  IkeSa sa;
  sa.suite.transform.cipher = Cipher::ChaCha20Poly1305;
  const Octets key(36);
  sa.keys = IkeKeys{.d = {},
                    .p_initiator = {},
                    .p_responder = {},
                    .initiator = IkeCipher(sa.suite.transform, key, {}),
                    .responder = IkeCipher(sa.suite.transform, key, {})};
  CHECK_FALSE(ike_key_line(sa));
}

}  // namespace sallyport::ike::test::key_log_test
