// What the payloads of IKEv2 hold, one struct each (RFC 7296 3.3 to 3.16). Plain data: what it
// means is for the exchanges.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "ike/wire/numbers.h"
#include "net/selector.h"

namespace sallyport::ike {

using Octets = std::vector<std::uint8_t>;
[[nodiscard]] inline Octets to_octets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// 3.3.2. `type` may be one that nobody knows.
struct WireTransform {
  std::uint8_t type{};
  std::uint16_t id{};
  std::uint16_t key_bits{};  // the Key Length attribute; 0 where there is none
  bool unknown_attribute{};  // which makes it unacceptable (IKE-57)
  friend bool operator==(const WireTransform&, const WireTransform&) = default;
};

// 3.3.1
struct Proposal {
  std::uint8_t number{};
  ProtocolId protocol{};
  Octets spi{};
  std::vector<WireTransform> transforms{};
  friend bool operator==(const Proposal&, const Proposal&) = default;
};

struct KeyExchangePayload {
  std::uint16_t group{};
  Octets data;
};

// 3.5. `body` is what AUTH covers: type, RESERVED as it came, data (IKE-10).
struct IdPayload {
  std::uint8_t type{};
  Octets data;
  Octets body;
};

struct CertificatePayload {
  CertificateEncoding encoding{};
  Octets data;
};

// 3.7: SHA-1 hashes of authorities' keys, one after the other.
struct CertificateRequest {
  CertificateEncoding encoding{};
  Octets authorities;
};

struct AuthenticationPayload {
  AuthMethod method{};
  Octets data;
};

// 3.10
struct Notify {
  NotifyType type{};
  ProtocolId protocol{ProtocolId::None};
  Octets spi{};
  Octets data{};
};

// 3.11. Of an IKE SA it has no SPIs.
struct DeletePayload {
  ProtocolId protocol{};
  std::vector<Spi> spis;
};

// 3.13.1: one address range with one protocol and one range of ports; start above end is OPAQUE.
struct TrafficSelector {
  std::uint8_t protocol{};  // 0: any
  std::uint16_t start_port{};
  std::uint16_t end_port{0xffff};
  AddressRange addresses{};

  [[nodiscard]] bool any_port() const noexcept { return start_port == 0 && end_port == 0xffff; }
  [[nodiscard]] bool opaque() const noexcept { return start_port == 0xffff && end_port == 0; }
  friend bool operator==(const TrafficSelector&, const TrafficSelector&) = default;
};
using TrafficSelectors = std::vector<TrafficSelector>;

// 3.15
struct AttributeValue {
  ConfigurationAttribute type{};
  Octets value;
  friend bool operator==(const AttributeValue&, const AttributeValue&) = default;
};
struct ConfigurationPayload {
  ConfigurationType type{};
  std::vector<AttributeValue> attributes;
};

}  // namespace sallyport::ike
