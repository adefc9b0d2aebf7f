// The code points of IKEv2 against Annex A of the requirements (IKE-13).
#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <vector>

#include "crypto/ike_transforms.h"
#include "crypto/signature.h"
#include "ike/wire/numbers.h"
#include "pad/identity.h"

namespace sallyport::ike::test::numbers_test {
namespace {

using Number = std::uint16_t;

TEST_CASE("IKE-13: exchanges") {
  const std::map<Number, std::string_view> annex{
      {34, "IKE_SA_INIT"},    {35, "IKE_AUTH"},           {36, "CREATE_CHILD_SA"},
      {37, "INFORMATIONAL"},  {38, "IKE_SESSION_RESUME"}, {43, "IKE_INTERMEDIATE"},
      {44, "IKE_FOLLOWUP_KE"}};
  for (unsigned number = 0; number < 256; ++number) {
    const auto row = annex.find(static_cast<Number>(number));
    CHECK(name_of(static_cast<ExchangeType>(number)) ==
          (row == annex.end() ? std::string_view{} : row->second));
  }
}

TEST_CASE("IKE-13: payloads") {
  const std::vector<std::pair<PayloadType, unsigned>> annex{{PayloadType::Sa, 33},
                                                            {PayloadType::KeyExchange, 34},
                                                            {PayloadType::IdInitiator, 35},
                                                            {PayloadType::IdResponder, 36},
                                                            {PayloadType::Certificate, 37},
                                                            {PayloadType::CertificateRequest, 38},
                                                            {PayloadType::Authentication, 39},
                                                            {PayloadType::Nonce, 40},
                                                            {PayloadType::Notify, 41},
                                                            {PayloadType::Delete, 42},
                                                            {PayloadType::VendorId, 43},
                                                            {PayloadType::TsInitiator, 44},
                                                            {PayloadType::TsResponder, 45},
                                                            {PayloadType::Encrypted, 46},
                                                            {PayloadType::Configuration, 47},
                                                            {PayloadType::Eap, 48},
                                                            {PayloadType::EncryptedFragment, 53}};
  std::set<unsigned> known;
  for (const auto& [type, number] : annex) {
    CHECK(static_cast<unsigned>(type) == number);
    known.insert(number);
  }
  CHECK(static_cast<unsigned>(PayloadType::PuzzleSolution) == 54);
  // Puzzles are not solved here: theirs is a payload that is not known.
  for (unsigned number = 0; number < 256; ++number)
    CHECK(is_known(static_cast<PayloadType>(number)) == known.contains(number));
}

const std::map<Number, std::string_view> kNotifies{{1, "UNSUPPORTED_CRITICAL_PAYLOAD"},
                                                   {4, "INVALID_IKE_SPI"},
                                                   {5, "INVALID_MAJOR_VERSION"},
                                                   {7, "INVALID_SYNTAX"},
                                                   {9, "INVALID_MESSAGE_ID"},
                                                   {11, "INVALID_SPI"},
                                                   {14, "NO_PROPOSAL_CHOSEN"},
                                                   {17, "INVALID_KE_PAYLOAD"},
                                                   {24, "AUTHENTICATION_FAILED"},
                                                   {34, "SINGLE_PAIR_REQUIRED"},
                                                   {35, "NO_ADDITIONAL_SAS"},
                                                   {36, "INTERNAL_ADDRESS_FAILURE"},
                                                   {37, "FAILED_CP_REQUIRED"},
                                                   {38, "TS_UNACCEPTABLE"},
                                                   {39, "INVALID_SELECTORS"},
                                                   {40, "UNACCEPTABLE_ADDRESSES"},
                                                   {41, "UNEXPECTED_NAT_DETECTED"},
                                                   {42, "USE_ASSIGNED_HoA"},
                                                   {43, "TEMPORARY_FAILURE"},
                                                   {44, "CHILD_SA_NOT_FOUND"},
                                                   {47, "STATE_NOT_FOUND"},
                                                   {16384, "INITIAL_CONTACT"},
                                                   {16385, "SET_WINDOW_SIZE"},
                                                   {16386, "ADDITIONAL_TS_POSSIBLE"},
                                                   {16387, "IPCOMP_SUPPORTED"},
                                                   {16388, "NAT_DETECTION_SOURCE_IP"},
                                                   {16389, "NAT_DETECTION_DESTINATION_IP"},
                                                   {16390, "COOKIE"},
                                                   {16391, "USE_TRANSPORT_MODE"},
                                                   {16392, "HTTP_CERT_LOOKUP_SUPPORTED"},
                                                   {16393, "REKEY_SA"},
                                                   {16394, "ESP_TFC_PADDING_NOT_SUPPORTED"},
                                                   {16395, "NON_FIRST_FRAGMENTS_ALSO"},
                                                   {16396, "MOBIKE_SUPPORTED"},
                                                   {16397, "ADDITIONAL_IP4_ADDRESS"},
                                                   {16398, "ADDITIONAL_IP6_ADDRESS"},
                                                   {16399, "NO_ADDITIONAL_ADDRESSES"},
                                                   {16400, "UPDATE_SA_ADDRESSES"},
                                                   {16401, "COOKIE2"},
                                                   {16402, "NO_NATS_ALLOWED"},
                                                   {16403, "AUTH_LIFETIME"},
                                                   {16404, "MULTIPLE_AUTH_SUPPORTED"},
                                                   {16405, "ANOTHER_AUTH_FOLLOWS"},
                                                   {16406, "REDIRECT_SUPPORTED"},
                                                   {16407, "REDIRECT"},
                                                   {16408, "REDIRECTED_FROM"},
                                                   {16409, "TICKET_LT_OPAQUE"},
                                                   {16410, "TICKET_REQUEST"},
                                                   {16411, "TICKET_ACK"},
                                                   {16412, "TICKET_NACK"},
                                                   {16413, "TICKET_OPAQUE"},
                                                   {16414, "LINK_ID"},
                                                   {16417, "EAP_ONLY_AUTHENTICATION"},
                                                   {16418, "CHILDLESS_IKEV2_SUPPORTED"},
                                                   {16419, "QUICK_CRASH_DETECTION"},
                                                   {16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED"},
                                                   {16421, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED"},
                                                   {16422, "IKEV2_MESSAGE_ID_SYNC"},
                                                   {16423, "IPSEC_REPLAY_COUNTER_SYNC"},
                                                   {16430, "IKEV2_FRAGMENTATION_SUPPORTED"},
                                                   {16431, "SIGNATURE_HASH_ALGORITHMS"},
                                                   {16434, "PUZZLE"},
                                                   {16435, "USE_PPK"},
                                                   {16436, "PPK_IDENTITY"},
                                                   {16437, "NO_PPK_AUTH"},
                                                   {16438, "INTERMEDIATE_EXCHANGE_SUPPORTED"},
                                                   {16441, "ADDITIONAL_KEY_EXCHANGE"}};

TEST_CASE("IKE-13: notifies") {
  for (unsigned number = 0; number <= 0xffff; ++number) {
    const auto type = static_cast<NotifyType>(number);
    const auto row = kNotifies.find(static_cast<Number>(number));
    if (name_of(type) != (row == kNotifies.end() ? std::string_view{} : row->second))
      FAIL_CHECK("notify " << number << " is called " << name_of(type));
    if (is_error(type) != (number < 16384)) FAIL_CHECK("notify " << number);
  }
}

TEST_CASE("IKE-13, IKE-56: protocols, transform types, identities, methods") {
  CHECK(static_cast<unsigned>(ProtocolId::Ike) == 1);
  CHECK(static_cast<unsigned>(ProtocolId::Ah) == 2);
  CHECK(static_cast<unsigned>(ProtocolId::Esp) == 3);
  CHECK(static_cast<unsigned>(TransformType::Encryption) == 1);
  CHECK(static_cast<unsigned>(TransformType::Prf) == 2);
  CHECK(static_cast<unsigned>(TransformType::Integrity) == 3);
  CHECK(static_cast<unsigned>(TransformType::KeyExchange) == 4);
  CHECK(static_cast<unsigned>(TransformType::ExtendedSequenceNumbers) == 5);
  CHECK(kLastKnownTransformType == 12);
  CHECK(static_cast<unsigned>(AuthMethod::RsaSignature) == 1);
  CHECK(static_cast<unsigned>(AuthMethod::SharedKey) == 2);
  CHECK(static_cast<unsigned>(AuthMethod::DssSignature) == 3);
  CHECK(static_cast<unsigned>(AuthMethod::Ecdsa256) == 9);
  CHECK(static_cast<unsigned>(AuthMethod::Ecdsa384) == 10);
  CHECK(static_cast<unsigned>(AuthMethod::Ecdsa521) == 11);
  CHECK(static_cast<unsigned>(AuthMethod::Null) == 13);
  CHECK(static_cast<unsigned>(AuthMethod::DigitalSignature) == 14);
  CHECK(static_cast<unsigned>(IdType::Ipv4) == 1);
  CHECK(static_cast<unsigned>(IdType::Fqdn) == 2);
  CHECK(static_cast<unsigned>(IdType::Rfc822) == 3);
  CHECK(static_cast<unsigned>(IdType::Ipv6) == 5);
  CHECK(static_cast<unsigned>(IdType::DistinguishedName) == 9);
  CHECK(static_cast<unsigned>(IdType::GeneralName) == 10);
  CHECK(static_cast<unsigned>(IdType::KeyId) == 11);
  CHECK(static_cast<unsigned>(IdType::Null) == 13);
}

TEST_CASE("IKE-13: certificate encodings, configuration, hashes") {
  CHECK(static_cast<unsigned>(CertificateEncoding::Pkcs7) == 1);
  CHECK(static_cast<unsigned>(CertificateEncoding::X509Signature) == 4);
  CHECK(static_cast<unsigned>(CertificateEncoding::RevocationList) == 7);
  CHECK(static_cast<unsigned>(CertificateEncoding::RawRsaKey) == 11);
  CHECK(static_cast<unsigned>(CertificateEncoding::HashAndUrl) == 12);
  CHECK(static_cast<unsigned>(CertificateEncoding::HashAndUrlOfBundle) == 13);
  CHECK(static_cast<unsigned>(CertificateEncoding::OcspContent) == 14);
  CHECK(static_cast<unsigned>(CertificateEncoding::RawPublicKey) == 15);
  CHECK(static_cast<unsigned>(ConfigurationType::Request) == 1);
  CHECK(static_cast<unsigned>(ConfigurationType::Reply) == 2);
  CHECK(static_cast<unsigned>(ConfigurationType::Set) == 3);
  CHECK(static_cast<unsigned>(ConfigurationType::Ack) == 4);
  using enum ConfigurationAttribute;
  const std::vector<std::pair<ConfigurationAttribute, unsigned>> attributes{
      {InternalIp4Address, 1}, {InternalIp4Netmask, 2},   {InternalIp4Dns, 3},
      {InternalIp4Nbns, 4},    {InternalIp4Dhcp, 6},      {ApplicationVersion, 7},
      {InternalIp6Address, 8}, {InternalIp6Dns, 10},      {InternalIp6Dhcp, 12},
      {InternalIp4Subnet, 13}, {SupportedAttributes, 14}, {InternalIp6Subnet, 15},
      {Mip6HomePrefix, 16},    {InternalIp6Link, 17},     {InternalIp6Prefix, 18}};
  for (const auto& [attribute, number] : attributes)
    CHECK(static_cast<unsigned>(attribute) == number);
  CHECK(static_cast<unsigned>(SignatureHash::Sha1) == 1);
  CHECK(static_cast<unsigned>(SignatureHash::Sha256) == 2);
  CHECK(static_cast<unsigned>(SignatureHash::Sha384) == 3);
  CHECK(static_cast<unsigned>(SignatureHash::Sha512) == 4);
  CHECK(static_cast<unsigned>(SignatureHash::Identity) == 5);
}

TEST_CASE("IKE-13: groups and pseudorandom functions") {
  const std::map<std::string_view, Number> groups{
      {"modp768", 1},   {"modp1024", 2},    {"modp1536", 5},  {"modp2048", 14}, {"modp3072", 15},
      {"modp4096", 16}, {"modp6144", 17},   {"modp8192", 18}, {"ecp256", 19},   {"ecp384", 20},
      {"ecp521", 21},   {"curve25519", 31}, {"curve448", 32}};
  for (const auto& [name, number] : groups) {
    const auto group = group_by_name(name);
    REQUIRE(group);
    CHECK(facts(*group).ike_id == number);
    CHECK(group_by_ike_id(number) == group);
  }
  CHECK(facts(Group::Modp1024Subgroup160).ike_id == 22);
  CHECK(facts(Group::Modp2048Subgroup224).ike_id == 23);
  CHECK(facts(Group::Modp2048Subgroup256).ike_id == 24);
  CHECK(facts(Group::Brainpool224).ike_id == 27);
  CHECK(facts(Group::Brainpool512).ike_id == 30);
  CHECK_FALSE(group_by_ike_id(0));
  for (const auto& [prf, number] : std::map<Prf, Number>{{Prf::HmacMd5, 1},
                                                         {Prf::HmacSha1, 2},
                                                         {Prf::AesXcbc, 4},
                                                         {Prf::HmacSha256, 5},
                                                         {Prf::HmacSha384, 6},
                                                         {Prf::HmacSha512, 7},
                                                         {Prf::AesCmac, 8}}) {
    CHECK(facts(prf).ike_id == number);
    CHECK(prf_by_ike_id(number) == prf);
  }
}

}  // namespace
}  // namespace sallyport::ike::test::numbers_test
