#include "mip6/multicast_listeners.h"

#include <catch2/catch.hpp>

#include "net/neighbour_discovery.h"
#include "net/protocol.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::multicast_listeners_test {
namespace {

using namespace std::chrono_literals;
using Kind = ListenerRecord::Kind;
using Registered = MulticastListeners::Registered;

const Address kOther = ip("2001:db8:b::200");
const Address kOurs = ip("fe80::1");
const Address kGroup = ip("ff1e::42");
const Address kOtherGroup = ip("ff3e::43");
constexpr Duration kListening = 260s;  // 2 * 125 + 10

Address group(unsigned number) {
  Address address = kGroup;
  address.bytes[14] = static_cast<std::uint8_t>(number >> 8);
  address.bytes[15] = static_cast<std::uint8_t>(number);
  return address;
}
ListenerReport says(Kind kind, const Address& about = kGroup, std::vector<Address> sources = {}) {
  return {.records = {{.kind = kind, .group = about, .sources = std::move(sources)}}};
}
ListenerReport wants(unsigned from, unsigned count) {
  ListenerReport report;
  for (unsigned i = 0; i < count; ++i)
    report.records.push_back({.kind = Kind::IsExclude, .group = group(from + i)});
  return report;
}

struct Listening {
  explicit Listening(const MulticastListeners::Settings& settings = {})
      : listeners(std::in_place,
                  MulticastListeners::Surroundings{.clock = around.clock,
                                                   .timers = around.timers,
                                                   .random = around.random,
                                                   .sender = around.sender,
                                                   .forwarding = forwarding},
                  settings, kOurs) {}
  ~Listening() {
    listeners.reset();
    CHECK(forwarding.wrong == 0);
    CHECK(forwarding.joined.empty());
    CHECK(around.timers.size() == 0);
  }

  void receive(const ListenerMessage& message, const Address& home = kHome,
               const Address& source = ip("fe80::99")) {
    const Arrival arrival{.source = source, .destination = all_listener_routers()};
    listeners->receive(home, arrival,
                       build_listener_message(message, arrival.source, arrival.destination));
  }
  // When queries went to the node, in milliseconds from now on.
  std::vector<std::int64_t> queries(Duration during, const Address& home = kHome) {
    std::vector<std::int64_t> times;
    const Instant start = around.clock.now();
    around.sender.sent.clear();
    for (Instant now = start; now - start < during; now = around.clock.now()) {
      around.pass(10ms);
      for (const SentMessage& sent : around.sender.take())
        if (sent.departure.tunnel == home)
          times.push_back(
              std::chrono::duration_cast<std::chrono::milliseconds>(around.clock.now() - start)
                  .count());
    }
    return times;
  }
  [[nodiscard]] bool listens(const Address& to = kGroup, const Address& home = kHome) const {
    return forwarding.has(to, home);
  }

  FakeSurroundings around;
  FakeForwarding forwarding;
  std::optional<MulticastListeners> listeners;
};

TEST_CASE("HA-18: a node is queried through its tunnel, as a router of its link would") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  CHECK(l.around.sender.sent.empty());
  l.around.pass(1s);
  REQUIRE(l.around.sender.sent.size() == 1);
  const auto& [departure, octets] = l.around.sender.sent[0];
  CHECK(departure.source == kOurs);
  CHECK(departure.destination == all_nodes());
  CHECK(departure.tunnel == kHome);
  CHECK(departure.protocol == kProtocolHopByHop);
  CHECK(departure.hop_limit == 1);
  CHECK_FALSE(departure.port);
  const auto icmp = icmp_behind(departure.protocol, octets);
  REQUIRE(icmp);
  const auto message = parse_listener_message(*icmp, departure.source, departure.destination);
  REQUIRE(message);
  const ListenerMessage general = ListenerQuery{.response = 1s, .robustness = 2, .interval = 125s};
  CHECK(message == general);
}

