// Alice is a mobile node, Bob her home agent: IKE runs from her care-of address, SAs are her home
// address's (RFC 4877 7; RFC 3776 6).
#include "net/protocol.h"
#include "tests/ike/movers.h"

namespace sallyport::ike::test::mobile_peers_test {
namespace {

const Address kHome = address("2001:db8:1::10");
const Address kAgent = address("2001:db8:1::1");
const Address kCareOf = address("2001:db8:77::5");
const Address kNext = address("2001:db8:88::5");

PortSet type(std::uint16_t value) {
  const auto number = static_cast<std::uint16_t>(value << 8);
  return PortSet::of({{number, number}}).value();
}

Policy protecting(std::string name, std::string peer, IpsecMode mode, Selector selector) {
  Policy policy;
  policy.name = std::move(name);
  policy.action = PolicyAction::Protect;
  policy.selectors = {std::move(selector)};
  policy.protect.emplace();
  policy.protect->mode = mode;
  policy.protect->peer = std::move(peer);
  policy.protect->proposals = {parse_transform("aes128-gcm16").value()};
  return policy;
}

Selector binding_of(const Address& home) {
  return {.local = {{home, home}},
          .remote = {{kAgent, kAgent}},
          .protocol = kProtocolMobility,
          .local_port = type(5),
          .remote_port = type(6)};
}
Selector tests_of(const Address& home) {
  return {.local = {{home, home}},
          .remote = {AddressRange::parse("::/0").value()},
          .protocol = kProtocolMobility,
          .local_port = type(1),
          .remote_port = type(3)};
}
Selector mirrored(Selector selector) {
  std::swap(selector.local, selector.remote);
  std::swap(selector.local_port, selector.remote_port);
  return selector;
}

class MobilePair : public TwoPeers {
 public:
  explicit MobilePair(const Address& home = kHome) {
    alice.address = kCareOf;
    bob.address = kAgent;
    Peer agent = psk_peer("agent", "ha.example.org", "user@example.org", "secret");
    agent.locator.remote = kAgent;
    agent.may_claim = {AddressRange::parse("::/0").value()};
    Peer user = psk_peer("user", "user@example.org", "ha.example.org", "secret");
    user.may_claim = {{kHome, kHome}};
    agent.mobility = user.mobility = PeerMobility::MobileIpv6;
    alice.set_peers({std::move(agent)});
    bob.set_peers({std::move(user)});
    alice.policies.clear();
    bob.policies.clear();
    alice.add_policy(protecting("binding", "agent", IpsecMode::Transport, binding_of(home)));
    alice.add_policy(protecting("tests", "agent", IpsecMode::Tunnel, tests_of(home)));
    bob.add_policy(protecting("binding", "user", IpsecMode::Transport, mirrored(binding_of(home))));
    bob.add_policy(protecting("tests", "user", IpsecMode::Tunnel, mirrored(tests_of(home))));
  }
  // As before the first Binding Update, and after it.
  void bring_up_binding() {
    alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
    REQUIRE(alice.daemon->initiate("binding"));
    settle();
    REQUIRE(alice.up().size() == 1);
  }
  void bring_up() {
    bring_up_binding();
    REQUIRE(alice.daemon->initiate("tests"));
    settle();
    REQUIRE(alice.up().size() == 1);
    REQUIRE(alice.up().front()->children.size() == 2);
  }
  // Nothing moves IKE SAs (K = 0).
  void without_k() {
    for (Node* const node : {&alice, &bob})
      change_peer(*node, [](Peer& peer) { peer.mobility = PeerMobility::None; });
  }
  // Of a packet that carries a Binding Update, as its Home Address option has it.
  void acquire_from(const Address& care_of) {
    alice.daemon->acquire(
        {.policy = alice.policies.front(),
         .selectors = alice.policies.front()->selectors,
         .packet = SelectorFields{kHome, kAgent, kProtocolMobility, 0x0500, kNotApplicable},
         .question = AcquireId{7},
         .care_of = care_of});
  }
  void end_binding() {
    const auto& children = alice.up().front()->children;
    const auto binding = std::ranges::find_if(
        children, [](const auto& child) { return child->policy->name == "binding"; });
    REQUIRE(alice.daemon->terminate_child((*binding)->name));
    settle();
    REQUIRE_FALSE(alice.daemon->has_children_of("binding"));
  }
  void move_both(const Address& to) {
    alice.address = to;
    alice.daemon->move_peer("agent", {to, kAgent});
    bob.daemon->move_peer("user", {kAgent, to});
  }
  [[nodiscard]] static Endpoints ends(const Node& node, const std::string& policy) {
    const Sa* const sa = node.installer.outbound(policy);
    REQUIRE(sa != nullptr);
    return sa->endpoints;
  }
  [[nodiscard]] bool are_twins(const std::string& policy) const {
    const Sa* const out = alice.installer.outbound(policy);
    if (out == nullptr) return false;
    return std::ranges::any_of(bob.installer.sas, [&](const auto& sa) {
      return is_twin(*out, sa.second) && sa.second.endpoints.local == out->endpoints.remote &&
             sa.second.endpoints.remote == out->endpoints.local;
    });
  }
};

std::size_t sas_of(const Node& node, const std::string& policy) {
  return static_cast<std::size_t>(std::ranges::count_if(
      node.installer.sas, [&](const auto& sa) { return sa.first.starts_with(policy + "/"); }));
}

}  // namespace

TEST_CASE("MDYN-10: IKE runs from the care-of address, and the SAs are the home address's") {
  MobilePair two;
  two.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  REQUIRE(two.alice.daemon->initiate("binding"));
  CHECK(two.alice.sent.front().path.local.address == kCareOf);
  CHECK(two.alice.sent.front().path.remote.address == kAgent);
  two.settle();
  REQUIRE(two.alice.up().size() == 1);
  const ChildSa& child = *two.alice.up().front()->children.front();
  REQUIRE(child.selectors.local.size() == 1);
  CHECK(child.selectors.local.front().addresses == AddressRange{kHome, kHome});
  CHECK(child.selectors.local.front().start_port == 0x0500);
  CHECK(child.selectors.local.front().end_port == 0x0500);
  CHECK(child.selectors.remote.front().addresses == AddressRange{kAgent, kAgent});
  CHECK(child.selectors.remote.front().start_port == 0x0600);
  CHECK(child.mode == IpsecMode::Transport);
  CHECK(MobilePair::ends(two.alice, "binding") == Endpoints{kHome, kAgent});
  CHECK(MobilePair::ends(two.bob, "binding") == Endpoints{kAgent, kHome});
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MDYN-03: the tunnel's outer addresses are care-of address and home agent") {
  MobilePair two;
  two.bring_up();
  CHECK(MobilePair::ends(two.alice, "tests") == Endpoints{kCareOf, kAgent});
  CHECK(MobilePair::ends(two.bob, "tests") == Endpoints{kAgent, kCareOf});
  CHECK(two.are_twins("tests"));
}

TEST_CASE(
    "MDYN-03, MDYN-04: a Home Test Init, or a Home Test, asks for the entry that is for both") {
  for (const bool home_agent : {false, true}) {
    MobilePair two;
    // What would hold these packets as well, were the types not looked at.
    Selector payload{.local = {{kHome, kHome}}, .remote = {AddressRange::parse("::/0").value()}};
    two.alice.add_policy(protecting("payload", "agent", IpsecMode::Tunnel, payload));
    two.bob.add_policy(protecting("payload", "user", IpsecMode::Tunnel, mirrored(payload)));
    two.bring_up_binding();
    const Address correspondent = address("2001:db8:9::9");
    Node& asker = home_agent ? two.bob : two.alice;
    const SelectorFields packet =
        home_agent
            ? SelectorFields{correspondent, kHome, kProtocolMobility, 0x0300, kNotApplicable}
            : SelectorFields{kHome, correspondent, kProtocolMobility, 0x0100, kNotApplicable};
    asker.daemon->acquire({.policy = asker.policies[1],
                           .selectors = asker.policies[1]->selectors,
                           .packet = packet,
                           .question = AcquireId{7}});
    two.settle();
    INFO(home_agent);
    for (const Node* const node : {&two.alice, &two.bob}) {
      CHECK(sas_of(*node, "tests") == 2);
      CHECK(sas_of(*node, "payload") == 0);
    }
    CHECK(two.are_twins("tests"));
  }
}

TEST_CASE("MDYN-09: children are for the user's own home address and no other") {
  MobilePair two(address("2001:db8:1::11"));
  two.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.alice.installer.sas.empty());
}

