#include "tests/ike/two_peers.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <utility>

#include "ike/key_log.h"

namespace sallyport::ike::test {

Expected<void> FakeInstaller::install(const ChildPlace& place, std::vector<Sa> fresh) {
  if (full) return fail(Error::Code::Exhausted, "full");
  for (const Sa& sa : fresh) {
    // Whatever IKE makes is an SA that the database would take.
    if (auto good = validate(sa); !good) FAIL("not an SA: " << to_string(good.error()));
    if (sas.contains(sa.name)) FAIL("twice: " << sa.name);
  }
  for (Sa& sa : fresh) {
    order.push_back(sa.name);
    policy_of[sa.name] = place.policy;
    const std::string name = sa.name;
    sas.emplace(name, std::move(sa));
  }
  places.push_back(place);
  return {};
}

void FakeInstaller::uninstall(std::span<const std::string> names) {
  for (const std::string& name : names) {
    sas.erase(name);
    std::erase(order, name);
  }
}

Expected<void> FakeInstaller::move(const std::string& name, const Endpoints& to,
                                   const std::optional<UdpEncapsulation>& encapsulation) {
  const auto found = sas.find(name);
  if (found == sas.end()) return fail(Error::Code::NotFound, "no SA " + name);
  found->second.endpoints = to;
  found->second.encapsulation = encapsulation;
  return {};
}

const Sa* FakeInstaller::outbound(const std::string& policy) const {
  for (auto name = order.rbegin(); name != order.rend(); ++name) {
    const Sa& sa = sas.at(*name);
    if (sa.direction == Direction::Outbound && policy_of.at(*name) == policy) return &sa;
  }
  return nullptr;
}

std::size_t FakeInstaller::count(Direction direction) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      sas, [&](const auto& one) { return one.second.direction == direction; }));
}

Node::Node(const Clock& the_clock, Address own, std::uint64_t seed)
    : clock(the_clock),
      address(own),
      random(seed),
      installer(static_cast<std::uint32_t>(seed) * 0x1000) {}

void Node::on_keys(const IkeSa& sa) {
  if (const auto line = ike_key_line(sa))
    key_lines.emplace_back(line->view().begin(), line->view().end());
}

// The first of its family.
std::optional<Address> Node::source_for(const Address& remote) {
  const std::vector<Address> all = addresses();
  const auto found = std::ranges::find(all, remote.family, &Address::family);
  return found == all.end() ? std::nullopt : std::optional(*found);
}

bool Node::is_ours(const Address& one) {
  const std::vector<Address> all = addresses();
  return std::ranges::find(all, one) != all.end();
}

std::vector<Address> Node::addresses() {
  std::vector<Address> all{address};
  all.insert(all.end(), more_addresses.begin(), more_addresses.end());
  return all;
}

void Node::start() {
  fetches.waiting.clear();
  daemon.reset();
  installer.sas.clear();
  installer.order.clear();
  daemon = std::make_unique<Daemon>(
      Daemon::Parts{*this, installer, *this, *this, jobs, *this, clock, random, this, &fetches},
      settings);
}

std::size_t Node::count(EventKind kind) const {
  return static_cast<std::size_t>(std::ranges::count(events, kind, &Event::kind));
}

const Event* Node::last(EventKind kind) const {
  const auto found = std::find_if(events.rbegin(), events.rend(),
                                  [&](const Event& event) { return event.kind == kind; });
  return found == events.rend() ? nullptr : &*found;
}

std::vector<const IkeSa*> Node::ike_sas() const {
  std::vector<const IkeSa*> all;
  daemon->for_each([&](const IkeSa& sa) { all.push_back(&sa); });
  return all;
}

std::vector<const IkeSa*> Node::up() const {
  std::vector<const IkeSa*> up = ike_sas();
  std::erase_if(up, [](const IkeSa* sa) { return sa->state != IkeState::Established; });
  return up;
}

const IkeSa& Node::only() const {
  const auto all = up();
  REQUIRE(all.size() == 1);
  return *all.front();
}

Peer psk_peer(std::string name, std::string identity, std::string local, std::string secret) {
  Peer peer;
  peer.name = std::move(name);
  peer.identities = {IdentityPattern::parse(identity).value()};
  peer.local_identity = Identity::parse(local).value();
  const auto shared = std::make_shared<const SecretBytes>(
      ByteView(reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()));
  peer.remote.resize(1);
  peer.remote[0].secret = shared;
  peer.local.secret = shared;
  peer.proposals = {parse_ike_proposal("aes128-gcm16+prf-hmac-sha256+curve25519+ecp256").value()};
  return peer;
}

