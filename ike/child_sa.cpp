#include "ike/child_sa.h"

#include <algorithm>

#include "spd/populate.h"

namespace sallyport::ike {
namespace {

Sa one_half(const ChildSa& child, const ChildPath& path, Direction direction) {
  const Protection& protection = *child.policy->protect;
  Sa sa;
  sa.direction = direction;
  sa.protocol = protection.protocol;
  sa.mode = child.mode;
  sa.endpoints = path.endpoints;
  sa.transform = child.chosen.transform;
  sa.esn = child.chosen.esn;
  sa.replay_window = protection.replay_window;
  sa.encapsulation = path.encapsulation;
  sa.header = protection.header;
  sa.fragments = protection.fragments;
  sa.fragmentation = protection.fragmentation;
  sa.selectors = to_selectors(child.selectors).value_or(std::vector<Selector>{});
  // Time is IKE's own: it knows when a successor was asked for.
  sa.soft = {.bytes = protection.soft.bytes, .packets = protection.soft.packets, .time = {}};
  sa.hard = {.bytes = protection.hard.bytes, .packets = protection.hard.packets, .time = {}};
  const bool outbound = direction == Direction::Outbound;
  sa.loop_back = outbound && protection.loop_back;
  sa.follows_peer = !outbound && path.follows_peer;
  if (outbound && child.mode == IpsecMode::Tunnel) {
    sa.tfc_bytes = protection.tfc_bytes;
    sa.tfc_multiple = protection.tfc_multiple;
  }
  return sa;
}

void give_keys(Sa& sa, const ChildKeys::Half& keys) {
  sa.cipher_key = Secret<32>(keys.cipher.view());
  sa.salt = Secret<4>(keys.salt.view());
  sa.integrity_key = Secret<64>(keys.integrity.view());
}

// Where policy leaves it open: what RFC 8221 says MUST and SHOULD of, the best first.
std::vector<Transform> usual_transforms(IpsecProtocol protocol) {
  if (protocol == IpsecProtocol::Ah)
    return {{Cipher::Null, Integrity::HmacSha256_128}, {Cipher::Null, Integrity::HmacSha512_256}};
  return {{Cipher::AesGcm16_256, Integrity::None},
          {Cipher::AesGcm16_128, Integrity::None},
          {Cipher::ChaCha20Poly1305, Integrity::None},
          {Cipher::AesCbc256, Integrity::HmacSha256_128},
          {Cipher::AesCbc128, Integrity::HmacSha256_128}};
}

PortValue first_port(const TrafficSelector& selector) {
  if (selector.opaque() || selector.any_port()) return kUnavailable;
  return selector.start_port;
}

// The first that both allow; nullopt where no packet is of both.
std::optional<SelectorFields> first_packet(const TrafficSelector& local,
                                           const TrafficSelector& remote) {
  const bool protocols_meet =
      local.protocol == remote.protocol || local.protocol == 0 || remote.protocol == 0;
  if (!protocols_meet || local.addresses.first.family != remote.addresses.first.family)
    return std::nullopt;
  return SelectorFields{.local = local.addresses.first,
                        .remote = remote.addresses.first,
                        .protocol = std::max(local.protocol, remote.protocol),
                        .local_port = first_port(local),
                        .remote_port = first_port(remote)};
}

// The one address that all of a side is for.
std::optional<Address> only_address(const TrafficSelectors& side) {
  if (side.empty()) return std::nullopt;
  const AddressRange& first = side.front().addresses;
  const bool one = first.first == first.last && std::ranges::all_of(side, [&](const auto& other) {
                     return other.addresses == first;
                   });
  return one ? std::optional(first.first) : std::nullopt;
}

bool holds(const TrafficSelectors& side, const Address& address) {
  return std::ranges::any_of(
      side, [&](const TrafficSelector& one) { return one.addresses.contains(address); });
}

}  // namespace

std::string_view to_string(ChildState state) noexcept {
  switch (state) {
    case ChildState::Live:
      return "live";
    case ChildState::Rekeying:
      return "rekeying";
    case ChildState::Replaced:
      return "replaced";
    case ChildState::Deleting:
      return "deleting";
    case ChildState::Gone:
      return "gone";
  }
  return {};
}

std::vector<PolicySource::Entry> ChildSa::policies() const {
  std::vector<PolicySource::Entry> all{policy};
  all.insert(all.end(), linked.begin(), linked.end());
  return all;
}

ChildPair make_pair(const ChildSa& child, const ChildKeys& keys, const ChildPath& along) {
  ChildPath path = along;
  // In transport mode between other addresses than IKE's, a home address for one, they are what
  // packets have as IPsec sees them (RFC 4877 7.3).
  if (!may_move(child, path)) {
    const auto local = only_address(child.selectors.local);
    const auto remote = only_address(child.selectors.remote);
    if (local && remote) path.endpoints = {*local, *remote};
  }
  ChildPair pair{one_half(child, path, Direction::Outbound),
                 one_half(child, path, Direction::Inbound)};
  pair.outbound.name = child.outbound_name();
  pair.outbound.spi = child.chosen.peer_spi;
  pair.inbound.name = child.inbound_name();
  pair.inbound.spi = child.inbound;
  const bool initiator = child.side == Side::Initiator;
  give_keys(pair.outbound, initiator ? keys.to_responder : keys.to_initiator);
  give_keys(pair.inbound, initiator ? keys.to_initiator : keys.to_responder);
  return pair;
}

bool may_move(const ChildSa& child, const ChildPath& path) {
  return child.mode == IpsecMode::Tunnel || (holds(child.selectors.local, path.endpoints.local) &&
                                             holds(child.selectors.remote, path.endpoints.remote));
}

std::vector<SelectorFields> packets_of(const SelectorPair& pair, const Policy& policy) {
  const PopulateFromPacket pfp = populated_fields(policy);
  std::vector<SelectorFields> packets;
  std::vector<std::optional<PopulatedKey>> keys;  // nullopt: does not show what is populated
  for (const SelectorPair& part : parts_within(policy.selectors, pair))
    for (const TrafficSelector& local : part.local)
      for (const TrafficSelector& remote : part.remote) {
        const auto packet = first_packet(local, remote);
        if (!packet) continue;
        const auto key = PopulatedKey::of({}, pfp, *packet);
        if (std::ranges::find(keys, key) != keys.end()) continue;
        keys.push_back(key);
        packets.push_back(*packet);
        if (packets.size() == kMostValues || pfp == PopulateFromPacket{}) return packets;
      }
  return packets;
}

bool are_alike(const Policy& left, const Policy& right) {
  return left.spd == right.spd && left.tunnel == right.tunnel && left.pfp == right.pfp &&
         left.names == right.names && left.protect == right.protect;
}

ChildTerms terms_of(const Protection& protection, ForwardSecrecy secrecy) {
  return {.protocol = protection.protocol,
          .transforms = protection.proposals.empty() ? usual_transforms(protection.protocol)
                                                     : protection.proposals,
          .groups = secrecy == ForwardSecrecy::AsPolicySays ? protection.pfs : std::vector<Group>{},
          .esn = protection.esn && protection.replay_window != 0,
          .thirty_two_bits = true};
}

}  // namespace sallyport::ike
