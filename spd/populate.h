// What an SA takes from the packet that asks for it, and what from policy (RFC 4301 4.4.2.2;
// SPD-13).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "spd/policy.h"

namespace sallyport {

// The selectors of an SA for one selector set of a policy and a packet that it matches: one row of
// the RFC's table for each field. Nullopt: the packet is to be discarded, for it does not show a
// value that is needed.
// A field that says nothing for the packet (kNotApplicable) keeps the policy's value.
[[nodiscard]] std::optional<Selector> populate(const Selector& set, const PopulateFromPacket& pfp,
                                               const SelectorFields& packet);

// The same for all sets of a policy that allow the packet's values where they are populated: what
// one SA may carry for every packet with those values. Empty: the packet is to be discarded.
[[nodiscard]] std::vector<Selector> populate(const Policy& policy, const SelectorFields& packet);

// Which flags hold for a policy: those that it sets, and, where it is for local users, the packet's
// own address (RFC 4301 4.4.1.1, Name 2; SPD-12).
[[nodiscard]] PopulateFromPacket populated_fields(const Policy& policy) noexcept;

// A policy and the values that an SA under it was populated with: packets of one key share an SA.
struct PopulatedKey {
  std::array<std::uint8_t, 16> local{};  // what is not populated is 0
  std::array<std::uint8_t, 16> remote{};
  PolicyId policy{};
  PortValue local_port{};
  PortValue remote_port{};
  std::uint16_t protocol{};
  Family family{};
  std::uint8_t unused{};

  // Nullopt: the packet does not show a value that is to be taken from it.
  [[nodiscard]] static std::optional<PopulatedKey> of(PolicyId policy,
                                                      const PopulateFromPacket& pfp,
                                                      const SelectorFields& packet) noexcept;
  friend auto operator<=>(const PopulatedKey&, const PopulatedKey&) = default;
};
static_assert(sizeof(PopulatedKey) == 48);

}  // namespace sallyport
