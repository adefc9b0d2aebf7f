// Fragments that pass through: the three ways of RFC 4301 section 7.
#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/support/esp_pair.h"
#include "tests/support/fragments.h"

namespace sallyport::fragment_flows_test {
namespace {

PacketBytes datagram(std::uint16_t port = 2000, std::size_t filler = 1200) {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, port).filler(filler).build();
}

PortSet port(std::uint16_t number) { return PortSet::of({{number, number}}).value(); }

// Port 2000 of the other side is all that the pair carries.
void ask_for_port(Selector& selector) {
  selector.protocol = kProtocolUdp;
  selector.remote_port = port(2000);
}

EspPair::Settings with_ports(FragmentChecks checks) {
  return {.adjust_outbound = [=](Sa& sa) { sa.fragments = checks; },
          .adjust_inbound =
              [=](Sa& sa) {
                sa.fragments = checks;
                sa.selectors[0].protocol = kProtocolUdp;
                sa.selectors[0].local_port = port(2000);
              },
          .adjust_sender_policy =
              [=](Policy& policy) {
                ask_for_port(policy.selectors[0]);
                policy.protect->fragments = checks;
              }};
}

std::vector<PacketBytes> out(EspPair& pair, const std::vector<PacketBytes>& packets) {
  for (const PacketBytes& packet : packets) pair.sender().receive_ip(kInside, packet);
  pair.sender().settle();
  return pair.sender().sent(kOutside);
}

std::vector<PacketBytes> in(EspPair& pair, const std::vector<PacketBytes>& packets) {
  for (const PacketBytes& packet : packets) pair.receiver().receive_ip(kOutside, packet);
  pair.receiver().settle();
  return pair.receiver().sent(kInside);
}

}  // namespace

TEST_CASE("FRAG-01: a tunnel SA with ANY ports carries first and later fragments alike") {
  for (const Family family : {Family::V4, Family::V6}) {
    EspPair pair({.inner = family});
    const PacketBytes whole =
        family == Family::V4
            ? datagram()
            : PacketBuilder("2001:db8:1::2", "2001:db8:2::2").udp(1, 2).filler(1200).build();
    const auto pieces = split(whole, 400);
    const auto wire = out(pair, {pieces[2], pieces[0], pieces[3], pieces[1]});
    CHECK(wire.size() == 4);
    CHECK(in(pair, wire).size() == 4);
    CHECK(pair.receiver().dropped_in_all() == 0);
  }
}

TEST_CASE("SEL-06: without a check, later fragments match no policy and no SA that names ports") {
  EspPair pair(with_ports(FragmentChecks::Stateless));
  const auto pieces = split(datagram(), 400);
  const auto wire = out(pair, pieces);
  CHECK(wire.size() == 1);
  CHECK(in(pair, wire).size() == 1);
  CHECK(pair.sender().dropped(DropReason::NoPolicy) +
            pair.sender().dropped(DropReason::FragmentUnmatched) ==
        pieces.size() - 1);
}

TEST_CASE("FRAG-04: later fragments follow their first into a port-specific SA and out of it") {
  EspPair pair(with_ports(FragmentChecks::Stateful));
  const auto pieces = split(datagram(), 400);
  const auto wire = out(pair, pieces);
  REQUIRE(wire.size() == pieces.size());
  CHECK(in(pair, wire).size() == pieces.size());
  CHECK(pair.sender().dropped_in_all() == 0);
  CHECK(pair.receiver().dropped_in_all() == 0);
  // Another port: neither its first nor its later ones.
  CHECK(out(pair, split(datagram(3000), 400, 78)).empty());
  CHECK(pair.sender().dropped(DropReason::NoPolicy) == 1);
  CHECK(pair.sender().dropped(DropReason::FragmentUnmatched) == 3);
}

