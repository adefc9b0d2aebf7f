// NAT detection (IKE-46).
#include "ike/nat_traversal.h"

#include <openssl/evp.h>

#include <catch2/catch.hpp>

#include "tests/crypto/octets.h"

namespace sallyport::ike::test::nat_traversal_test {
namespace {

using sallyport::test::octets;

constexpr IkeSpi kInitiator{0x0102030405060708};
constexpr IkeSpi kResponder{0x1112131415161718};

Endpoint endpoint(std::string_view address, std::uint16_t port) {
  return {Address::parse(address).value(), port};
}

Octets sha1_of(const Octets& data) {
  Octets hash(20);
  unsigned size = 0;
  REQUIRE(EVP_Digest(data.data(), data.size(), hash.data(), &size, EVP_sha1(), nullptr) == 1);
  REQUIRE(size == 20);
  return hash;
}

const Path kAlice{endpoint("192.0.2.1", 500), endpoint("203.0.113.2", 500)};
// The same path from the other end.
Path seen(const Endpoint& from, const Endpoint& to) { return {to, from}; }

Message from_alice(NatHashes hashes = NatHashes::True) {
  PayloadChain chain;
  append_nat_detection(chain, kAlice, kInitiator, kResponder, hashes);
  return parse_message(chain.first(), chain.bytes()).value();
}

NatFindings at_bob(const Message& message, const Endpoint& from = kAlice.local,
                   const Endpoint& to = kAlice.remote) {
  return detect_nat(message, seen(from, to), kInitiator, kResponder);
}

TEST_CASE("IKE-46: the hash is SHA-1 of SPIs, address and port") {
  CHECK(nat_hash(kInitiator, kResponder, endpoint("192.0.2.1", 4500)) ==
        sha1_of(octets("0102030405060708 1112131415161718 c0000201 1194")));
  CHECK(nat_hash(kInitiator, {}, endpoint("192.0.2.1", 500)) ==
        sha1_of(octets("0102030405060708 0000000000000000 c0000201 01f4")));
  CHECK(nat_hash(kInitiator, {}, endpoint("2001:db8::1", 500)) ==
        sha1_of(octets("0102030405060708 0000000000000000 20010db8000000000000000000000001 01f4")));
}

TEST_CASE("IKE-46: the two notifies name source and destination") {
  const Message message = from_alice();
  REQUIRE(message.notifies.size() == 2);
  CHECK(message.notifies[0].type == NotifyType::NatDetectionSourceIp);
  CHECK(message.notifies[0].protocol == ProtocolId::None);
  CHECK(message.notifies[0].spi.empty());
  CHECK(message.notifies[0].data == nat_hash(kInitiator, kResponder, kAlice.local));
  CHECK(message.notifies[1].type == NotifyType::NatDetectionDestinationIp);
  CHECK(message.notifies[1].data == nat_hash(kInitiator, kResponder, kAlice.remote));
}

TEST_CASE("IKE-46: a NAT is found on each side, on both, and where there is none") {
  const NatFindings none = at_bob(from_alice());
  CHECK(none.supported);
  CHECK_FALSE(none.any());

  const NatFindings there = at_bob(from_alice(), endpoint("198.51.100.9", 500));
  CHECK((there.there && !there.here));
  const NatFindings port = at_bob(from_alice(), endpoint("192.0.2.1", 61000));
  CHECK((port.there && !port.here));
  const NatFindings here = at_bob(from_alice(), kAlice.local, endpoint("10.0.0.2", 500));
  CHECK((here.here && !here.there));
  const NatFindings both =
      at_bob(from_alice(), endpoint("198.51.100.9", 1024), endpoint("10.0.0.2", 500));
  CHECK((both.here && both.there));
  // The SPIs are those of the message.
  const NatFindings other =
      detect_nat(from_alice(), seen(kAlice.local, kAlice.remote), kInitiator, {});
  CHECK((other.here && other.there));
}

TEST_CASE("IKE-46: of several sources one that fits is enough") {
  Message message = from_alice();
  Notify another = message.notifies[0];
  another.data = Octets(20, 0xaa);
  message.notifies.insert(message.notifies.begin(), another);
  message.notifies.push_back(another);
  CHECK_FALSE(at_bob(message).any());
  std::erase_if(message.notifies, [&](const Notify& one) {
    return one.type == NotifyType::NatDetectionSourceIp && one.data != another.data;
  });
  CHECK(at_bob(message).there);
}

TEST_CASE("IKE-46: a peer that sends no notifies, or one alone, knows nothing of NATs") {
  CHECK_FALSE(at_bob(Message{}).supported);
  CHECK_FALSE(at_bob(Message{}).any());
  for (const std::size_t left_out : {0u, 1u}) {
    Message message = from_alice();
    message.notifies.erase(message.notifies.begin() + static_cast<std::ptrdiff_t>(left_out));
    const NatFindings findings = at_bob(message, endpoint("198.51.100.9", 1024));
    CHECK_FALSE(findings.supported);
    CHECK_FALSE(findings.any());
  }
}

TEST_CASE("IKE-46: a NAT that is forced stands before who forces it") {
  const NatFindings findings = at_bob(from_alice(NatHashes::Forced));
  CHECK(findings.supported);
  CHECK(findings.there);
  CHECK_FALSE(findings.here);
}

TEST_CASE("MOBIKE-06: NO_NATS_ALLOWED is both addresses and both ports, of either family") {
  CHECK(no_nats_allowed({endpoint("192.0.2.1", 500), endpoint("203.0.113.2", 4500)}) ==
        octets("c0000201 cb007102 01f4 1194"));
  CHECK(no_nats_allowed({endpoint("2001:db8::1", 4500), endpoint("2001:db8:1::2", 500)}) ==
        octets("20010db8000000000000000000000001 20010db8000100000000000000000002 1194 01f4"));
}

TEST_CASE("MOBIKE-06: a NAT is unexpected where one number of NO_NATS_ALLOWED is another") {
  const Path path{endpoint("192.0.2.1", 500), endpoint("203.0.113.2", 500)};
  const Path as_seen{path.remote, path.local};
  Message message;
  CHECK_FALSE(finds_unexpected_nat(message, as_seen));
  message.notifies.push_back({.type = NotifyType::NoNatsAllowed, .data = no_nats_allowed(path)});
  CHECK_FALSE(finds_unexpected_nat(message, as_seen));
  CHECK(finds_unexpected_nat(message, path));
  for (std::size_t i = 0; i < 12; ++i) {
    Message other = message;
    other.notifies.front().data[i] ^= 1;
    CHECK(finds_unexpected_nat(other, as_seen));
  }
  for (const std::size_t size : {0u, 11u, 13u, 36u}) {
    Message other = message;
    other.notifies.front().data.resize(size);
    CHECK(finds_unexpected_nat(other, as_seen));
  }
}

}  // namespace
}  // namespace sallyport::ike::test::nat_traversal_test
