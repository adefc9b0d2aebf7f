// The code points of IKEv2, once (RFC 7296 3 and the IANA registry; IKE-13).
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include "base/types.h"

namespace sallyport::ike {

// SPI of an IKE SA, host order; 0 only for the responder's in IKE_SA_INIT requests (IKE-04).
using IkeSpi = Strong<struct IkeSpiTag, std::uint64_t>;
// Message ID, host order; each direction of requests counts its own (RFC 7296 2.2).
using MessageId = std::uint32_t;
// They never wrap: the IKE SA has been replaced long before (IKE-25).
inline constexpr MessageId kLastMessageId = 0xffffffff;

enum class ExchangeType : std::uint8_t {
  IkeSaInit = 34,
  IkeAuth = 35,
  CreateChildSa = 36,
  Informational = 37,
  IkeSessionResume = 38,
  IkeIntermediate = 43,
  IkeFollowupKe = 44,
};

enum class PayloadType : std::uint8_t {
  None = 0,
  Sa = 33,
  KeyExchange = 34,
  IdInitiator = 35,
  IdResponder = 36,
  Certificate = 37,
  CertificateRequest = 38,
  Authentication = 39,
  Nonce = 40,
  Notify = 41,
  Delete = 42,
  VendorId = 43,
  TsInitiator = 44,
  TsResponder = 45,
  Encrypted = 46,
  Configuration = 47,
  Eap = 48,
  EncryptedFragment = 53,
  PuzzleSolution = 54,
};

enum class ProtocolId : std::uint8_t { None = 0, Ike = 1, Ah = 2, Esp = 3 };

enum class TransformType : std::uint8_t {
  Encryption = 1,
  Prf = 2,
  Integrity = 3,
  KeyExchange = 4,
  ExtendedSequenceNumbers = 5,
};
// The last of ADDKE1..7; beyond are types that nobody knows (IKE-56).
inline constexpr std::uint8_t kLastKnownTransformType = 12;

enum class AuthMethod : std::uint8_t {
  RsaSignature = 1,
  SharedKey = 2,
  DssSignature = 3,
  Ecdsa256 = 9,
  Ecdsa384 = 10,
  Ecdsa521 = 11,
  Null = 13,
  DigitalSignature = 14,
};

enum class CertificateEncoding : std::uint8_t {
  Pkcs7 = 1,
  X509Signature = 4,
  RevocationList = 7,
  RawRsaKey = 11,
  HashAndUrl = 12,
  HashAndUrlOfBundle = 13,
  OcspContent = 14,
  RawPublicKey = 15,
};

enum class ConfigurationType : std::uint8_t { Request = 1, Reply = 2, Set = 3, Ack = 4 };

enum class ConfigurationAttribute : std::uint16_t {
  InternalIp4Address = 1,
  InternalIp4Netmask = 2,
  InternalIp4Dns = 3,
  InternalIp4Nbns = 4,
  InternalIp4Dhcp = 6,
  ApplicationVersion = 7,
  InternalIp6Address = 8,
  InternalIp6Dns = 10,
  InternalIp6Dhcp = 12,
  InternalIp4Subnet = 13,
  SupportedAttributes = 14,
  InternalIp6Subnet = 15,
  Mip6HomePrefix = 16,
  InternalIp6Link = 17,  // RFC 5739: passed over here, as everything of it
  InternalIp6Prefix = 18,
};

// Errors are below kFirstStatus (RFC 7296 3.10.1).
enum class NotifyType : std::uint16_t {
  UnsupportedCriticalPayload = 1,
  InvalidIkeSpi = 4,
  InvalidMajorVersion = 5,
  InvalidSyntax = 7,
  InvalidMessageId = 9,
  InvalidSpi = 11,
  NoProposalChosen = 14,
  InvalidKePayload = 17,
  AuthenticationFailed = 24,
  SinglePairRequired = 34,
  NoAdditionalSas = 35,
  InternalAddressFailure = 36,
  FailedCpRequired = 37,
  TsUnacceptable = 38,
  InvalidSelectors = 39,
  UnacceptableAddresses = 40,
  UnexpectedNatDetected = 41,
  UseAssignedHoa = 42,  // RFC 5026 5.3.2: beside an address, no refusal
  TemporaryFailure = 43,
  ChildSaNotFound = 44,
  StateNotFound = 47,
  InitialContact = 16384,
  SetWindowSize = 16385,
  AdditionalTsPossible = 16386,
  IpcompSupported = 16387,
  NatDetectionSourceIp = 16388,
  NatDetectionDestinationIp = 16389,
  Cookie = 16390,
  UseTransportMode = 16391,
  HttpCertLookupSupported = 16392,
  RekeySa = 16393,
  EspTfcPaddingNotSupported = 16394,
  NonFirstFragmentsAlso = 16395,
  MobikeSupported = 16396,
  AdditionalIp4Address = 16397,
  AdditionalIp6Address = 16398,
  NoAdditionalAddresses = 16399,
  UpdateSaAddresses = 16400,
  Cookie2 = 16401,
  NoNatsAllowed = 16402,
  AuthLifetime = 16403,
  MultipleAuthSupported = 16404,
  AnotherAuthFollows = 16405,
  RedirectSupported = 16406,
  Redirect = 16407,
  RedirectedFrom = 16408,
  TicketLtOpaque = 16409,
  TicketRequest = 16410,
  TicketAck = 16411,
  TicketNack = 16412,
  TicketOpaque = 16413,
  LinkId = 16414,
  EapOnlyAuthentication = 16417,
  ChildlessIkev2Supported = 16418,
  QuickCrashDetection = 16419,
  MessageIdSyncSupported = 16420,
  ReplayCounterSyncSupported = 16421,
  MessageIdSync = 16422,
  ReplayCounterSync = 16423,
  FragmentationSupported = 16430,
  SignatureHashAlgorithms = 16431,
  Puzzle = 16434,
  UsePpk = 16435,
  PpkIdentity = 16436,
  NoPpkAuth = 16437,
  IntermediateExchangeSupported = 16438,
  AdditionalKeyExchange = 16441,
};
inline constexpr std::uint16_t kFirstStatus = 16384;

[[nodiscard]] constexpr bool is_error(NotifyType type) noexcept {
  return static_cast<std::uint16_t>(type) < kFirstStatus;
}
// The registry's name ("NO_PROPOSAL_CHOSEN"), or empty where it is not known here.
[[nodiscard]] std::string_view name_of(NotifyType type) noexcept;
[[nodiscard]] std::string_view name_of(ExchangeType type) noexcept;
// A payload whose meaning is known here: its critical bit is ignored (IKE-08).
[[nodiscard]] bool is_known(PayloadType type) noexcept;

}  // namespace sallyport::ike