TEST_CASE("FRAG-03: where the peer has not agreed, fragments without ports are not sent") {
  auto settings = with_ports(FragmentChecks::Stateful);
  settings.adjust_outbound = [](Sa& sa) {
    sa.fragments = FragmentChecks::Unagreed;
    ask_for_port(sa.selectors[0]);
  };
  EspPair pair(settings);
  const auto pieces = split(datagram(), 400);
  CHECK(out(pair, pieces).size() == 1);
  CHECK(pair.sender().dropped(DropReason::FragmentUnagreed) == pieces.size() - 1);
  CHECK(pair.sender().dropped_in_all() == pieces.size() - 1);
  CHECK(out(pair, {datagram()}).size() == 1);  // whole ones go on
}

TEST_CASE("FRAG-03: where the peer has not agreed, fragments without ports are not accepted") {
  auto settings = with_ports(FragmentChecks::Stateful);
  settings.adjust_inbound = [adjust = settings.adjust_inbound](Sa& sa) {
    adjust(sa);
    sa.fragments = FragmentChecks::Unagreed;
  };
  EspPair pair(settings);
  const auto wire = out(pair, split(datagram(), 400));
  REQUIRE(wire.size() == 4);
  CHECK(in(pair, wire).size() == 1);
  CHECK(pair.receiver().dropped(DropReason::SelectorMismatch) == 3);
}

TEST_CASE("FRAG-03, FRAG-01: SAs that name no ports carry all fragments, agreed or not") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.fragments = FragmentChecks::Unagreed; },
                .adjust_inbound = [](Sa& sa) { sa.fragments = FragmentChecks::Unagreed; }});
  const auto wire = out(pair, split(datagram(), 400));
  CHECK(wire.size() == 4);
  CHECK(in(pair, wire).size() == 4);
}

TEST_CASE("FRAG-04: inbound, a fragment whose first was not within the SA is not accepted") {
  // The sender's SA carries all; the receiver's names a port and checks.
  auto settings = with_ports(FragmentChecks::Stateful);
  settings.adjust_sender_policy = {};
  EspPair pair(settings);
  const auto wrong = out(pair, split(datagram(3000), 400, 5));
  REQUIRE(wrong.size() == 4);
  CHECK(in(pair, wrong).empty());
  CHECK(pair.receiver().dropped(DropReason::SelectorMismatch) == 1);
  CHECK(pair.receiver().dropped(DropReason::FragmentUnmatched) == 3);
  // Right ones, the first behind a later one: that one is not held.
  const auto right = out(pair, split(datagram(2000), 400, 6));
  REQUIRE(right.size() == 4);
  CHECK(in(pair, {right[1], right[0], right[2], right[3]}).size() == 3);
  CHECK(pair.receiver().dropped(DropReason::FragmentUnmatched) == 4);
}

TEST_CASE("FRAG-04: overlap discards what is left of the datagram, and so does time") {
  EspPair pair(with_ports(FragmentChecks::Stateful));
  auto pieces = split(datagram(), 400);
  const auto overlapping =
      piece_of(datagram(), {.offset = 392, .more = true, .id = 77}, PacketBytes(16));
  CHECK(out(pair, {pieces[0], overlapping, pieces[1], pieces[2], pieces[3]}).size() == 1);
  CHECK(pair.sender().dropped(DropReason::FragmentOverlap) == 4);
  pieces = split(datagram(), 400, 78);
  CHECK(out(pair, {pieces[0], pieces[1]}).size() == 2);
  pair.sender().clock().advance(std::chrono::seconds(30));
  CHECK(out(pair, {pieces[2], pieces[3]}).empty());
  CHECK(pair.sender().dropped(DropReason::FragmentUnmatched) == 2);
  // Tiny ones hide or overwrite what the policy was asked by.
  const PacketBytes whole = datagram();
  CHECK(out(pair, {piece_of(whole, {.offset = 0, .more = true, .id = 79},
                            PacketBytes(whole.begin() + 20, whole.begin() + 32))})
            .empty());
  CHECK(pair.sender().dropped(DropReason::FragmentTiny) == 1);
}

