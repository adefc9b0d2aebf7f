// The Mobility Header: its numbers, and its checksum (RFC 6275 6.1; MH-01, MH-02, MH-10..13).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport::mip6 {

// What every message begins with (RFC 6275 6.1.1).
struct MobilityHeader {
  std::uint8_t payload_protocol;  // 59, as nothing may follow
  std::uint8_t length;            // 8-octet units behind the first
  std::uint8_t type;
  std::uint8_t reserved;
  Be16 checksum;
};
static_assert(sizeof(MobilityHeader) == 6 && alignof(MobilityHeader) == 1);

inline constexpr std::size_t kMobilityUnit = 8;
// As much as the length field can say.
inline constexpr std::size_t kMostMessageBytes = 256 * kMobilityUnit;

enum class MessageType : std::uint8_t {
  BindingRefreshRequest = 0,
  HomeTestInit = 1,
  CareOfTestInit = 2,
  HomeTest = 3,
  CareOfTest = 4,
  BindingUpdate = 5,
  BindingAcknowledgement = 6,
  BindingError = 7,
  HomeAgentSwitch = 12,    // RFC 5142
  Heartbeat = 13,          // RFC 5847
  BindingRevocation = 16,  // RFC 5846
};

struct MessageFacts {
  MessageType type;
  std::string_view name;        // "Binding Update", for logs
  std::uint8_t minimum_length;  // of the length field, 8-octet units (RFC 6275 6.1, 9.2)
};
// Null for a type that is not known here (MH-04).
[[nodiscard]] const MessageFacts* facts_of(std::uint8_t type) noexcept;

// Mobility options (RFC 6275 6.2).
enum class OptionType : std::uint8_t {
  Pad1 = 0,  // one octet, without a length
  PadN = 1,
  RefreshAdvice = 2,
  AlternateCareOf = 3,
  NonceIndices = 4,
  Authorization = 5,
  MobileNetworkPrefix = 6,  // RFC 3963 4.3
  DnsUpdate = 17,           // RFC 5026 8.1
  BindingIdentifier = 35,   // RFC 5648 4.3
};

// Of a Binding Update. What RFC 5648 4.2 draws at 0x0040 (O) never came into the registry, where
// RFC 6602 has that bit: neither is known here.
enum class UpdateFlag : std::uint16_t {
  Acknowledge = 0x8000,
  HomeRegistration = 0x4000,
  LinkLocalCompatible = 0x2000,
  KeyManagementMobility = 0x1000,
  MapRegistration = 0x0800,    // M, RFC 5380
  MobileRouter = 0x0400,       // R, RFC 3963 4.1
  ProxyRegistration = 0x0200,  // P, RFC 5213 8.1
  ForceUdp = 0x0100,           // F, RFC 5555 3.1.3
  TlvHeader = 0x0080,          // T, RFC 5845
  All = 0xff80,
};

// Of a Binding Acknowledgement.
enum class AcknowledgementFlag : std::uint8_t {
  KeyManagementMobility = 0x80,
  MobileRouter = 0x40,       // R, RFC 3963 4.2
  ProxyRegistration = 0x20,  // P, RFC 5213 8.2
  All = 0xe0,
};

// Of a Heartbeat (RFC 5847 3.3).
enum class HeartbeatFlag : std::uint16_t { Unsolicited = 0x0002, Response = 0x0001, All = 0x0003 };

// Of a Binding Revocation (RFC 5846 5.1, 5.2).
enum class RevocationFlag : std::uint16_t {
  Proxy = 0x8000,
  Ipv4Only = 0x4000,
  Global = 0x2000,
  All = 0xe000,
};

// Of a Binding Acknowledgement (RFC 6275 6.1.8). May hold a value without a name here.
enum class BindingStatus : std::uint8_t {
  Accepted = 0,
  AcceptedPrefixDiscovery = 1,
  IncompleteBulk = 4,        // RFC 5648 4.4
  HomeWithoutDiscovery = 5,  // RFC 5648 4.4
  Unspecified = 128,
  Prohibited = 129,
  InsufficientResources = 130,
  HomeRegistrationNotSupported = 131,
  NotHomeSubnet = 132,
  NotHomeAgent = 133,
  DuplicateAddress = 134,
  SequenceOutOfWindow = 135,
  ExpiredHomeNonce = 136,
  ExpiredCareOfNonce = 137,
  ExpiredNonces = 138,
  TypeChangeDisallowed = 139,
  MobileRouterNotPermitted = 140,  // RFC 3963 4.2, to 143
  InvalidPrefix = 141,
  PrefixNotAuthorized = 142,
  ForwardingSetupFailed = 143,
  MalformedBindingIdentifier = 164,  // RFC 5648 4.4, to 169
  SingleBindingExists = 165,
  SeveralBindingsProhibited = 166,
  UnknownCareOfAddress = 167,
  BulkProhibited = 168,
  HomeAndAwayProhibited = 169,
  InvalidCareOfAddress = 174,
};
// The binding is there, or was deleted as asked (RFC 6275 6.1.8).
[[nodiscard]] constexpr bool is_accepted(BindingStatus status) noexcept {
  return static_cast<std::uint8_t>(status) < 128;
}
// The RFC's words in lower case ("not home subnet"), or empty where it has no name here.
[[nodiscard]] std::string_view name_of(BindingStatus status) noexcept;

// Of a Binding Error (RFC 6275 6.1.9).
enum class BindingErrorStatus : std::uint8_t { UnknownBinding = 1, UnknownType = 2 };

// Of a DNS Update option (RFC 5026 8.1); from 128 on DNS is as it was.
enum class DnsUpdateStatus : std::uint8_t {
  Performed = 0,
  Unspecified = 128,
  Prohibited = 129,
  Failed = 130,
};

// The message that `upper` begins with, as long as its header says; nullopt where that is cut
// short. What follows is not the message's: payload protocol 59 has it ignored (RFC 8200 4.7).
[[nodiscard]] std::optional<ByteView> one_message(ByteView upper) noexcept;

// A whole message as received. `source` is the home address where the packet has a Home Address
// option, `destination` the last stop of its routing header (RFC 6275 6.1.1, 11.3.1; MH-02).
[[nodiscard]] bool checksum_good(ByteView message, const Address& source,
                                 const Address& destination) noexcept;
// Fills it in, for the same addresses.
void set_checksum(MutableBytes message, const Address& source, const Address& destination) noexcept;

}  // namespace sallyport::mip6