TEST_CASE("HA-18: what a node wants is asked for soon at the start, without haste later") {
  const auto [at_most, soon] = GENERATE(std::pair{10'000ms, 1000ms}, std::pair{300ms, 300ms});
  Listening l({.response_interval = at_most});
  l.listeners->registered(kHome, Registered::Now);
  std::vector<std::chrono::milliseconds> responses;
  for (int second = 0; second < 300; ++second) {
    l.around.pass(1s);
    for (const auto& [departure, octets] : l.around.sender.take()) {
      const auto icmp = icmp_behind(departure.protocol, octets);
      REQUIRE(icmp);
      const auto message = parse_listener_message(*icmp, departure.source, departure.destination);
      REQUIRE(message);
      responses.push_back(std::get<ListenerQuery>(*message).response);
    }
  }
  REQUIRE(responses.size() >= 4);
  CHECK(responses[0] == soon);
  CHECK(responses[1] == soon);
  CHECK(responses[2] == at_most);
  CHECK(responses[3] == at_most);
}

TEST_CASE(
    "HA-18: two queries at the start, a quarter of the interval apart, and then periodically") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  const auto times = l.queries(1000s);
  REQUIRE(times.size() >= 8);
  CHECK(times[0] <= 1010);
  CHECK(times[1] - times[0] == Approx(31'250).margin(10));
  CHECK(times[2] - times[1] <= 125'000);
  for (std::size_t i = 3; i < times.size(); ++i)
    CHECK(times[i] - times[i - 1] == Approx(125'000).margin(10));
}

TEST_CASE("HA-18: what the operator says of queries is so, and in them") {
  Listening l({.query_interval = 20s, .response_interval = 2s, .robustness = 3});
  l.listeners->registered(kHome, Registered::Now);
  const auto times = l.queries(100s);
  REQUIRE(times.size() > 4);
  CHECK(times[1] - times[0] == Approx(5'000).margin(10));
  CHECK(times[2] - times[1] == Approx(5'000).margin(10));
  CHECK(times.back() - times[times.size() - 2] == Approx(20'000).margin(10));
  l.receive(says(Kind::ToExclude));
  l.around.pass(61s);  // 3 * 20 + 2
  CHECK(l.listens());
  l.around.pass(1s);
  CHECK_FALSE(l.listens());
}

TEST_CASE("HA-18: nodes that were there before are not queried in a burst, now or later") {
  Listening l;
  constexpr unsigned kNodes = 2000;
  for (unsigned i = 0; i < kNodes; ++i) {
    Address home = kHome;
    home.bytes[12] = static_cast<std::uint8_t>(i >> 8);
    home.bytes[13] = static_cast<std::uint8_t>(i);
    l.listeners->registered(home, Registered::Before);
  }
  std::size_t most_at_start = 0;
  std::size_t all = 0;
  for (int second = 0; second < 32; ++second) {
    l.around.pass(1s);
    const std::size_t sent = l.around.sender.take().size();
    most_at_start = std::max(most_at_start, sent);
    all += sent;
  }
  CHECK(all >= kNodes);
  CHECK(most_at_start < kNodes / 16);
  l.around.pass(200s);
  l.around.sender.sent.clear();
  std::size_t most = 0;
  all = 0;
  for (int second = 0; second < 125; ++second) {
    l.around.pass(1s);
    const std::size_t sent = l.around.sender.take().size();
    most = std::max(most, sent);
    all += sent;
  }
  CHECK(all == kNodes);
  CHECK(most < kNodes / 32);
}

TEST_CASE("HA-18: a report is a membership, told once however often it is said") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  for (const Kind kind : {Kind::ToExclude, Kind::IsExclude, Kind::IsExclude}) l.receive(says(kind));
  l.receive(ListenerReport1{.group = kGroup});
  CHECK(l.listens());
  CHECK(l.forwarding.joins == 1);
  CHECK(l.listeners->memberships() == 1);
  l.receive(says(Kind::ToExclude, kOtherGroup));
  CHECK(l.forwarding.joined.size() == 2);
}

TEST_CASE("HA-18: who leaves is gone at once, for its tunnel has no other listener") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  const std::vector<ListenerMessage> byes{says(Kind::ToInclude), says(Kind::IsInclude),
                                          ListenerDone{.group = kGroup}};
  for (const ListenerMessage& bye : byes) {
    l.receive(says(Kind::ToExclude));
    CHECK(l.listens());
    l.around.sender.sent.clear();
    l.receive(bye);
    l.receive(bye);
    CHECK_FALSE(l.listens());
    CHECK(l.around.sender.sent.empty());  // nobody else is asked
  }
  CHECK(l.forwarding.joins == 3);
  CHECK(l.forwarding.leaves == 3);
  CHECK(l.listeners->memberships() == 0);
}

TEST_CASE("HA-18: a record that wants some sources wants the group") {
  struct Case {
    Kind kind;
    bool sources;
    bool before;
    bool after;
  };
  for (const Case& c : std::vector<Case>{{Kind::IsInclude, true, false, true},
                                         {Kind::ToInclude, true, false, true},
                                         {Kind::Allow, true, false, true},
                                         {Kind::IsExclude, true, false, true},
                                         {Kind::ToExclude, true, false, true},
                                         {Kind::Block, true, false, false},
                                         {Kind::Block, true, true, true},
                                         {Kind::Block, false, true, true},
                                         {Kind::Allow, false, false, false},
                                         {Kind::Allow, false, true, true},
                                         {Kind::IsInclude, false, true, false},
                                         {Kind::ToInclude, false, true, false}}) {
    Listening l;
    l.listeners->registered(kHome, Registered::Now);
    if (c.before) l.receive(says(Kind::ToExclude));
    std::vector<Address> sources;
    if (c.sources) sources = {kCorrespondent};
    l.receive(says(c.kind, kGroup, sources));
    INFO(int(c.kind) << ' ' << c.sources << ' ' << c.before);
    CHECK(l.listens() == c.after);
  }
}

TEST_CASE(
    "HA-18: who blocks sources is asked whether it wants others, and is gone if it is silent") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.around.pass(5s);
  l.around.sender.sent.clear();
  const auto block = [&] { l.receive(says(Kind::Block, kGroup, {kCorrespondent})); };
  block();
  CHECK(l.around.sender.sent.empty());  // of a group that it has not
  l.receive(says(Kind::Allow, kGroup, {kCorrespondent}));
  block();
  block();
  REQUIRE(l.around.sender.sent.size() == 1);
  const auto& [departure, octets] = l.around.sender.sent[0];
  CHECK(departure.destination == kGroup);
  CHECK(departure.tunnel == kHome);
  const ListenerMessage question = ListenerQuery{.group = kGroup, .response = 1s};
  CHECK(parse_listener_message(icmp_behind(departure.protocol, octets).value(), departure.source,
                               departure.destination) == question);
  l.around.pass(1900ms);
  CHECK(l.around.sender.sent.size() == 2);
  l.receive(says(Kind::IsInclude, kGroup, {kHomeAgent}));
  l.around.pass(20s);
  CHECK(l.listens());
  l.around.sender.sent.clear();
  block();
  l.around.pass(1900ms);
  CHECK(l.listens());
  l.around.pass(100ms);
  CHECK_FALSE(l.listens());
  CHECK(l.around.sender.sent.size() == 2);
  CHECK(l.forwarding.leaves == 1);
}

TEST_CASE("HA-18: a group in doubt ends with its node, or with its own word") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.listeners->registered(kOther, Registered::Now);
  for (const Address& home : {kHome, kOther}) {
    l.receive(says(Kind::ToExclude), home);
    l.receive(says(Kind::Block, kGroup, {kCorrespondent}), home);
  }
  l.listeners->ended(kOther);
  l.receive(says(Kind::ToInclude));
  CHECK(l.forwarding.leaves == 2);
  l.around.pass(5s);
  CHECK(l.forwarding.leaves == 2);
  CHECK(l.listeners->memberships() == 0);
}

TEST_CASE("HA-18: who does not answer any more is forgotten after the listening interval") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.receive(says(Kind::ToExclude));
  l.around.pass(kListening - 1s);
  l.receive(says(Kind::IsExclude));
  l.around.pass(kListening - 1s);
  CHECK(l.listens());
  l.around.pass(1s);
  CHECK_FALSE(l.listens());
  CHECK(l.forwarding.leaves == 1);
  CHECK(l.listeners->memberships() == 0);
  l.receive(says(Kind::IsExclude));
  CHECK(l.listens());
}

TEST_CASE("HA-18: one query or answer that is lost ends no membership") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.receive(says(Kind::ToExclude));
  int asked = 0;
  for (int second = 0; second < 3000; ++second) {
    l.around.pass(1s);
    for (std::size_t left = l.around.sender.take().size(); left > 0; --left)
      if (++asked % 2 == 0) l.receive(says(Kind::IsExclude));
    REQUIRE(l.listens());
  }
  CHECK(asked > 20);
  CHECK(l.forwarding.joins == 1);
}

TEST_CASE("HA-18, HA-16: groups that are not to enter a tunnel are no memberships") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  for (const char* const none : {"ff00::42", "ff01::42", "ff02::42", "ff02::1:ff00:1", "ff32::42",
                                 "ff05::42", "ff08::42", "2001:db8:b::5", "fe80::5", "::"}) {
    INFO(none);
    l.receive(says(Kind::ToExclude, ip(none)));
    l.receive(ListenerReport1{.group = ip(none)});
    CHECK(l.forwarding.joined.empty());
  }
  l.receive(says(Kind::ToExclude, ip("ff0f::42")));  // as global (RFC 4291 2.7)
  CHECK(l.listens(ip("ff0f::42")));
  // Where the operator wants it, of the site.
  MulticastListeners::Settings settings{.smallest_scope = 5};
  l.listeners->set(settings, kOurs);
  l.receive(says(Kind::ToExclude, ip("ff05::42")));
  l.receive(says(Kind::ToExclude, ip("ff04::42")));
  l.receive(says(Kind::ToExclude));
  CHECK(l.forwarding.joined.size() == 3);
  settings.smallest_scope = 0;
  l.listeners->set(settings, kOurs);
  l.receive(says(Kind::ToExclude, ip("ff02::42")));
  CHECK(l.forwarding.joined.size() == 3);
  settings.smallest_scope = kGlobalScope;
  l.listeners->set(settings, kOurs);
  CHECK_FALSE(l.listens(ip("ff05::42")));
  CHECK(l.listens());
  CHECK(l.listeners->memberships() == 2);
}

TEST_CASE("HA-18: a node has so many groups, all of them together so many") {
  Listening l({.most_groups = 3, .most_memberships = 5});
  for (const Address& home : {kHome, kOther}) {
    l.listeners->registered(home, Registered::Now);
    l.receive(wants(0, 4), home);
  }
  CHECK(l.forwarding.joined.size() == 5);
  CHECK(l.listens(group(2)));
  CHECK_FALSE(l.listens(group(3)));
  CHECK_FALSE(l.listens(group(2), kOther));
  // Whoever goes makes room.
  l.receive(says(Kind::ToInclude, group(0)));
  l.around.pass(1s);
  l.receive(wants(2, 1), kOther);
  CHECK(l.listens(group(2), kOther));
  CHECK(l.listeners->memberships() == 5);
}

TEST_CASE("HA-18: a node that floods with reports is heard so many times a second") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.listeners->registered(kOther, Registered::Now);
  for (unsigned i = 0; i < 5000; ++i) l.receive(wants(i, 1));
  CHECK(l.forwarding.joined.size() == 64);
  // It is the other one's loss in no way.
  l.receive(says(Kind::ToExclude), kOther);
  CHECK(l.listens(kGroup, kOther));
}

TEST_CASE("HA-18: a node that comes and goes all the time changes little of what is forwarded") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  ListenerReport both;
  for (int i = 0; i < 250; ++i) {
    both.records.push_back({.kind = Kind::ToExclude, .group = kGroup});
    both.records.push_back({.kind = Kind::ToInclude, .group = kGroup});
  }
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < 20; ++i) l.receive(both);
    l.around.pass(1s);
  }
  CHECK(l.forwarding.joins <= 64 + 10 * 10);
  CHECK(l.forwarding.joins == l.forwarding.leaves);
  l.around.pass(10s);
  l.around.sender.sent.clear();
  both = {};
  for (int i = 0; i < 250; ++i) {
    both.records.push_back({.kind = Kind::ToExclude, .group = kGroup});
    both.records.push_back({.kind = Kind::Block, .group = kGroup, .sources = {kHomeAgent}});
  }
  for (int i = 0; i < 20; ++i) l.receive(both);
  CHECK(l.around.sender.sent.size() <= 64);
  // What was not taken is with the next answer.
  l.around.pass(10s);
  l.receive(says(Kind::IsExclude));
  CHECK(l.listens());
}

TEST_CASE("HA-18: nothing is taken of who is not registered, or has no link-local address") {
  Listening l;
  l.receive(says(Kind::ToExclude));
  l.listeners->registered(kHome, Registered::Now);
  for (const char* const source : {"::", "2001:db8:b::100", "2001:db8:a::100"})
    l.receive(says(Kind::ToExclude), kHome, ip(source));
  l.receive(says(Kind::ToExclude), kOther);
  CHECK(l.forwarding.joins == 0);
}

TEST_CASE("HA-18: malformed messages and queries change nothing") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  const Arrival arrival{.source = ip("fe80::99"), .destination = all_listener_routers()};
  const Octets whole =
      build_listener_message(says(Kind::ToExclude), arrival.source, arrival.destination);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    l.around.pass(1s);
    l.listeners->receive(kHome, arrival, ByteView(whole).first(size));
  }
  l.receive(ListenerQuery{.group = kGroup});
  CHECK(l.forwarding.joins == 0);
  l.around.pass(1s);
  l.listeners->receive(kHome, arrival, whole);
  CHECK(l.listens());
}

