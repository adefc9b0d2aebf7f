// Who is who on the home link of a bench: addresses, SPIs and keys of mobile nodes by their
// numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "crypto/algorithms.h"
#include "net/address.h"
#include "sad/sa.h"

namespace sallyport::bench {

using NodeNumber = std::uint32_t;
inline constexpr NodeNumber kMostNodes = 1u << 20;

// Where a node is: 0 is the first place that it registers at.
using Place = std::uint16_t;

// Of the home agent, and the end of plain tunnels: 2001:db8:1::1.
[[nodiscard]] Address home_agent_address();
// Behind us, whom nodes speak with: 2001:db8:2::5.
[[nodiscard]] Address correspondent_address();
// On the home link; or, behind plain tunnels, of a network outside.
[[nodiscard]] Address home_address(NodeNumber node);
[[nodiscard]] Address far_address(NodeNumber node);
[[nodiscard]] Address care_of(NodeNumber node, Place place);

// The pairs of SAs that a node has.
enum class SaKind : std::uint8_t { Binding, Payload, ReturnRoutability };
struct SaName {
  SaKind kind{};
  Direction direction{};
  NodeNumber node{};
};
[[nodiscard]] std::string to_string(const SaName& name);
// The same both ways.
[[nodiscard]] Spi spi_of(SaKind kind, NodeNumber node);
[[nodiscard]] NodeNumber node_of(Spi spi);

// What AES-GCM of up to 256 bits takes: its own for each SA.
struct GcmKey {
  std::array<std::uint8_t, 32> key;
  std::array<std::uint8_t, 4> salt;
};
[[nodiscard]] GcmKey key_of(const SaName& name);

// Name, direction, SPI, transform and keys; the rest is of its policy.
[[nodiscard]] Sa begin_sa(const SaName& name, Transform transform);

}  // namespace sallyport::bench