TEST_CASE(
    "MDYN-12: an entry is for the peer that it names, whoever else might claim its addresses") {
  const Address other = address("2001:db8:1::11");
  MobilePair two(other);
  // Both users may claim both; the home agent's entry of the second is for that one alone.
  Peer user = psk_peer("user", "user@example.org", "ha.example.org", "secret");
  Peer second = psk_peer("second", "second@example.org", "ha.example.org", "secret");
  user.may_claim = second.may_claim = {{kHome, kHome}, {other, other}};
  two.bob.set_peers({std::move(user), std::move(second)});
  two.bob.policies.clear();
  two.bob.add_policy(
      protecting("binding", "second", IpsecMode::Transport, mirrored(binding_of(other))));
  two.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK(two.alice.up().size() == 1);
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.bob.installer.sas.empty());
  // Once there is an entry for who has authenticated, the same question has SAs.
  two.bob.add_policy(protecting("own", "user", IpsecMode::Transport, mirrored(binding_of(other))));
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MDYN-12: a mobile node that nobody knows gets no SAs, whatever home address it claims") {
  MobilePair two;
  two.bob.set_peers({psk_peer("second", "second@example.org", "ha.example.org", "secret")});
  two.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.settle();
  CHECK(two.alice.up().empty());
  CHECK(two.bob.up().empty());
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.alice.installer.sas.empty());
}

