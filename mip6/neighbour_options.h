// Options in the format of neighbour discovery, and the prefix option as Mobile IPv6 extends it
// (RFC 4861 4.6, RFC 6275 7.2; NDX-01).
#pragma once

#include <chrono>
#include <optional>

#include "base/bytes.h"
#include "mip6/flags.h"
#include "mip6/message.h"

namespace sallyport::mip6 {

inline constexpr std::size_t kNeighbourOptionUnit = 8;

enum class NeighbourOption : std::uint8_t {
  SourceLinkAddress = 1,
  Prefix = 3,
  Mtu = 5,
  AdvertisementInterval = 7,  // RFC 6275 7.3
  HomeAgent = 8,              // RFC 6275 7.4
};

// Lifetimes as the wire has them; kForever is what has no end.
using PrefixLifetime = std::chrono::duration<std::uint32_t>;
inline constexpr PrefixLifetime kForever{0xffffffff};

enum class PrefixFlag : std::uint8_t {
  OnLink = 0x80,
  Autonomous = 0x40,
  RouterAddress = 0x20,  // RFC 6275 7.2
  All = 0xe0,
};

struct PrefixInformation {
  // With RouterAddress the router's whole address, else without host bits. 128 bits at most.
  Prefix prefix{Address::any(Family::V6), 64};
  Flags<PrefixFlag> flags{};
  PrefixLifetime valid{};
  PrefixLifetime preferred{};  // not always the shorter one
  friend bool operator==(const PrefixInformation&, const PrefixInformation&) = default;
};

// An option with the type and length octets; a prefix longer than an address is nullopt, and so is
// an option of another length than its type has: such are ignored.
[[nodiscard]] std::optional<PrefixInformation> parse_prefix(ByteView option) noexcept;
void append_prefix(Octets& to, const PrefixInformation& prefix);
// An option that is written already, type and length included.
void append_octets(Octets& to, ByteView option);

// Calls `take(type, option)` for each, while it returns true. False where it did not, or where an
// option has no length or does not fit, which makes the message malformed (RFC 4861 4.6).
template <class Take>
[[nodiscard]] bool walk_options(ByteView options, Take take) {
  while (!options.empty()) {
    if (options.size() < 2) return false;
    const std::size_t size = options[1] * kNeighbourOptionUnit;
    if (size == 0 || size > options.size()) return false;
    if (!take(static_cast<NeighbourOption>(options[0]), options.first(size))) return false;
    options = options.subspan(size);
  }
  return true;
}

}  // namespace sallyport::mip6
