// What comes from anybody: first requests, floods of them, and messages that belong to nothing.
#include <catch2/catch.hpp>

#include "ike/wire/append.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"
#include "tests/ike/two_peers.h"

namespace sallyport::ike::test::admission_test {
namespace {

using namespace std::chrono_literals;

// Alice's first request, as it would go to Bob.
Datagram first_request(TwoPeers& two) {
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.alice.sent.size() == 1);
  const Datagram request = two.alice.sent.front();
  two.alice.sent.clear();
  return request;
}

// The same from another IKE SA of another host.
Datagram like(const Datagram& request, std::uint64_t spi, std::uint32_t host) {
  Datagram other = request;
  store_be<std::uint64_t>(other.message.data(), spi);
  other.path.local.address = Address::v4(host);
  return other;
}

Message reply_of(const Node& node) {
  REQUIRE_FALSE(node.sent.empty());
  const Octets& bytes = node.sent.back().message;
  const auto header = parse_header(bytes);
  REQUIRE(header);
  CHECK(header->is_response());
  return parse_message(header->next, ByteView(bytes).subspan(kHeaderBytes)).value();
}

TEST_CASE("IKE-45: every first request has a nonce of its own") {
  std::vector<Octets> nonces;
  TwoPeers two;
  for (unsigned i = 0; i < 3; ++i) {
    REQUIRE(two.alice.daemon->initiate_anew("net"));
    const Octets& bytes = two.alice.sent.back().message;
    const auto header = parse_header(bytes).value();
    const Message message =
        parse_message(header.next, ByteView(bytes).subspan(kHeaderBytes)).value();
    REQUIRE(message.nonce);
    CHECK(message.nonce->size() == 32);
    CHECK(std::ranges::find(nonces, *message.nonce) == nonces.end());
    nonces.push_back(*message.nonce);
  }
}

TEST_CASE("IKE-50: a cookie that does not fit is as good as none, and a new one is sent") {
  TwoPeers two;
  two.bob.settings.admission.cookie_threshold = 0;
  two.bob.start();
  Datagram request = first_request(two);
  const Header header = parse_header(request.message).value();
  for (const std::size_t size : {std::size_t{1}, std::size_t{36}, std::size_t{64}}) {
    PayloadChain payloads;
    payloads.notify(NotifyType::Cookie, Octets(size, 0x55));
    Header with = header;
    with.next = payloads.first();
    Octets bytes;
    write_header(bytes, with);
    append(bytes, ByteView(payloads.bytes()));
    bytes[kHeaderBytes] = static_cast<std::uint8_t>(header.next);
    append(bytes, ByteView(request.message).subspan(kHeaderBytes));
    set_length(bytes);
    two.bob.sent.clear();
    two.deliver(two.alice, {request.path, bytes});
    CHECK(two.bob.daemon->size() == 0);
    CHECK(reply_of(two.bob).find(NotifyType::Cookie) != nullptr);
  }
}

TEST_CASE("IKE-49: one source has so many half-open IKE SAs and no more; a /64 is one source") {
  TwoPeers two;
  two.bob.settings.admission.half_open_per_source = 4;
  two.bob.start();
  // Whoever asks, the entry that is at no fixed address answers.
  Peer anyone = psk_peer("anyone", "alice.example.org", "bob.example.org", "shared secret");
  two.bob.set_peers({anyone});
  const Datagram request = first_request(two);
  for (std::uint64_t spi = 1; spi <= 10; ++spi)
    two.deliver(two.alice, like(request, spi, 0xc0000207));
  CHECK(two.bob.daemon->half_open() == 4);
  CHECK(two.bob.daemon->refusals().too_many == 6);
  two.deliver(two.alice, like(request, 11, 0xc0000208));
  CHECK(two.bob.daemon->half_open() == 5);
  for (std::uint64_t spi = 20; spi < 30; ++spi) {
    Datagram of_v6 = like(request, spi, 0);
    of_v6.path.local.address = Address::parse("2001:db8::" + std::to_string(spi)).value();
    two.deliver(two.alice, of_v6);
  }
  CHECK(two.bob.daemon->half_open() == 9);
  two.pass_silently(31s);
  CHECK(two.bob.daemon->half_open() == 0);
  CHECK(two.bob.daemon->size() == 0);
}

TEST_CASE("IKE-40: a flood of forged first requests costs no more than its bound") {
  TwoPeers two;
  two.bob.set_peers({psk_peer("anyone", "alice.example.org", "bob.example.org", "shared secret")});
  two.bob.settings.admission = {.cookie_threshold = 10, .half_open = 20};
  two.bob.start();
  const Datagram request = first_request(two);
  for (std::uint32_t i = 0; i < 2000; ++i)
    two.deliver(two.alice, like(request, 1 + i, 0x0a000000 + i));
  CHECK(two.bob.daemon->size() == 10);
  CHECK(two.bob.daemon->refusals().cookies_asked == 1990);
  two.bob.sent.clear();
  // Who really is there gets through.
  two.deliver(two.alice, request);
  two.settle();
  CHECK(two.alice.up().size() == 1);
}

TEST_CASE("IKE-03: a higher major version is told ours, a higher minor one is ours") {
  TwoPeers two;
  Datagram request = first_request(two);
  request.message[17] = 0x30;
  two.deliver(two.alice, request);
  CHECK(reply_of(two.bob).find(NotifyType::InvalidMajorVersion) != nullptr);
  CHECK(two.bob.sent.back().message[17] == 0x20);
  CHECK(two.bob.daemon->size() == 0);
  request.message[17] = 0x25;
  two.deliver(two.alice, request);
  CHECK(two.bob.daemon->size() == 1);
}

TEST_CASE("IKE-04, IKE-05: what can be no message is dropped without a word") {
  TwoPeers two;
  const Datagram request = first_request(two);
  const auto dropped = [&](const Datagram& datagram) {
    two.deliver(two.alice, datagram);
    return two.bob.sent.empty() && two.bob.daemon->size() == 0;
  };
  for (std::size_t size = 0; size < request.message.size(); ++size) {
    Datagram cut = request;
    cut.message.resize(size);
    CHECK(dropped(cut));
  }
  Datagram without_spi = request;
  store_be<std::uint64_t>(without_spi.message.data(), 0);
  CHECK(dropped(without_spi));
  Datagram with_responder = request;
  with_responder.message[8] = 1;
  CHECK(dropped(with_responder));
  Datagram second = request;
  second.message[23] = 1;
  CHECK(dropped(second));
  Datagram longer = request;
  longer.message.push_back(0);
  CHECK(dropped(longer));
}

TEST_CASE(
    "IKE-08: an unknown critical payload in a first request is named, an uncritical one skipped") {
  TwoPeers two;
  const Datagram request = first_request(two);
  const auto with_payload = [&](std::uint8_t critical) {
    Datagram changed = request;
    const std::uint8_t next = changed.message[16];
    changed.message[16] = 127;
    const Octets payload{next, critical, 0, 6, 1, 2};
    changed.message.insert(changed.message.begin() + kHeaderBytes, payload.begin(), payload.end());
    set_length(changed.message);
    return changed;
  };
  two.deliver(two.alice, with_payload(0x80));
  const Message reply = reply_of(two.bob);
  REQUIRE(reply.find(NotifyType::UnsupportedCriticalPayload) != nullptr);
  CHECK(reply.find(NotifyType::UnsupportedCriticalPayload)->data == Octets{127});
  CHECK(two.bob.daemon->size() == 0);
  two.deliver(two.alice, with_payload(0));
  CHECK(two.bob.daemon->size() == 1);
}

TEST_CASE("IKE-64: nothing that is offered and not ours is chosen") {
  TwoPeers two;
  Peer other = psk_peer("alice", "alice.example.org", "bob.example.org", "shared secret");
  other.proposals = {parse_ike_proposal("aes256-gcm16+prf-hmac-sha384+ecp384").value()};
  two.bob.set_peers({other});
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  CHECK(reply_of(two.bob).find(NotifyType::NoProposalChosen) != nullptr);
  CHECK(two.bob.daemon->size() == 0);
  two.pass(3s);
  CHECK(two.alice.daemon->size() == 0);
}

TEST_CASE(
    "IKE-44: a forged refusal does not end the attempt while the genuine answer is on its way") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  const Datagram request = two.alice.sent.front();
  PayloadChain payloads;
  payloads.notify(NotifyType::NoProposalChosen);
  Header header = parse_header(request.message).value();
  header.next = payloads.first();
  header.flags = kResponseFlag;
  Octets forged;
  write_header(forged, header);
  append(forged, ByteView(payloads.bytes()));
  set_length(forged);
  two.deliver(two.bob, {{request.path.remote, request.path.local}, forged});
  two.clock.advance(1s);
  two.alice.daemon->poll();
  REQUIRE(two.alice.daemon->size() == 1);
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-43: a group that was not offered is not taken") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  const Datagram request = two.alice.sent.front();
  PayloadChain payloads;
  payloads.notify(NotifyType::InvalidKePayload, Octets{0, 2});  // modp1024
  Header header = parse_header(request.message).value();
  header.next = payloads.first();
  header.flags = kResponseFlag;
  Octets forged;
  write_header(forged, header);
  append(forged, ByteView(payloads.bytes()));
  set_length(forged);
  two.alice.sent.clear();
  two.deliver(two.bob, {{request.path.remote, request.path.local}, forged});
  CHECK(two.alice.sent.empty());
  two.deliver(two.alice, request);
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE(
    "IKE-121: who speaks of an unknown IKE SA is told so now and then, never in answer to a "
    "response") {
  TwoPeers two;
  Header header{.initiator_spi = {7},
                .responder_spi = {9},
                .next = PayloadType::Encrypted,
                .exchange = ExchangeType::Informational,
                .flags = kInitiatorFlag,
                .message_id = 3};
  const auto deliver = [&](std::uint8_t flags) {
    header.flags = flags;
    Octets bytes;
    write_header(bytes, header);
    append(bytes, ByteView(Octets{0, 0, 0, 4}));
    set_length(bytes);
    two.deliver(two.alice, {{{two.alice.address, 500}, {two.bob.address, 500}}, bytes});
  };
  deliver(kInitiatorFlag);
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(reply_of(two.bob).find(NotifyType::InvalidIkeSpi) != nullptr);
  for (unsigned i = 0; i < 100; ++i) deliver(kInitiatorFlag);
  CHECK(two.bob.sent.size() == 1);
  two.clock.advance(1s);
  deliver(kInitiatorFlag | kResponseFlag);
  CHECK(two.bob.sent.size() == 1);
  deliver(kInitiatorFlag);
  CHECK(two.bob.sent.size() == 2);
}

}  // namespace
}  // namespace sallyport::ike::test::admission_test