Policy tunnel_policy(std::string name, const Endpoints& endpoints, std::string local,
                     std::string remote) {
  Policy policy;
  policy.name = std::move(name);
  policy.action = PolicyAction::Protect;
  policy.selectors = {{.local = {AddressRange::parse(local).value()},
                       .remote = {AddressRange::parse(remote).value()}}};
  policy.protect.emplace();
  policy.protect->endpoints = endpoints;
  policy.protect->proposals = {parse_transform("aes128-gcm16").value()};
  return policy;
}

bool is_twin(const Sa& outbound, const Sa& inbound) {
  const auto same = [](ByteView left, ByteView right) { return std::ranges::equal(left, right); };
  return inbound.direction == Direction::Inbound && outbound.spi == inbound.spi &&
         outbound.transform == inbound.transform && outbound.esn == inbound.esn &&
         outbound.mode == inbound.mode &&
         outbound.cipher_key.size() + outbound.integrity_key.size() > 0 &&
         same(outbound.cipher_key.view(), inbound.cipher_key.view()) &&
         same(outbound.salt.view(), inbound.salt.view()) &&
         same(outbound.integrity_key.view(), inbound.integrity_key.view()) &&
         outbound.endpoints.local == inbound.endpoints.remote &&
         outbound.endpoints.remote == inbound.endpoints.local &&
         outbound.selectors.front().local == inbound.selectors.front().remote;
}

void change_peer(Node& node, const std::function<void(Peer&)>& change) {
  Peer peer = *node.pad().entries().front();
  change(peer);
  node.set_peers({std::move(peer)});
}

TwoPeers::TwoPeers()
    : alice(clock, Address::parse("203.0.113.1").value(), 1),
      bob(clock, Address::parse("203.0.113.2").value(), 2) {
  Peer to_bob = psk_peer("bob", "bob.example.org", "alice.example.org", "shared secret");
  to_bob.locator.remote = bob.address;
  to_bob.may_claim = {AddressRange::parse("198.51.100.0/24").value()};
  alice.set_peers({std::move(to_bob)});
  Peer to_alice = psk_peer("alice", "alice.example.org", "bob.example.org", "shared secret");
  to_alice.locator.remote = alice.address;
  to_alice.may_claim = {AddressRange::parse("192.0.2.0/24").value()};
  bob.set_peers({std::move(to_alice)});
  alice.add_policy(
      tunnel_policy("net", {alice.address, bob.address}, "192.0.2.0/24", "198.51.100.0/24"));
  bob.add_policy(
      tunnel_policy("net", {bob.address, alice.address}, "198.51.100.0/24", "192.0.2.0/24"));
  alice.start();
  bob.start();
}

void TwoPeers::deliver(Node& from, const Datagram& datagram) {
  other(from).daemon->receive(seen_by_other(from, datagram.path), datagram.message);
}

Path TwoPeers::seen_by_other(const Node& from, const Path& path) const {
  if (!nat_) return {path.remote, path.local};
  if (&from == &alice)
    return {path.remote, path.local.port == kIkeNatPort ? nat_->outside_4500 : nat_->outside_500};
  const bool floated = path.remote == nat_->outside_4500;
  return {{alice.address, floated ? kIkeNatPort : kIkePort}, path.local};
}

bool TwoPeers::deliver(Node& from) {
  if (from.sent.empty()) return false;
  const Datagram datagram = std::move(from.sent.front());
  from.sent.pop_front();
  if (!lost(datagram.path)) deliver(from, datagram);
  return true;
}

void TwoPeers::authenticate() {
  REQUIRE(alice.daemon->initiate("net"));
  settle();
  REQUIRE(alice.up().size() == 1);
  REQUIRE(bob.up().size() == 1);
}

void TwoPeers::bring_up() {
  authenticate();
  REQUIRE(traffic_flows());
}

void TwoPeers::settle(unsigned most) {
  while (most-- > 0) {
    const bool moved = deliver(alice);
    if (!deliver(bob) && !moved) return;
  }
  FAIL("the two go on talking for ever");
}

void TwoPeers::poll() {
  alice.daemon->poll();
  bob.daemon->poll();
}

void TwoPeers::pass(Duration time) {
  constexpr Duration kStep = std::chrono::milliseconds(50);
  for (Duration gone{}; gone < time; gone += kStep) {
    clock.advance(kStep);
    poll();
    settle();
  }
}

void TwoPeers::pass_silently(Duration time) {
  constexpr Duration kStep = std::chrono::milliseconds(50);
  for (Duration gone{}; gone < time; gone += kStep) {
    clock.advance(kStep);
    poll();
  }
}

bool TwoPeers::traffic_flows() const {
  const auto heard = [](const Node& from, const Node& to) {
    const Sa* const out = from.installer.outbound("net");
    return out != nullptr && std::ranges::any_of(to.installer.sas, [&](const auto& one) {
             return is_twin(*out, one.second);
           });
  };
  return heard(alice, bob) && heard(bob, alice);
}

}  // namespace sallyport::ike::test
