#include "mip6/dhcp_relay.h"

#include <catch2/catch.hpp>

#include "mip6/dhcp_message.h"
#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::dhcp_relay_test {
namespace {

using namespace std::chrono_literals;

const Address kClient = ip("fe80::99");
const Address kOurs = ip("fe80::1");
const Octets kSolicit{1, 1, 2, 3, 0, 8, 0, 2, 0, 0};
const Octets kAdvertise{2, 1, 2, 3, 0, 2, 0, 4, 0, 3, 0, 1};

Octets octets_of(const Address& address) { return {address.bytes.begin(), address.bytes.end()}; }

struct Relaying {
  explicit Relaying(const DhcpRelay::Settings& settings = {})
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}),
        relay({.clock = around.clock, .sender = around.sender, .server = server, .cache = cache},
              settings, kOurs) {
    enter(kHome, kCareOf);
    enter(kOtherHome, kOtherCareOf);
  }

  void enter(const Address& home, const Address& care_of) {
    REQUIRE(cache.put({.home_address = home, .own = kHomeAgent, .care_of = care_of}, 600s));
  }
  void receive(const Arrival& arrival, ByteView udp, const Address& home = kHome) {
    const BindingEntry node = *cache.home_registration(home);
    on_exact_copy(udp, [&](ByteView copy) {
      relay.receive(node, arrival, copy);
      return 0;
    });
  }
  void ask(ByteView message = kSolicit, const Address& home = kHome,
           const Arrival& arrival = {.source = kClient, .destination = all_dhcp_servers()}) {
    receive(arrival, make_udp_message(kDhcpToServer, arrival.source, arrival.destination, message),
            home);
  }
  void answer(ByteView relay_message) {
    on_exact_copy(relay_message, [&](ByteView copy) {
      relay.receive_from_server(copy);
      return 0;
    });
  }
  [[nodiscard]] std::size_t asked() { return std::exchange(server.sent, {}).size(); }

  FakeSurroundings around;
  FakeDhcpServerLink server;
  BindingCache cache;
  DhcpRelay relay;
};

DhcpRelayMessage reply(const Address& home = kHome) {
  return {.kind = DhcpRelayMessage::Kind::Reply,
          .link = kHomeAgent,
          .peer = kClient,
          .interface_id = octets_of(home),
          .message = kAdvertise};
}

TEST_CASE("HA-19: a client's message goes to the server as RFC 8415 9.1 draws it") {
  Relaying r;
  r.ask();
  REQUIRE(r.server.sent.size() == 1);
  Octets expected{12, 0};
  const auto append = [&expected](const Octets& more) {
    expected.insert(expected.end(), more.begin(), more.end());
  };
  append(octets_of(kHomeAgent));
  append(octets_of(kClient));
  append({0, 18, 0, 16});
  append(octets_of(kHome));
  append({0, 9, 0, 10});
  append(kSolicit);
  CHECK(r.server.sent[0] == expected);
  CHECK(r.around.sender.sent.empty());
}

TEST_CASE("HA-19: clients ask by our own link-local address, too") {
  Relaying r;
  r.ask(kSolicit, kHome, {.source = kClient, .destination = kOurs});
  CHECK(r.asked() == 1);
}

TEST_CASE("HA-19: what the server says goes into that node's tunnel, to the client") {
  Relaying r;
  r.answer(build_dhcp_relay_message(reply()));
  REQUIRE(r.around.sender.sent.size() == 1);
  const auto& [departure, octets] = r.around.sender.sent[0];
  CHECK(departure.source == kOurs);
  CHECK(departure.destination == kClient);
  CHECK(departure.tunnel == kHome);
  CHECK(departure.protocol == kProtocolUdp);
  CHECK_FALSE(departure.port);
  CHECK(udp_ports(octets) == kDhcpToClient);
  const auto payload = udp_payload(octets, kOurs, kClient);
  REQUIRE(payload);
  CHECK(Octets(payload->begin(), payload->end()) == kAdvertise);
  CHECK(r.server.sent.empty());
}