TEST_CASE("FRAG-04: the table is bounded: a flood pushes the oldest out and others go on") {
  EspPair pair(with_ports(FragmentChecks::Stateful));
  std::vector<PacketBytes> flood;
  const auto last = static_cast<std::uint16_t>(1000 + 2500 * test_workers() - 1);
  for (std::uint16_t id = 1000; id <= last; ++id)
    flood.push_back(split(datagram(2000, 64), 32, id)[0]);
  for (std::size_t at = 0; at < flood.size(); at += 500)
    CHECK(out(pair, {flood.begin() + static_cast<std::ptrdiff_t>(at),
                     flood.begin() + static_cast<std::ptrdiff_t>(at + 500)})
              .size() == 500);
  CHECK(out(pair, split(datagram(), 400, 7)).size() == 4);
  // The first of the flood is forgotten.
  CHECK(out(pair, {split(datagram(2000, 64), 32, 1000)[1]}).empty());
  CHECK(out(pair, {split(datagram(2000, 64), 32, last)[1]}).size() == 1);
}

TEST_CASE("FRAG-04: a policy that was edited judges anew, and a whole datagram frees its id") {
  EspPair pair(with_ports(FragmentChecks::Stateful));
  const auto pieces = split(datagram(), 400);
  CHECK(out(pair, {pieces[0], pieces[1]}).size() == 2);
  Policy no{
      .name = "no", .selectors = {Selector{}}, .action = PolicyAction::Discard, .protect = {}};
  REQUIRE(pair.sender().spd().insert(no, 0));
  pair.sender().publish();
  CHECK(out(pair, {pieces[2]}).empty());
  REQUIRE(pair.sender().spd().remove("no"));
  pair.sender().publish();
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(out(pair, split(datagram(2000, 1100 + i), 400, 79)).size() == 3);
}

TEST_CASE("FRAG-05: a BYPASS that names ports lets later fragments by only behind their first") {
  Selector named;
  named.protocol = kProtocolUdp;
  named.local_port = port(53);
  TestGateway gateway(two_ports(
      {{.name = "dns", .selectors = {named}, .action = PolicyAction::Bypass, .protect = {}}}));
  settle_two_ports(gateway);
  const auto answer = [](std::uint16_t from) {
    return PacketBuilder("198.51.100.2", "203.0.113.1").udp(from, 4000).filler(900).build();
  };
  for (const auto& piece : split(answer(53), 400, 1)) gateway.receive_ip(kInside, piece);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 3);
  for (const auto& piece : split(answer(54), 400, 2)) gateway.receive_ip(kInside, piece);
  gateway.settle();
  CHECK(gateway.sent(kOutside).empty());
  CHECK(gateway.dropped(DropReason::NoPolicy) == 1);
  CHECK(gateway.dropped(DropReason::FragmentUnmatched) == 2);
  static_cast<void>(gateway.sent(kInside));  // what the source was told
  // Inbound likewise.
  const auto question =
      PacketBuilder("203.0.113.1", "198.51.100.2").udp(4000, 53).filler(900).build();
  const auto pieces = split(question, 400, 3);
  gateway.receive_ip(kOutside, pieces[1]);
  gateway.receive_ip(kOutside, pieces[0]);
  gateway.receive_ip(kOutside, pieces[2]);
  gateway.settle();
  CHECK(gateway.sent(kInside).size() == 2);
  CHECK(gateway.dropped(DropReason::FragmentUnmatched) == 3);
}

TEST_CASE("FRAG-05: fragments are discarded by normal classification, too") {
  Selector later;
  later.protocol = kProtocolUdp;
  later.local_port = later.remote_port = PortSet::opaque();
  TestGateway gateway(two_ports(
      {{.name = "no", .selectors = {later}, .action = PolicyAction::Discard, .protect = {}},
       {.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}}));
  settle_two_ports(gateway);
  const auto pieces =
      split(PacketBuilder("198.51.100.2", "203.0.113.1").udp(1, 2).filler(900).build(), 400);
  for (const auto& piece : pieces) gateway.receive_ip(kInside, piece);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 1);
  CHECK(gateway.dropped(DropReason::PolicyDiscard) == 2);
}

