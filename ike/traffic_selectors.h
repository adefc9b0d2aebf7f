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
  bool more_possible{};  // another selector of the policy would have given another answer
};
// One selector of the policy answers: the one that holds the first of each of the offered, which is
// the packet that asked, or else the first that leaves something (IKE-97). Nullopt where none does.
[[nodiscard]] std::optional<Narrowed> narrow(std::span<const Selector> policy,
                                             const SelectorPair& offered);

// Everything that one says is within what the other says.
[[nodiscard]] bool is_subset(std::span<const TrafficSelector> inner,
                             std::span<const TrafficSelector> outer);

// What SAs carry whose selectors were agreed as this pair: every combination of both, one protocol
// at a time (SPD-10). Nullopt where no protocol is common to both.
[[nodiscard]] std::optional<std::vector<Selector>> to_selectors(const SelectorPair& pair);

// "192.0.2.0/24[tcp/443]"
[[nodiscard]] std::string to_string(std::span<const TrafficSelector> selectors);

}  // namespace sallyport::ike
