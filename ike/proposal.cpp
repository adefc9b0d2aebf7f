#include "ike/proposal.h"

#include <algorithm>

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

constexpr std::uint16_t kNoGroup = 0;      // D-H NONE
constexpr std::uint16_t kNoIntegrity = 0;  // AUTH NONE
constexpr std::size_t kChildSpiBytes = 4;
constexpr std::size_t kIkeSpiBytes = 8;

WireTransform wire(TransformType type, std::uint16_t id, std::uint16_t key_bits = 0) {
  return {.type = static_cast<std::uint8_t>(type), .id = id, .key_bits = key_bits};
}
WireTransform wire(Cipher cipher) {
  return wire(TransformType::Encryption, facts(cipher).ike_id, facts(cipher).key_bits);
}
WireTransform wire(Integrity integrity) {
  return wire(TransformType::Integrity, facts(integrity).ike_id);
}
WireTransform wire(Prf prf) { return wire(TransformType::Prf, facts(prf).ike_id); }
WireTransform wire(Group group) { return wire(TransformType::KeyExchange, facts(group).ike_id); }
WireTransform wire_esn(bool esn) {
  return wire(TransformType::ExtendedSequenceNumbers, esn ? 1 : 0);
}

bool offers(const Proposal& proposal, const WireTransform& transform) {
  return std::ranges::find(proposal.transforms, transform) != proposal.transforms.end();
}

bool has_type(const Proposal& proposal, TransformType type) {
  return std::ranges::find(proposal.transforms, static_cast<std::uint8_t>(type),
                           &WireTransform::type) != proposal.transforms.end();
}

// A proposal with a type of transform that is not understood is skipped whole (IKE-59).
bool is_understood(const Proposal& proposal) {
  return std::ranges::all_of(proposal.transforms, [](const WireTransform& transform) {
    const auto last = static_cast<std::uint8_t>(TransformType::ExtendedSequenceNumbers);
    return transform.type >= 1 && transform.type <= last;
  });
}

// No transform of a type, or its NONE.
bool may_go_without(const Proposal& proposal, TransformType type) {
  return !has_type(proposal, type) || offers(proposal, wire(type, 0));
}

template <class T>
std::optional<T> first_offered(const Proposal& proposal, std::span<const T> ours) {
  for (const T one : ours)
    if (offers(proposal, wire(one))) return one;
  return std::nullopt;
}

std::optional<Group> choose_group(const Proposal& proposal, std::span<const Group> ours,
                                  std::uint16_t preferred) {
  const auto group = group_by_ike_id(preferred);
  if (group && std::ranges::find(ours, *group) != ours.end() && offers(proposal, wire(*group)))
    return group;
  return first_offered(proposal, ours);
}

std::optional<ChosenIke> choose(const IkeProposal& ours, const Proposal& offered,
                                std::uint16_t preferred) {
  if (offered.protocol != ProtocolId::Ike || !is_understood(offered) ||
      has_type(offered, TransformType::ExtendedSequenceNumbers))
    return std::nullopt;
  const auto cipher = first_offered<Cipher>(offered, ours.ciphers);
  const auto prf = first_offered<Prf>(offered, ours.prfs);
  const auto group = choose_group(offered, ours.groups, preferred);
  if (!cipher || !prf || !group) return std::nullopt;
  Integrity integrity = Integrity::None;
  if (facts(*cipher).combined()) {
    if (!may_go_without(offered, TransformType::Integrity)) return std::nullopt;
  } else {
    const auto chosen = first_offered<Integrity>(offered, ours.integrities);
    if (!chosen) return std::nullopt;
    integrity = *chosen;
  }
  ChosenIke chosen{.suite = {{*cipher, integrity}, *prf, *group},
                   .answer = {.number = offered.number, .protocol = ProtocolId::Ike},
                   .peer_spi = offered.spi};
  chosen.answer.transforms = {wire(*cipher), wire(*prf)};
  if (integrity != Integrity::None) chosen.answer.transforms.push_back(wire(integrity));
  chosen.answer.transforms.push_back(wire(*group));
  return chosen;
}