TEST_CASE("MDYN-13: the home agent does not begin before it knows where the node is") {
  MobilePair two;
  const auto begun = two.bob.daemon->initiate("binding");
  REQUIRE_FALSE(begun);
  CHECK_THAT(begun.error().what, Catch::Contains("nobody knows where the peer is"));
  CHECK(two.bob.sent.empty());
  two.bob.daemon->place_peer("user", Endpoints{kAgent, kCareOf});
  REQUIRE(two.bob.daemon->initiate("binding"));
  REQUIRE_FALSE(two.bob.sent.empty());
  CHECK(two.bob.sent.front().path.remote.address == kCareOf);
  CHECK(two.bob.sent.front().path.local.address == kAgent);
  two.settle();
  CHECK(two.are_twins("binding"));
  two.bob.daemon->place_peer("user", std::nullopt);
  REQUIRE_FALSE(two.bob.daemon->initiate_anew("binding"));
}

TEST_CASE("MAPI-06: with K the IKE SA and its tunnels move without a message, and numbers go on") {
  MobilePair two;
  two.bring_up();
  const IkeSpi spi = two.alice.up().front()->our_spi();
  const std::string child = two.alice.up().front()->children.back()->name;
  two.move_both(kNext);
  CHECK(two.alice.sent.empty());
  CHECK(two.bob.sent.empty());
  CHECK(two.alice.up().front()->our_spi() == spi);
  CHECK(two.alice.up().front()->path.local.address == kNext);
  CHECK(two.bob.up().front()->path.remote.address == kNext);
  CHECK(MobilePair::ends(two.alice, "tests") == Endpoints{kNext, kAgent});
  CHECK(MobilePair::ends(two.bob, "tests") == Endpoints{kAgent, kNext});
  // In transport mode nothing has changed (MAPI-04).
  CHECK(MobilePair::ends(two.alice, "binding") == Endpoints{kHome, kAgent});
  CHECK(two.are_twins("binding"));
  // IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA were 0, 1, 2.
  REQUIRE(two.alice.daemon->rekey_child(child));
  CHECK(two.alice.sent.front().path.local.address == kNext);
  CHECK(header_of(two.alice.sent.front()).message_id == MessageId{3});
  two.settle();
  CHECK(two.are_twins("tests"));
  CHECK(MobilePair::ends(two.bob, "tests") == Endpoints{kAgent, kNext});
}

TEST_CASE("MAPI-06: a new address of ours waits for its registration, and ends no IKE SA") {
  MobilePair two;
  two.bring_up();
  two.alice.address = kNext;
  two.alice.daemon->follow_addresses();
  two.settle();
  CHECK(two.alice.up().size() == 1);
  CHECK(two.alice.up().front()->path.local.address == kCareOf);
  // Of one that is not established nothing is worth waiting for.
  MobilePair half;
  half.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  REQUIRE(half.alice.daemon->initiate("binding"));
  half.alice.address = kNext;
  half.alice.daemon->follow_addresses();
  CHECK(half.alice.ike_sas().empty());
}

