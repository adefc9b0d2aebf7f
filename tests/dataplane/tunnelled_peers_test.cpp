// Who reaches a mobile node of ours by its home agent (RFC 6275 11.7.2), and who cannot read what
// it says (11.3.5).
#include "dataplane/tunnelled_peers.h"

#include "net/icmp.h"
#include "tests/dataplane/mobility_scenes.h"

namespace sallyport::tunnelled_peers_test {
namespace {

const Address kStranger = ip6("2001:db8:c::3");

PacketBytes payload_of(const Address& source) {
  return PacketBuilder(source, kHome).udp(1, 2).filler(20).build();
}

class MobileNodeGateway : public MobileGateway {
 public:
  explicit MobileNodeGateway(bool tells = true) : MobileGateway(Scene::MobileNode) {
    gateway->dataplane().set_mobility(
        MobilityFacts{.home_addresses = {kHome}, .tells_tunnelled_peers = tells});
    bind(BindingUse::HomeRegistration);
  }

  // Whom control is told of because of this packet out of the home agent's tunnel, which arrives.
  std::vector<Address> told_of(const PacketBytes& inner) {
    CHECK(cross(kOutside, tunnelled(kHomeAgent, kCareOf, inner), kInside).size() == 1);
    return told();
  }
  std::vector<Address> told() {
    std::vector<Address> peers;
    for (const Event& event : gateway->events()) {
      if (event.kind != EventKind::TunnelledPeer) continue;
      CHECK(Address::v6(event.destination) == kHome);
      peers.push_back(Address::v6(event.source));
    }
    return peers;
  }
};

// What `speaker` says of a packet that has come from us.
PacketBytes problem(const Address& speaker, std::uint8_t code, const PacketBytes& packet) {
  return PacketBuilder(speaker, kCareOf)
      .icmp(icmp6::kParameterProblem, code, 6)
      .payload(packet)
      .build();
}

}  // namespace

TEST_CASE("RR-01: who comes by the home agent is told to control, each once a minute") {
  MobileNodeGateway node;
  CHECK(node.told_of(payload_of(kCorrespondent)) == std::vector{kCorrespondent});
  CHECK(node.told_of(payload_of(kCorrespondent)).empty());
  CHECK(node.told_of(payload_of(kStranger)) == std::vector{kStranger});
  node.gateway->clock().advance(std::chrono::seconds(59));
  CHECK(node.told_of(payload_of(kCorrespondent)).empty());
  node.gateway->clock().advance(std::chrono::seconds(2));
  CHECK(node.told_of(payload_of(kCorrespondent)) == std::vector{kCorrespondent});
}

TEST_CASE("RR-01: however many there are, control is told of no more than it can bear") {
  MobileNodeGateway node;
  std::size_t told = 0;
  for (std::uint8_t i = 0; i < 250; ++i) {
    Address peer = kCorrespondent;
    peer.bytes[14] = i;
    told += node.told_of(payload_of(peer)).size();
  }
  CHECK(told == 100);
}

TEST_CASE("RR-01: nobody is told of who comes straight, or has a route already") {
  MobileNodeGateway node;
  CHECK(node.cross(kOutside, payload_of(kCorrespondent), kInside).size() == 1);
  CHECK(node.told().empty());
  CHECK(node.told_of(payload_of(kHomeAgent)).empty());
  node.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  CHECK(node.told_of(payload_of(kCorrespondent)).empty());
  // Answers to what has begun already.
  const PacketBytes test = PacketBuilder(kStranger, kHome).mobility(3).build();
  CHECK(node.cross(kOutside, tunnelled(kHomeAgent, kCareOf, test), kInside).empty());
  CHECK(node.messages.size() == 1);
  CHECK(node.told().empty());
}

TEST_CASE("RR-12: where the mobile node wants no other routes nobody is told") {
  MobileNodeGateway node(false);
  CHECK(node.told_of(payload_of(kCorrespondent)).empty());
}

TEST_CASE("MN-13: a Parameter Problem about a packet of ours comes to who made it") {
  MobileNodeGateway node;
  const PacketBytes init = PacketBuilder(kCareOf, kCorrespondent).mobility(2).build();
  node.cross(kOutside, problem(kCorrespondent, icmp6::kCodeUnknownHeader, init), kInside);
  REQUIRE(node.problems.size() == 1);
  CHECK(node.problems[0].source == kCareOf);
  CHECK(node.problems[0].destination == kCorrespondent);
  CHECK(int{node.problems[0].protocol} == kProtocolMobility);
  CHECK(int{node.problems[0].code} == icmp6::kCodeUnknownHeader);
}

TEST_CASE("MN-13: one that is damaged, or about somebody else's packet, does not") {
  MobileNodeGateway node;
  const PacketBytes init = PacketBuilder(kCareOf, kCorrespondent).mobility(2).build();
  PacketBytes damaged = problem(kCorrespondent, icmp6::kCodeUnknownHeader, init);
  damaged.back() ^= 1;
  node.cross(kOutside, damaged, kInside);
  const PacketBytes others = PacketBuilder(kElsewhere, kCorrespondent).mobility(2).build();
  node.cross(kOutside, problem(kCorrespondent, icmp6::kCodeUnknownHeader, others), kInside);
  const PacketBytes nothing(8);
  node.cross(kOutside, problem(kCorrespondent, icmp6::kCodeUnknownHeader, nothing), kInside);
  const PacketBytes unreachable =
      PacketBuilder(kCorrespondent, kCareOf).icmp(icmp6::kUnreachable, 1).payload(init).build();
  node.cross(kOutside, unreachable, kInside);
  CHECK(node.problems.empty());
}

TEST_CASE("HA-17: a message in fragments in the tunnel still says where the tunnel came from") {
  MobileGateway agent(Scene::HomeAgent);
  agent.bind(BindingUse::HomeAgent);
  const PacketBytes init = PacketBuilder(kHome, kHomeAgent).mobility(1).filler(16).build();
  const auto piece = [&](std::uint16_t from, std::size_t size, bool more) {
    const auto begin = init.begin() + 40 + from;
    return PacketBuilder(kHome, kHomeAgent)
        .fragment({.offset = from, .more = more, .id = 3})
        .protocol(kProtocolMobility)
        .payload({begin, begin + static_cast<std::ptrdiff_t>(size)})
        .build();
  };
  const std::size_t rest = init.size() - 40 - 8;
  CHECK(agent.cross(kOutside, tunnelled(kCareOf, kHomeAgent, piece(0, 8, true)), kInside).empty());
  CHECK(agent.messages.empty());
  CHECK(agent.cross(kOutside, tunnelled(kCareOf, kHomeAgent, piece(8, rest, false)), kInside)
            .empty());
  REQUIRE(agent.messages.size() == 1);
  REQUIRE(agent.messages[0].tunnel);
  CHECK(agent.messages[0].tunnel->source == kCareOf);
}

}  // namespace sallyport::tunnelled_peers_test