// An answer has each type of transform once.
bool is_answer(std::span<const Proposal> answer) {
  if (answer.size() != 1) return false;
  std::vector<std::uint8_t> types;
  for (const WireTransform& transform : answer[0].transforms) {
    if (std::ranges::find(types, transform.type) != types.end()) return false;
    types.push_back(transform.type);
  }
  return true;
}

Octets octets_of(Spi spi) {
  Octets octets;
  append(octets, spi.value);
  return octets;
}

// The transforms of a child's algorithms alone.
std::vector<WireTransform> algorithms_of(IpsecProtocol protocol, Transform transform) {
  std::vector<WireTransform> wires;
  if (protocol == IpsecProtocol::Esp) wires.push_back(wire(transform.cipher));
  if (transform.integrity != Integrity::None) wires.push_back(wire(transform.integrity));
  return wires;
}

bool fits(const Proposal& offered, IpsecProtocol protocol, Transform transform) {
  const auto wires = algorithms_of(protocol, transform);
  if (!std::ranges::all_of(wires, [&](const WireTransform& w) { return offers(offered, w); }))
    return false;
  const bool cipher_expected = protocol == IpsecProtocol::Esp;
  if (has_type(offered, TransformType::Encryption) != cipher_expected) return false;
  return transform.integrity != Integrity::None ||
         may_go_without(offered, TransformType::Integrity);
}

// Which numbers; nullopt where there is no agreement. The type is mandatory (IKE-58).
std::optional<bool> choose_esn(const ChildTerms& ours, const Proposal& offered) {
  if (ours.esn && offers(offered, wire_esn(true))) return true;
  if (ours.thirty_two_bits && offers(offered, wire_esn(false))) return false;
  return std::nullopt;
}

struct GroupChoice {
  bool agreed{};
  std::optional<Group> group;
};

GroupChoice choose_child_group(const ChildTerms& ours, const Proposal& offered,
                               std::optional<std::uint16_t> preferred) {
  if (!ours.groups.empty())
    if (const auto group = choose_group(offered, ours.groups, preferred.value_or(kNoGroup)))
      return {true, group};
  const bool none_will_do =
      ours.groups.empty() && may_go_without(offered, TransformType::KeyExchange);
  return {none_will_do, std::nullopt};
}

std::optional<ChosenChild> choose(const ChildTerms& ours, Transform transform,
                                  const Proposal& offered, std::optional<std::uint16_t> preferred) {
  if (offered.protocol != protocol_id(ours.protocol) || offered.spi.size() != kChildSpiBytes ||
      load_be<std::uint32_t>(offered.spi.data()) < kFirstUsableSpi.value ||
      !is_understood(offered) || has_type(offered, TransformType::Prf) ||
      !fits(offered, ours.protocol, transform))
    return std::nullopt;
  const auto esn = choose_esn(ours, offered);
  const auto [agreed, group] = choose_child_group(ours, offered, preferred);
  if (!esn || !agreed) return std::nullopt;
  ChosenChild chosen{.transform = transform,
                     .esn = *esn,
                     .group = group,
                     .peer_spi = {load_be<std::uint32_t>(offered.spi.data())},
                     .answer = {.number = offered.number,
                                .protocol = offered.protocol,
                                .spi = offered.spi,
                                .transforms = algorithms_of(ours.protocol, transform)}};
  if (group) chosen.answer.transforms.push_back(wire(*group));
  chosen.answer.transforms.push_back(wire_esn(*esn));
  return chosen;
}

}  // namespace

ProtocolId protocol_id(IpsecProtocol protocol) noexcept {
  return protocol == IpsecProtocol::Ah ? ProtocolId::Ah : ProtocolId::Esp;
}

