#include "ike/wire/numbers.h"

#include <algorithm>
#include <array>

namespace sallyport::ike {
namespace {

struct NotifyRow {
  NotifyType type;
  std::string_view name;
};
using enum NotifyType;
constexpr std::array kNotifies{
    NotifyRow{UnsupportedCriticalPayload, "UNSUPPORTED_CRITICAL_PAYLOAD"},
    NotifyRow{InvalidIkeSpi, "INVALID_IKE_SPI"},
    NotifyRow{InvalidMajorVersion, "INVALID_MAJOR_VERSION"},
    NotifyRow{InvalidSyntax, "INVALID_SYNTAX"},
    NotifyRow{InvalidMessageId, "INVALID_MESSAGE_ID"},
    NotifyRow{InvalidSpi, "INVALID_SPI"},
    NotifyRow{NoProposalChosen, "NO_PROPOSAL_CHOSEN"},
    NotifyRow{InvalidKePayload, "INVALID_KE_PAYLOAD"},
    NotifyRow{AuthenticationFailed, "AUTHENTICATION_FAILED"},
    NotifyRow{SinglePairRequired, "SINGLE_PAIR_REQUIRED"},
    NotifyRow{NoAdditionalSas, "NO_ADDITIONAL_SAS"},
    NotifyRow{InternalAddressFailure, "INTERNAL_ADDRESS_FAILURE"},
    NotifyRow{FailedCpRequired, "FAILED_CP_REQUIRED"},
    NotifyRow{TsUnacceptable, "TS_UNACCEPTABLE"},
    NotifyRow{InvalidSelectors, "INVALID_SELECTORS"},
    NotifyRow{UnacceptableAddresses, "UNACCEPTABLE_ADDRESSES"},
    NotifyRow{UnexpectedNatDetected, "UNEXPECTED_NAT_DETECTED"},
    NotifyRow{UseAssignedHoa, "USE_ASSIGNED_HoA"},
    NotifyRow{TemporaryFailure, "TEMPORARY_FAILURE"},
    NotifyRow{ChildSaNotFound, "CHILD_SA_NOT_FOUND"},
    NotifyRow{StateNotFound, "STATE_NOT_FOUND"},
    NotifyRow{InitialContact, "INITIAL_CONTACT"},
    NotifyRow{SetWindowSize, "SET_WINDOW_SIZE"},
    NotifyRow{AdditionalTsPossible, "ADDITIONAL_TS_POSSIBLE"},
    NotifyRow{IpcompSupported, "IPCOMP_SUPPORTED"},
    NotifyRow{NatDetectionSourceIp, "NAT_DETECTION_SOURCE_IP"},
    NotifyRow{NatDetectionDestinationIp, "NAT_DETECTION_DESTINATION_IP"},
    NotifyRow{Cookie, "COOKIE"},
    NotifyRow{UseTransportMode, "USE_TRANSPORT_MODE"},
    NotifyRow{HttpCertLookupSupported, "HTTP_CERT_LOOKUP_SUPPORTED"},
    NotifyRow{RekeySa, "REKEY_SA"},
    NotifyRow{EspTfcPaddingNotSupported, "ESP_TFC_PADDING_NOT_SUPPORTED"},
    NotifyRow{NonFirstFragmentsAlso, "NON_FIRST_FRAGMENTS_ALSO"},
    NotifyRow{MobikeSupported, "MOBIKE_SUPPORTED"},
    NotifyRow{AdditionalIp4Address, "ADDITIONAL_IP4_ADDRESS"},
    NotifyRow{AdditionalIp6Address, "ADDITIONAL_IP6_ADDRESS"},
    NotifyRow{NoAdditionalAddresses, "NO_ADDITIONAL_ADDRESSES"},
    NotifyRow{UpdateSaAddresses, "UPDATE_SA_ADDRESSES"},
    NotifyRow{Cookie2, "COOKIE2"},
    NotifyRow{NoNatsAllowed, "NO_NATS_ALLOWED"},
    NotifyRow{AuthLifetime, "AUTH_LIFETIME"},
    NotifyRow{MultipleAuthSupported, "MULTIPLE_AUTH_SUPPORTED"},
    NotifyRow{AnotherAuthFollows, "ANOTHER_AUTH_FOLLOWS"},
    NotifyRow{RedirectSupported, "REDIRECT_SUPPORTED"},
    NotifyRow{Redirect, "REDIRECT"},
    NotifyRow{RedirectedFrom, "REDIRECTED_FROM"},
    NotifyRow{TicketLtOpaque, "TICKET_LT_OPAQUE"},
    NotifyRow{TicketRequest, "TICKET_REQUEST"},
    NotifyRow{TicketAck, "TICKET_ACK"},
    NotifyRow{TicketNack, "TICKET_NACK"},
    NotifyRow{TicketOpaque, "TICKET_OPAQUE"},
    NotifyRow{LinkId, "LINK_ID"},
    NotifyRow{EapOnlyAuthentication, "EAP_ONLY_AUTHENTICATION"},
    NotifyRow{ChildlessIkev2Supported, "CHILDLESS_IKEV2_SUPPORTED"},
    NotifyRow{QuickCrashDetection, "QUICK_CRASH_DETECTION"},
    NotifyRow{MessageIdSyncSupported, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
    NotifyRow{ReplayCounterSyncSupported, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED"},
    NotifyRow{MessageIdSync, "IKEV2_MESSAGE_ID_SYNC"},
    NotifyRow{ReplayCounterSync, "IPSEC_REPLAY_COUNTER_SYNC"},
    NotifyRow{FragmentationSupported, "IKEV2_FRAGMENTATION_SUPPORTED"},
    NotifyRow{SignatureHashAlgorithms, "SIGNATURE_HASH_ALGORITHMS"},
    NotifyRow{Puzzle, "PUZZLE"},
    NotifyRow{UsePpk, "USE_PPK"},
    NotifyRow{PpkIdentity, "PPK_IDENTITY"},
    NotifyRow{NoPpkAuth, "NO_PPK_AUTH"},
    NotifyRow{IntermediateExchangeSupported, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
    NotifyRow{AdditionalKeyExchange, "ADDITIONAL_KEY_EXCHANGE"},
};
static_assert(std::ranges::is_sorted(kNotifies, {}, &NotifyRow::type));

}  // namespace

std::string_view name_of(NotifyType type) noexcept {
  const auto* const row = std::ranges::lower_bound(kNotifies, type, {}, &NotifyRow::type);
  return row != kNotifies.end() && row->type == type ? row->name : std::string_view{};
}

std::string_view name_of(ExchangeType type) noexcept {
  switch (type) {
    case ExchangeType::IkeSaInit:
      return "IKE_SA_INIT";
    case ExchangeType::IkeAuth:
      return "IKE_AUTH";
    case ExchangeType::CreateChildSa:
      return "CREATE_CHILD_SA";
    case ExchangeType::Informational:
      return "INFORMATIONAL";
    case ExchangeType::IkeSessionResume:
      return "IKE_SESSION_RESUME";
    case ExchangeType::IkeIntermediate:
      return "IKE_INTERMEDIATE";
    case ExchangeType::IkeFollowupKe:
      return "IKE_FOLLOWUP_KE";
  }
  return {};
}

bool is_known(PayloadType type) noexcept {
  const auto number = static_cast<std::uint8_t>(type);
  const bool base = number >= static_cast<std::uint8_t>(PayloadType::Sa) &&
                    number <= static_cast<std::uint8_t>(PayloadType::Eap);
  return base || type == PayloadType::EncryptedFragment;
}

}  // namespace sallyport::ike