TEST_CASE("MDYN-16: without K the IKE SA ends unheard, and SAs in transport mode go on") {
  MobilePair two;
  two.bring_up();
  two.alice.address = kNext;
  two.alice.daemon->drop_peer("agent", {kNext, kAgent});
  two.bob.daemon->drop_peer("user", {kAgent, kNext});
  CHECK(two.alice.sent.empty());
  CHECK(two.bob.sent.empty());
  CHECK(two.alice.up().empty());
  CHECK(two.bob.up().empty());
  CHECK(sas_of(two.alice, "binding") == 2);
  CHECK(sas_of(two.bob, "binding") == 2);
  CHECK(sas_of(two.alice, "tests") == 0);
  CHECK(two.alice.daemon->has_children_of("binding"));
  CHECK_FALSE(two.alice.daemon->has_children_of("tests"));
  // The new IKE SA goes from the new place; what it makes takes the place of what was left.
  REQUIRE(two.alice.daemon->initiate("binding"));
  CHECK(two.alice.sent.front().path.local.address == kNext);
  two.settle();
  CHECK(two.alice.up().size() == 1);
  CHECK(sas_of(two.alice, "binding") == 2);
  CHECK(sas_of(two.bob, "binding") == 2);
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MDYN-16: an IKE SA that is at the new place already is not dropped") {
  MobilePair two;
  two.bring_up();
  two.bob.daemon->drop_peer("user", {kAgent, kCareOf});
  CHECK(two.bob.up().size() == 1);
  CHECK(sas_of(two.bob, "tests") == 2);
}

TEST_CASE("MDYN-16: what has no IKE SA any more ends with its policy, or in time") {
  MobilePair two;
  two.bring_up();
  two.alice.daemon->drop_peer("agent", {kNext, kAgent});
  two.bob.daemon->drop_peer("user", {kAgent, kNext});
  two.bob.policies.clear();
  two.bob.daemon->poll();
  CHECK(two.bob.installer.sas.empty());
  two.clock.advance(std::chrono::hours(7));
  two.alice.daemon->poll();
  CHECK(sas_of(two.alice, "binding") == 2);
  two.clock.advance(std::chrono::hours(1));
  two.alice.daemon->poll();
  CHECK(two.alice.installer.sas.empty());
}

TEST_CASE("MAPI-11: a packet of the home address asks for SAs of it, from the care-of address") {
  MobilePair two;
  two.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  const SelectorFields packet{kHome, kAgent, kProtocolMobility, 0x0500, kNotApplicable};
  two.alice.daemon->acquire({.policy = two.alice.policies.front(),
                             .selectors = two.alice.policies.front()->selectors,
                             .packet = packet,
                             .question = AcquireId{7}});
  REQUIRE_FALSE(two.alice.sent.empty());
  CHECK(two.alice.sent.front().path.local.address == kCareOf);
  two.settle();
  REQUIRE(two.alice.installer.places.size() == 1);
  CHECK(two.alice.installer.places.front().answers == AcquireId{7});
  CHECK(two.alice.installer.places.front().packet.local == kHome);
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MAPI-11: with K the IKE SA asks from where the Binding Update goes out") {
  MobilePair two;
  two.bring_up();
  two.end_binding();
  two.alice.address = kNext;  // as nobody has told yet
  two.acquire_from(kNext);
  REQUIRE_FALSE(two.alice.sent.empty());
  CHECK(two.alice.sent.front().path.local.address == kNext);
  CHECK(header_of(two.alice.sent.front()).exchange == ExchangeType::CreateChildSa);
  two.settle();
  CHECK(two.alice.up().size() == 1);
  CHECK(two.alice.installer.places.back().answers == AcquireId{7});
  CHECK(two.are_twins("binding"));
  CHECK(MobilePair::ends(two.alice, "binding") == Endpoints{kHome, kAgent});
}