TEST_CASE("HA-19: two nodes with the same link-local address each get their own answer") {
  Relaying r;
  r.ask();
  r.ask(kSolicit, kOtherHome);
  REQUIRE(r.server.sent.size() == 2);
  for (const Address& home : {kOtherHome, kHome}) {
    auto asked = parse_dhcp_relay_message(r.server.sent.back());
    r.server.sent.pop_back();
    REQUIRE(asked);
    CHECK(asked->kind == DhcpRelayMessage::Kind::Forward);
    // As a server does: all of it back, but for its own kind and message.
    asked->kind = DhcpRelayMessage::Kind::Reply;
    asked->message = kAdvertise;
    r.answer(build_dhcp_relay_message(*asked));
    CHECK(r.around.sender.sent.back().departure.tunnel == home);
    CHECK(r.around.sender.sent.back().departure.destination == kClient);
  }
}

TEST_CASE("HA-19: an answer to a node that is not registered now goes nowhere") {
  Relaying r;
  r.cache.invalidate(kHome, kHomeAgent);
  r.answer(build_dhcp_relay_message(reply()));
  r.answer(build_dhcp_relay_message(reply(ip("2001:db8:b::999"))));
  CHECK(r.around.sender.sent.empty());
  r.around.pass(601s);
  r.answer(build_dhcp_relay_message(reply(kOtherHome)));
  CHECK(r.around.sender.sent.empty());
}

TEST_CASE("HA-19: an answer that is cut, or not all there, goes nowhere") {
  Relaying r;
  const Octets whole = build_dhcp_relay_message(reply());
  for (std::size_t size = 0; size < whole.size(); ++size) r.answer(ByteView(whole).first(size));
  DhcpRelayMessage other = reply();
  const auto answer = [&] { r.answer(build_dhcp_relay_message(other)); };
  other.interface_id.pop_back();
  answer();
  other.interface_id = octets_of(kHome);
  other.interface_id.push_back(0);
  answer();
  other.interface_id.clear();
  answer();
  other = reply();
  other.message.clear();
  answer();
  other = reply();
  other.kind = DhcpRelayMessage::Kind::Forward;
  answer();
  other = reply();
  other.hop_count = kDhcpHopLimit + 1;
  answer();
  for (const char* const peer : {"::", "2001:db8:b::100", "ff02::1"}) {
    other = reply();
    other.peer = ip(peer);
    answer();
  }
  // Of a relay agent behind us, which there is not.
  for (const std::uint8_t type : Octets{12, 13}) {
    other = reply();
    other.message[0] = type;
    answer();
  }
  CHECK(r.around.sender.sent.empty());
  other = reply();
  other.hop_count = kDhcpHopLimit;
  answer();
  CHECK(r.around.sender.sent.size() == 1);
}

TEST_CASE("HA-19: an answer has its two options once, and others are skipped") {
  Relaying r;
  const Octets whole = build_dhcp_relay_message(reply());
  constexpr std::ptrdiff_t kHeader = 34;
  constexpr std::ptrdiff_t kInterface = kHeader + 20;
  const auto middle = whole.begin() + kInterface;
  for (const Octets& option :
       {Octets(whole.begin() + kHeader, middle), Octets(middle, whole.end())}) {
    Octets twice = whole;
    twice.insert(twice.end(), option.begin(), option.end());
    r.answer(twice);
  }
  CHECK(r.around.sender.sent.empty());
  Octets more = whole;
  more.insert(more.end(), {0, 37, 0, 5, 0, 0, 0, 0, 1});  // a Remote-ID
  r.answer(more);
  CHECK(r.around.sender.sent.size() == 1);
}

