// DHCPv6 options, one behind the other (RFC 8415 21.1).
#pragma once

#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "mip6/message.h"

namespace sallyport::mip6 {

// RFC 8415 21, RFC 3646 3, RFC 6610 3.
enum class DhcpOption : std::uint16_t {
  ClientId = 1,
  ServerId = 2,
  OptionRequest = 6,
  ElapsedTime = 8,
  RelayMessage = 9,
  InterfaceId = 18,
  DnsServers = 23,
  HomeNetworkId = 49,
  VisitedHomeNetwork = 50,
  IdentifiedHomeNetwork = 69,
  HomeNetworkPrefix = 71,
  HomeAgentAddress = 72,
  HomeAgentName = 73,
};

inline void append16(Octets& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

// `data` has 65 535 octets at most.
inline void append_option(Octets& out, DhcpOption option, ByteView data) {
  append16(out, std::to_underlying(option));
  append16(out, data.size());
  out.insert(out.end(), data.begin(), data.end());
}

// Calls `take` with each option; false where they are not whole, or `take` has said so.
template <class Take>
[[nodiscard]] bool for_each_option(ByteView options, Take take) {
  constexpr std::size_t kOptionHeader = 4;
  while (!options.empty()) {
    if (options.size() < kOptionHeader) return false;
    const auto code = static_cast<DhcpOption>(load_be<std::uint16_t>(options.data()));
    const std::size_t size = load_be<std::uint16_t>(&options[2]);
    if (size > options.size() - kOptionHeader) return false;
    if (!take(code, options.subspan(kOptionHeader, size))) return false;
    options = options.subspan(kOptionHeader + size);
  }
  return true;
}

}  // namespace sallyport::mip6