TEST_CASE("MAPI-11: without K a new IKE SA asks from where the Binding Update goes out") {
  MobilePair two;
  two.without_k();
  two.bring_up();
  two.end_binding();
  two.alice.address = kNext;
  two.acquire_from(kNext);
  REQUIRE_FALSE(two.alice.sent.empty());
  CHECK(two.alice.sent.front().path.local.address == kNext);
  CHECK(header_of(two.alice.sent.front()).exchange == ExchangeType::IkeSaInit);
  two.settle();
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MAPI-11, MAPI-03: a care-of address that is not ours moves nothing") {
  MobilePair two;
  two.bring_up();
  two.end_binding();
  two.acquire_from(kNext);
  CHECK(two.alice.up().front()->path.local.address == kCareOf);
  CHECK(MobilePair::ends(two.alice, "tests") == Endpoints{kCareOf, kAgent});
  two.settle();
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MDYN-10: what was begun at another place ends when the node has moved on") {
  MobilePair two;
  two.alice.daemon->place_peer("agent", Endpoints{kCareOf, kAgent});
  REQUIRE(two.alice.daemon->initiate("binding"));
  two.alice.sent.clear();
  two.alice.address = kNext;
  two.alice.more_addresses = {kCareOf};  // the router there is still known
  two.alice.daemon->place_peer("agent", Endpoints{kNext, kAgent});
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.alice.last(EventKind::ChildFailed)->subject == "binding");
  CHECK(two.alice.ike_sas().empty());
  REQUIRE(two.alice.daemon->initiate("binding"));
  CHECK(two.alice.sent.front().path.local.address == kNext);
  two.settle();
  CHECK(two.are_twins("binding"));
}

TEST_CASE("MAPI-06: without K a lost address ends no IKE SA before the registration does") {
  MobilePair two;
  two.without_k();
  two.bring_up();
  two.alice.address = kNext;
  two.alice.daemon->follow_addresses();
  CHECK(two.alice.up().size() == 1);
  CHECK(two.alice.daemon->has_children_of("binding"));
  CHECK_FALSE(two.alice.daemon->has_orphans_of("binding"));
  two.alice.daemon->drop_peer("agent", {kNext, kAgent});
  CHECK(two.alice.daemon->has_orphans_of("binding"));
  CHECK_FALSE(two.alice.daemon->has_orphans_of("tests"));
}

TEST_CASE("MAPI-10: without any interaction all is negotiated anew from the new place") {
  MobilePair two;
  two.without_k();
  two.bring_up();
  const IkeSpi before = two.alice.up().front()->our_spi();
  two.alice.address = kNext;
  two.alice.daemon->place_peer("agent", Endpoints{kNext, kAgent});
  // Neither tunnels nor IKE SAs have been moved; what asks for SAs has new ones.
  for (const char* const policy : {"binding", "tests"}) {
    REQUIRE(two.alice.daemon->initiate(policy));
    CHECK(two.alice.sent.front().path.local.address == kNext);
    two.settle();
  }
  CHECK(two.are_twins("binding"));
  CHECK(two.are_twins("tests"));
  CHECK(MobilePair::ends(two.alice, "tests") == Endpoints{kNext, kAgent});
  CHECK(MobilePair::ends(two.bob, "tests") == Endpoints{kAgent, kNext});
  two.alice.daemon->drop_peer("agent", {kNext, kAgent});
  two.bob.daemon->drop_peer("user", {kAgent, kNext});
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.alice.up().front()->our_spi() != before);
  CHECK(two.are_twins("binding"));
  CHECK(sas_of(two.alice, "tests") == 2);
}

TEST_CASE("MAPI-12: a rekey that crosses a move ends with the same ends on both sides") {
  for (unsigned before = 0; before < 4; ++before) {
    MobilePair two;
    two.bring_up();
    const std::string child = two.alice.up().front()->children.back()->name;
    REQUIRE(two.alice.daemon->rekey_child(child));
    // So many messages have arrived when the registration is through.
    for (unsigned i = 0; i < before; ++i)
      if (!two.deliver(two.alice)) static_cast<void>(two.deliver(two.bob));
    two.move_both(kNext);
    two.settle();
    two.pass(std::chrono::seconds(40));
    INFO(before);
    CHECK(two.are_twins("tests"));
    CHECK(MobilePair::ends(two.alice, "tests") == Endpoints{kNext, kAgent});
    CHECK(MobilePair::ends(two.bob, "tests") == Endpoints{kAgent, kNext});
    CHECK(sas_of(two.alice, "tests") == 2);
    CHECK(two.are_twins("binding"));
  }
}

}  // namespace sallyport::ike::test::mobile_peers_test