namespace {

// An SA for later fragments of one protocol and nothing else.
EspPair::Settings opaque(std::uint8_t protocol, Family family, FragmentChecks checks) {
  const auto bend = [=](Selector& selector) {
    selector.protocol = protocol;
    selector.local_port = selector.remote_port = PortSet::opaque();
  };
  return {.inner = family,
          .adjust_outbound = [=](Sa& sa) { sa.fragments = checks; },
          .adjust_inbound =
              [=](Sa& sa) {
                bend(sa.selectors[0]);
                sa.fragments = checks;
              },
          .adjust_sender_policy =
              [=](Policy& policy) {
                bend(policy.selectors[0]);
                policy.protect->fragments = checks;
              }};
}

}  // namespace

TEST_CASE("FRAG-02: an OPAQUE SA carries later fragments, none that is tiny, and no first one") {
  EspPair pair(opaque(kProtocolTcp, Family::V4, FragmentChecks::Opaque));
  const auto tcp = PacketBuilder("198.51.100.2", "198.51.100.130").tcp(1, 2).filler(900).build();
  const auto pieces = split(tcp, 400);
  const auto wire = out(pair, pieces);
  CHECK(wire.size() == 2);
  CHECK(in(pair, wire).size() == 2);
  CHECK(pair.sender().dropped(DropReason::NoPolicy) == 1);
  // At octet 8 it would overwrite the first one's flags (RFC 3128).
  CHECK(out(pair, {piece_of(tcp, {.offset = 8, .more = false, .id = 9}, PacketBytes(40))}).empty());
  CHECK(pair.sender().dropped(DropReason::FragmentTiny) == 1);
  // A first one too short for its ports is OPAQUE, too, and yet is none of these.
  const auto sctp = PacketBuilder("198.51.100.2", "198.51.100.130").protocol(6).filler(2);
  CHECK(out(pair, {PacketBuilder(sctp).fragment({.offset = 0, .more = true, .id = 10}).build()})
            .empty());
  CHECK(pair.sender().dropped(DropReason::FragmentTiny) == 2);
}

TEST_CASE("FRAG-02: the receiver of an OPAQUE SA makes the same checks") {
  auto settings = opaque(kProtocolTcp, Family::V4, FragmentChecks::Opaque);
  settings.adjust_outbound = {};
  settings.adjust_sender_policy = {};
  EspPair pair(settings);
  const auto tcp = PacketBuilder("198.51.100.2", "198.51.100.130").tcp(1, 2).filler(900).build();
  const auto wire =
      out(pair, {split(tcp, 400)[0], split(tcp, 400)[1],
                 piece_of(tcp, {.offset = 8, .more = false, .id = 9}, PacketBytes(40)), tcp});
  REQUIRE(wire.size() == 4);
  CHECK(in(pair, wire).size() == 1);
  CHECK(pair.receiver().dropped(DropReason::SelectorMismatch) == 2);
  CHECK(pair.receiver().dropped(DropReason::FragmentTiny) == 1);
}

TEST_CASE("FRAG-02: IPv6 goes through an OPAQUE SA only by consent") {
  const auto tcp = PacketBuilder("2001:db8:1::2", "2001:db8:2::2").tcp(1, 2).filler(900).build();
  EspPair pair(opaque(kProtocolTcp, Family::V6, FragmentChecks::OpaqueIpv6));
  const auto wire = out(pair, split(tcp, 400));
  CHECK(wire.size() == 2);
  CHECK(in(pair, wire).size() == 2);
  auto settings = opaque(kProtocolTcp, Family::V6, FragmentChecks::OpaqueIpv6);
  settings.adjust_outbound = [](Sa& sa) { sa.fragments = FragmentChecks::Opaque; };
  EspPair without(settings);
  CHECK(out(without, split(tcp, 400)).empty());
  CHECK(without.sender().dropped(DropReason::FamilyNotAllowed) == 2);
}

}  // namespace sallyport::fragment_flows_test
