// What mobility messages and their options hold (RFC 6275 6.1, 6.2; RFC 3963, 5026, 5142, 5648,
// 5846, 5847). Plain data: what it means is for the roles.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "mip6/flags.h"
#include "mip6/mobility_header.h"
#include "net/address.h"

namespace sallyport::mip6 {

using Octets = std::vector<std::uint8_t>;
using Cookie = std::array<std::uint8_t, 8>;
using KeygenToken = std::array<std::uint8_t, 8>;
using Authenticator = std::array<std::uint8_t, 12>;
// Lifetimes as the wire has them, in units of four seconds: three days at most.
using BindingLifetime = std::chrono::duration<std::uint16_t, std::ratio<4>>;

// 6.2.6
struct NonceIndices {
  std::uint16_t home{};
  std::uint16_t care_of{};
  friend bool operator==(const NonceIndices&, const NonceIndices&) = default;
};

// RFC 3963 4.3. As it came: `length` may be above 128, which is no prefix (status 141).
struct MobileNetworkPrefix {
  Address address{Address::any(Family::V6)};
  std::uint8_t length{};
  friend bool operator==(const MobileNetworkPrefix&, const MobileNetworkPrefix&) = default;
};

// RFC 5026 8.1
struct DnsUpdate {
  DnsUpdateStatus status{DnsUpdateStatus::Performed};  // of an acknowledgement only
  bool remove{};
  std::string name;  // 253 octets at most, and any octets: what it came with is not looked at
  friend bool operator==(const DnsUpdate&, const DnsUpdate&) = default;
};

// RFC 5648 4.3
struct BindingIdentifier {
  std::uint16_t id{};  // 0 is reserved, and may come nevertheless
  BindingStatus status{BindingStatus::Accepted};
  bool home_and_away{};
  std::optional<Address> care_of{};  // of either family
  friend bool operator==(const BindingIdentifier&, const BindingIdentifier&) = default;
};

// Of any message; each role looks at those that its message may carry. Their number is bounded by
// the size of a message.
struct MobilityOptions {
  std::optional<BindingLifetime> refresh_advice{};
  std::optional<Address> alternate_care_of{};  // any 16 octets
  std::optional<NonceIndices> nonce_indices{};
  std::vector<MobileNetworkPrefix> mobile_network_prefixes{};
  std::optional<DnsUpdate> dns_update{};
  std::vector<BindingIdentifier> binding_identifiers{};
  bool malformed_binding_identifier{};  // one came, of a wrong length (status 164); never sent
  std::optional<Authenticator> authorization{};
  friend bool operator==(const MobilityOptions&, const MobilityOptions&) = default;
};

// 6.1.2
struct BindingRefreshRequest {
  MobilityOptions options{};
  friend bool operator==(const BindingRefreshRequest&, const BindingRefreshRequest&) = default;
};

// 6.1.3
struct HomeTestInit {
  Cookie cookie{};
  MobilityOptions options{};
  friend bool operator==(const HomeTestInit&, const HomeTestInit&) = default;
};

// 6.1.4
struct CareOfTestInit {
  Cookie cookie{};
  MobilityOptions options{};
  friend bool operator==(const CareOfTestInit&, const CareOfTestInit&) = default;
};

// 6.1.5
struct HomeTest {
  std::uint16_t nonce_index{};
  Cookie cookie{};
  KeygenToken token{};
  MobilityOptions options{};
  friend bool operator==(const HomeTest&, const HomeTest&) = default;
};

// 6.1.6
struct CareOfTest {
  std::uint16_t nonce_index{};
  Cookie cookie{};
  KeygenToken token{};
  MobilityOptions options{};
  friend bool operator==(const CareOfTest&, const CareOfTest&) = default;
};

// 6.1.7
struct BindingUpdate {
  std::uint16_t sequence{};
  Flags<UpdateFlag> flags{};
  BindingLifetime lifetime{};  // 0 deletes the binding
  MobilityOptions options{};
  friend bool operator==(const BindingUpdate&, const BindingUpdate&) = default;
};

// 6.1.8
struct BindingAcknowledgement {
  BindingStatus status{BindingStatus::Accepted};
  Flags<AcknowledgementFlag> flags{};
  std::uint16_t sequence{};
  BindingLifetime lifetime{};  // granted; without meaning where the update was rejected
  MobilityOptions options{};
  friend bool operator==(const BindingAcknowledgement&, const BindingAcknowledgement&) = default;
};

// 6.1.9
struct BindingError {
  BindingErrorStatus status{BindingErrorStatus::UnknownBinding};
  Address home_address{Address::any(Family::V6)};  // unspecified: no Home Address option
  MobilityOptions options{};
  friend bool operator==(const BindingError&, const BindingError&) = default;
};

// RFC 5142 4. Without addresses the mobile node discovers home agents anew.
struct HomeAgentSwitch {
  std::vector<Address> home_agents{};
  MobilityOptions options{};
  friend bool operator==(const HomeAgentSwitch&, const HomeAgentSwitch&) = default;
};

// RFC 5847 3.3
struct Heartbeat {
  Flags<HeartbeatFlag> flags{};
  std::uint32_t sequence{};
  MobilityOptions options{};
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// RFC 5846 5
struct BindingRevocation {
  enum class Kind : std::uint8_t { Indication = 1, Acknowledgement = 2 };

  Kind kind{Kind::Indication};
  std::uint8_t reason{};  // an indication's trigger, an acknowledgement's status
  std::uint16_t sequence{};
  Flags<RevocationFlag> flags{};
  MobilityOptions options{};
  friend bool operator==(const BindingRevocation&, const BindingRevocation&) = default;
};

using Message = std::variant<BindingRefreshRequest, HomeTestInit, CareOfTestInit, HomeTest,
                             CareOfTest, BindingUpdate, BindingAcknowledgement, BindingError,
                             HomeAgentSwitch, Heartbeat, BindingRevocation>;

}  // namespace sallyport::mip6