TEST_CASE("HA-19: an answer is as long as a link carries") {
  Relaying r;
  DhcpRelayMessage longest = reply();
  longest.message.resize(kMostDhcpMessage, 0);
  r.answer(build_dhcp_relay_message(longest));
  REQUIRE(r.around.sender.sent.size() == 1);
  CHECK(r.around.sender.sent[0].octets.size() + 40 == 1500);
  longest.message.push_back(0);
  r.answer(build_dhcp_relay_message(longest));
  CHECK(r.around.sender.sent.size() == 1);
}

TEST_CASE("HA-19: only what clients say is relayed, what is not known too") {
  Relaying r;
  for (unsigned type = 0; type < 256; ++type) {
    r.around.pass(1s);
    Octets message = kSolicit;
    message[0] = static_cast<std::uint8_t>(type);
    r.ask(message);
    const bool of_others = type == 2 || type == 7 || type == 10 || type == 12 || type == 13;
    CHECK(r.asked() == (of_others ? 0 : 1));
  }
}

TEST_CASE("HA-19: a node is no relay agent: its Relay-forward, by either port, is dropped") {
  Relaying r;
  const Octets forward = build_dhcp_relay_message({.hop_count = 1,
                                                   .link = kHome,
                                                   .peer = kClient,
                                                   .interface_id = octets_of(kOtherHome),
                                                   .message = kSolicit});
  r.ask(forward);
  const Arrival arrival{.source = kClient, .destination = all_dhcp_servers()};
  for (const Octets& message : {forward, kSolicit})
    r.receive(arrival, make_udp_message({.source = 547, .destination = 547}, arrival.source,
                                        arrival.destination, message));
  CHECK(r.asked() == 0);
}

TEST_CASE("HA-19: what is cut, wrong, too long or to somebody else is not relayed") {
  Relaying r;
  const Arrival arrival{.source = kClient, .destination = all_dhcp_servers()};
  const Octets whole =
      make_udp_message(kDhcpToServer, arrival.source, arrival.destination, kSolicit);
  const auto receive = [&](const Octets& udp) {
    r.around.pass(1s);
    r.receive(arrival, udp);
  };
  for (std::size_t size = 0; size < whole.size(); ++size)
    receive({whole.begin(), whole.begin() + std::ptrdiff_t(size)});
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Octets wrong = whole;
    wrong[at] ^= 0x20;
    receive(wrong);
  }
  Octets unsummed = whole;
  unsummed[6] = unsummed[7] = 0;
  receive(unsummed);
  receive(make_udp_message(kDhcpToServer, arrival.source, arrival.destination, {}));
  for (const char* const to : {"ff02::1:3", "ff05::1:3", "fe80::2", "2001:db8:b::1"})
    r.ask(kSolicit, kHome, {.source = kClient, .destination = ip(to)});
  for (const char* const from : {"::", "2001:db8:b::100"})
    r.ask(kSolicit, kHome, {.source = ip(from), .destination = all_dhcp_servers()});
  r.ask(Octets(kMostDhcpMessage + 1, 1));
  CHECK(r.asked() == 0);
  r.ask(Octets(kMostDhcpMessage, 1));
  CHECK(r.asked() == 1);
}

TEST_CASE("HA-19: a node asks three times a second, all of them so many times") {
  Relaying r({.messages_per_second = 5});
  for (int i = 0; i < 100; ++i) r.ask();
  CHECK(r.asked() == 3);
  for (int i = 0; i < 100; ++i) r.ask(kSolicit, kOtherHome);
  CHECK(r.asked() == 2);
  r.around.pass(1s);
  for (int i = 0; i < 100; ++i) r.ask(kSolicit, kOtherHome);
  CHECK(r.asked() == 3);
  r.relay.set({.messages_per_second = 1}, kOurs);
  r.around.pass(1s);
  for (int i = 0; i < 100; ++i) r.ask();
  CHECK(r.asked() == 1);
}

}  // namespace
}  // namespace sallyport::mip6::test::dhcp_relay_test
