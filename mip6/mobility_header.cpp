#include "mip6/mobility_header.h"

#include <algorithm>
#include <array>

#include "net/checksum.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr std::array kMessages{
    MessageFacts{MessageType::BindingRefreshRequest, "Binding Refresh Request", 0},
    MessageFacts{MessageType::HomeTestInit, "Home Test Init", 1},
    MessageFacts{MessageType::CareOfTestInit, "Care-of Test Init", 1},
    MessageFacts{MessageType::HomeTest, "Home Test", 2},
    MessageFacts{MessageType::CareOfTest, "Care-of Test", 2},
    MessageFacts{MessageType::BindingUpdate, "Binding Update", 1},
    MessageFacts{MessageType::BindingAcknowledgement, "Binding Acknowledgement", 1},
    MessageFacts{MessageType::BindingError, "Binding Error", 2},
    MessageFacts{MessageType::HomeAgentSwitch, "Home Agent Switch", 0},
    MessageFacts{MessageType::Heartbeat, "Heartbeat", 1},
    MessageFacts{MessageType::BindingRevocation, "Binding Revocation", 1},
};

struct StatusName {
  BindingStatus status;
  std::string_view name;
};
constexpr std::array kStatusNames{
    StatusName{BindingStatus::Accepted, "accepted"},
    StatusName{BindingStatus::AcceptedPrefixDiscovery, "accepted but prefix discovery necessary"},
    StatusName{BindingStatus::IncompleteBulk, "not all care-of addresses registered"},
    StatusName{BindingStatus::HomeWithoutDiscovery, "no neighbour discovery for the home address"},
    StatusName{BindingStatus::Unspecified, "reason unspecified"},
    StatusName{BindingStatus::Prohibited, "administratively prohibited"},
    StatusName{BindingStatus::InsufficientResources, "insufficient resources"},
    StatusName{BindingStatus::HomeRegistrationNotSupported, "home registration not supported"},
    StatusName{BindingStatus::NotHomeSubnet, "not home subnet"},
    StatusName{BindingStatus::NotHomeAgent, "not home agent for this mobile node"},
    StatusName{BindingStatus::DuplicateAddress, "duplicate address detection failed"},
    StatusName{BindingStatus::SequenceOutOfWindow, "sequence number out of window"},
    StatusName{BindingStatus::ExpiredHomeNonce, "expired home nonce index"},
    StatusName{BindingStatus::ExpiredCareOfNonce, "expired care-of nonce index"},
    StatusName{BindingStatus::ExpiredNonces, "expired nonces"},
    StatusName{BindingStatus::TypeChangeDisallowed, "registration type change disallowed"},
    StatusName{BindingStatus::MobileRouterNotPermitted, "mobile router operation not permitted"},
    StatusName{BindingStatus::InvalidPrefix, "invalid prefix"},
    StatusName{BindingStatus::PrefixNotAuthorized, "not authorized for prefix"},
    StatusName{BindingStatus::ForwardingSetupFailed, "forwarding setup failed"},
    StatusName{BindingStatus::MalformedBindingIdentifier, "malformed binding identifier"},
    StatusName{BindingStatus::SingleBindingExists, "binding without an identifier exists"},
    StatusName{BindingStatus::SeveralBindingsProhibited, "several care-of addresses prohibited"},
    StatusName{BindingStatus::UnknownCareOfAddress, "unknown care-of address"},
    StatusName{BindingStatus::BulkProhibited, "bulk registration prohibited"},
    StatusName{BindingStatus::HomeAndAwayProhibited, "simultaneous home and foreign prohibited"},
    StatusName{BindingStatus::InvalidCareOfAddress, "invalid care-of address"},
};

// Over the message as it stands and its pseudo-header (RFC 8200 8.1), not yet complemented.
std::uint32_t sum_of(ByteView message, const Address& source, const Address& destination) noexcept {
  return checksum_add(message, pseudo_header_sum(source, destination, kProtocolMobility,
                                                 static_cast<std::uint32_t>(message.size())));
}

}  // namespace

const MessageFacts* facts_of(std::uint8_t type) noexcept {
  const auto found =
      std::ranges::find(kMessages, static_cast<MessageType>(type), &MessageFacts::type);
  return found == kMessages.end() ? nullptr : &*found;
}

std::string_view name_of(BindingStatus status) noexcept {
  const auto found = std::ranges::find(kStatusNames, status, &StatusName::status);
  return found == kStatusNames.end() ? std::string_view{} : found->name;
}

std::optional<ByteView> one_message(ByteView upper) noexcept {
  if (upper.size() < kMobilityUnit) return std::nullopt;
  const std::size_t size = (upper[1] + std::size_t{1}) * kMobilityUnit;
  if (upper.size() < size) return std::nullopt;
  return upper.first(size);
}

bool checksum_good(ByteView message, const Address& source, const Address& destination) noexcept {
  return checksum_finish(sum_of(message, source, destination)) == 0;
}

void set_checksum(MutableBytes message, const Address& source,
                  const Address& destination) noexcept {
  auto& header = *reinterpret_cast<MobilityHeader*>(message.data());
  header.checksum.set(0);
  header.checksum.set(checksum_finish(sum_of(message, source, destination)));
}

}  // namespace sallyport::mip6
