// Strong types shared by every module: numbers of different kinds do not mix.
#pragma once

#include <compare>
#include <cstdint>

namespace sallyport {

// An unsigned number of kind `Tag`, host order; compares with its own kind only.
template <class Tag, class Rep>
struct Strong {
  Rep value{};

  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
};

// Security Parameters Index, host order. 1-255 are reserved, 0 never appears on the wire
// (RFC 4303 2.1).
using Spi = Strong<struct SpiTag, std::uint32_t>;
inline constexpr Spi kFirstUsableSpi{256};

// 64-bit extended sequence number, host order (RFC 4303 2.2.1). The wire carries the low half.
using SequenceNumber = Strong<struct SequenceNumberTag, std::uint64_t>;

// Names one of several security policy databases (RFC 4301 4.4.1).
using SpdId = Strong<struct SpdIdTag, std::uint16_t>;

// A local user for whom policy may have entries of its own (RFC 4301 4.4.1.1, Name): packets bear
// the one of the port that they came in by.
using UserId = Strong<struct UserIdTag, std::uint8_t>;
inline constexpr UserId kNoUser{0};

// Index of a worker, 0 and up; of a port, in the order of the configuration.
using WorkerId = Strong<struct WorkerIdTag, std::uint16_t>;
using PortId = Strong<struct PortIdTag, std::uint16_t>;
inline constexpr PortId kNoPort{0xffff};

// Index of an SA in the outbound or inbound SA table.
using SaSlot = Strong<struct SaSlotTag, std::uint32_t>;
inline constexpr SaSlot kNoSa{0xffffffff};

// Where a KeyStore holds the expanded keys of one SA.
using KeySlot = Strong<struct KeySlotTag, std::uint32_t>;
inline constexpr KeySlot kNoKey{0xffffffff};

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };
enum class Direction : std::uint8_t { Outbound, Inbound };
enum class IpsecMode : std::uint8_t { Tunnel, Transport };
enum class IpsecProtocol : std::uint8_t { Esp = 50, Ah = 51 };

}  // namespace sallyport
