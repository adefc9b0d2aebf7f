// Between selectors of the SPD and those of IKE, and what a responder makes of an offer (RFC 7296
// 2.9, 3.13; RFC 4301 4.4.1.2; IKE-95..98). Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ike/wire/payloads.h"
#include "net/selector.h"

namespace sallyport::ike {

// TSi and TSr of an exchange, from this side.
struct SelectorPair {
  TrafficSelectors local;
  TrafficSelectors remote;
  friend bool operator==(const SelectorPair&, const SelectorPair&) = default;
};

// What an SA that carries `selectors` is offered as; the packet that asked for it comes first where
// there is one (IKE-96). Families stand side by side.
[[nodiscard]] SelectorPair offer_selectors(std::span<const Selector> selectors,
                                           const SelectorFields* packet);

// The part of `offered` that `policy` allows.
struct Narrowed {
  SelectorPair pair;
  bool more_possible{};  // a selector of the policy would have given what is not in it
};
// The answer begins with the selector of the policy that holds the first of each of the offered,
// which is the packet that asked, or else with the first that leaves something (IKE-97). Others
// join it, of either family, as long as policy has every combination of the two sides that this
// makes (SPD-05). Nullopt where none leaves anything. Bounded work, whatever is offered.
[[nodiscard]] std::optional<Narrowed> narrow(std::span<const Selector> policy,
                                             const SelectorPair& offered);

// What each selector of the policy has in common with a pair: kMostParts of them at most.
[[nodiscard]] std::vector<SelectorPair> parts_within(std::span<const Selector> policy,
                                                     const SelectorPair& pair);

// The first of each of the offered is one packet: the one that asked (IKE-96).
[[nodiscard]] bool begins_with_packet(const SelectorPair& offered);
// A selector of the policy holds the first of each of the offered.
[[nodiscard]] bool holds_first(std::span<const Selector> policy, const SelectorPair& offered);

// Everything that one says is within what the other says.
[[nodiscard]] bool is_subset(std::span<const TrafficSelector> inner,
                             std::span<const TrafficSelector> outer);

// What SAs carry whose selectors were agreed as this pair: every combination of both, one protocol
// at a time (SPD-10). Nullopt where no protocol is common to both.
[[nodiscard]] std::optional<std::vector<Selector>> to_selectors(const SelectorPair& pair);

// "192.0.2.0/24[tcp/443]"
[[nodiscard]] std::string to_string(std::span<const TrafficSelector> selectors);

}  // namespace sallyport::ike