TEST_CASE("HA-18: memberships and queries end with the registration, and only that node's") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.listeners->registered(kOther, Registered::Now);
  l.receive(wants(0, 3));
  l.receive(wants(0, 3), kOther);
  l.listeners->ended(kHome);
  l.listeners->ended(kHome);
  CHECK_FALSE(l.listeners->knows(kHome));
  CHECK(l.forwarding.leaves == 3);
  CHECK(l.listeners->memberships() == 3);
  CHECK(l.listens(group(0), kOther));
  CHECK(l.queries(300s).empty());
  l.receive(says(Kind::IsExclude));
  CHECK_FALSE(l.listens());
  // Registered anew it is asked anew.
  l.listeners->registered(kHome, Registered::Now);
  CHECK(l.queries(40s).size() == 2);
}

TEST_CASE("HA-18: a node that moves keeps its memberships, and is asked no sooner") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.receive(says(Kind::ToExclude));
  l.around.pass(200s);
  l.receive(says(Kind::IsExclude));
  const std::size_t before = l.around.timers.size();
  l.listeners->registered(kHome, Registered::Now);
  CHECK(l.around.timers.size() == before);
  CHECK(l.queries(125s).size() == 1);
  CHECK(l.listens());
  CHECK(l.forwarding.joins == 1);
  CHECK(l.forwarding.leaves == 0);
}

TEST_CASE("HA-18: a group that workers have no room for is asked for again with the next answer") {
  Listening l;
  l.listeners->registered(kHome, Registered::Now);
  l.forwarding.full = true;
  l.receive(says(Kind::ToExclude));
  CHECK(l.listeners->memberships() == 0);
  l.forwarding.full = false;
  l.receive(says(Kind::IsExclude));
  CHECK(l.listens());
  CHECK(l.forwarding.joins == 2);
}

}  // namespace
}  // namespace sallyport::mip6::test::multicast_listeners_test