std::vector<Proposal> offer_ike(std::span<const IkeProposal> proposals, ByteView spi) {
  std::vector<Proposal> offer;
  for (const IkeProposal& proposal : proposals) {
    Proposal one{.number = static_cast<std::uint8_t>(offer.size() + 1),
                 .protocol = ProtocolId::Ike,
                 .spi = Octets(spi.begin(), spi.end())};
    for (const Cipher cipher : proposal.ciphers) one.transforms.push_back(wire(cipher));
    for (const Prf prf : proposal.prfs) one.transforms.push_back(wire(prf));
    for (const Integrity integrity : proposal.integrities)
      one.transforms.push_back(wire(integrity));
    for (const Group group : proposal.groups) one.transforms.push_back(wire(group));
    offer.push_back(std::move(one));
  }
  return offer;
}

std::optional<ChosenIke> choose_ike(std::span<const IkeProposal> ours,
                                    std::span<const Proposal> offered, std::uint16_t preferred) {
  for (const IkeProposal& mine : ours)
    for (const Proposal& proposal : offered)
      if (auto chosen = choose(mine, proposal, preferred)) return chosen;
  return std::nullopt;
}

std::optional<ChosenIke> accept_ike(std::span<const IkeProposal> ours,
                                    std::span<const Proposal> answer) {
  if (!is_answer(answer) || answer[0].number == 0 || answer[0].number > ours.size())
    return std::nullopt;
  auto accepted = choose(ours[answer[0].number - 1], answer[0], kNoGroup);
  if (!accepted || accepted->answer.transforms.size() < answer[0].transforms.size()) {
    // An explicit AUTH NONE beside a combined mode is one more, and harmless.
    const bool none = offers(answer[0], wire(TransformType::Integrity, kNoIntegrity));
    if (!accepted || !none) return std::nullopt;
  }
  const std::size_t spi_bytes = answer[0].spi.size();
  if (spi_bytes != 0 && spi_bytes != kIkeSpiBytes) return std::nullopt;
  return accepted;
}

std::vector<Group> groups_of(std::span<const IkeProposal> proposals) {
  std::vector<Group> groups;
  for (const IkeProposal& proposal : proposals)
    for (const Group group : proposal.groups)
      if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
  return groups;
}

Notify wants_group(Group group) {
  Notify notify{.type = NotifyType::InvalidKePayload};
  append(notify.data, facts(group).ike_id);
  return notify;
}

std::optional<Group> other_group(const Notify& error, std::span<const Group> offered,
                                 std::optional<Group> used) {
  if (error.type != NotifyType::InvalidKePayload || error.data.size() != 2) return std::nullopt;
  const auto group = group_by_ike_id(load_be<std::uint16_t>(error.data.data()));
  const bool is_offered = group && std::ranges::find(offered, *group) != offered.end();
  return is_offered && group != used ? group : std::nullopt;
}

std::vector<Proposal> offer_child(const ChildTerms& terms, Spi spi) {
  std::vector<Proposal> offer;
  for (const Transform transform : terms.transforms) {
    Proposal one{.number = static_cast<std::uint8_t>(offer.size() + 1),
                 .protocol = protocol_id(terms.protocol),
                 .spi = octets_of(spi),
                 .transforms = algorithms_of(terms.protocol, transform)};
    for (const Group group : terms.groups) one.transforms.push_back(wire(group));
    if (terms.esn) one.transforms.push_back(wire_esn(true));
    if (terms.thirty_two_bits) one.transforms.push_back(wire_esn(false));
    offer.push_back(std::move(one));
  }
  return offer;
}

std::optional<ChosenChild> choose_child(const ChildTerms& ours, std::span<const Proposal> offered,
                                        std::optional<std::uint16_t> preferred) {
  for (const Transform transform : ours.transforms)
    for (const Proposal& proposal : offered)
      if (auto chosen = choose(ours, transform, proposal, preferred)) return chosen;
  return std::nullopt;
}

std::optional<ChosenChild> accept_child(const ChildTerms& ours, std::span<const Proposal> answer) {
  if (!is_answer(answer) || answer[0].number == 0 || answer[0].number > ours.transforms.size())
    return std::nullopt;
  return choose(ours, ours.transforms[answer[0].number - 1], answer[0], std::nullopt);
}

}  // namespace sallyport::ike
