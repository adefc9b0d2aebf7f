// Each payload's octets, and bodies that are refused (RFC 7296 3.3 to 3.16).
#include "ike/wire/payload_parsers.h"

#include <catch2/catch.hpp>
#include <map>

#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"
#include "tests/crypto/octets.h"
#include "tests/ike/rebuilt_message.h"

namespace sallyport::ike::test::payloads_test {
namespace {

using sallyport::test::octets;

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
Octets filled(std::size_t size, std::uint8_t with = 0x5a) { return Octets(size, with); }

Parsed<Message> parsed(const PayloadChain& chain) {
  return parse_message(chain.first(), chain.bytes());
}

TEST_CASE("IKE-45: nonces are 16 to 256 octets") {
  for (const auto& [size, good] : std::map<std::size_t, bool>{
           {0, false}, {15, false}, {16, true}, {32, true}, {256, true}, {257, false}})
    CHECK(parse_nonce(filled(size)).has_value() == good);
  PayloadChain chain;
  chain.nonce(filled(16, 0xab));
  CHECK(chain.bytes() == octets("00000014 abababababababababababababababab"));
}

TEST_CASE("IKE-55, IKE-56, IKE-57: the SA payload's octets") {
  PayloadChain chain;
  const std::vector<Proposal> proposals{
      {.number = 1,
       .protocol = ProtocolId::Esp,
       .spi = octets("c0ffee01"),
       .transforms = {{.type = 1, .id = 20, .key_bits = 128}, {.type = 5, .id = 1}}},
      {.number = 2, .protocol = ProtocolId::Ike, .spi = {}, .transforms = {{.type = 1, .id = 28}}}};
  chain.sa(proposals);
  CHECK(chain.first() == PayloadType::Sa);
  CHECK(chain.bytes() == octets("00000034"
                                "02000020 01030402 c0ffee01"
                                "0300000c 01000014 800e0080 00000008 05000001"
                                "00000010 02010001 00000008 0100001c"));
  CHECK(parsed(chain)->sa == proposals);
}

TEST_CASE("IKE-55, IKE-56: SA payloads whose numbers do not agree are refused") {
  const auto sa = [](const char* hex) { return parse_sa(octets(hex)); };
  CHECK(sa("0000001001030001 00000008 05000001"));
  for (const char* bad : {
           "0000000f01030001 00000008 05000001",  // a proposal shorter than its transforms
           "0000001101030001 00000008 05000001",  // longer than the payload
           "0000000701030001 00000008 05000001",  // shorter than its own fields
           "0100001001030001 00000008 05000001",  // neither last nor more
           "0200001001030001 00000008 05000001",  // more, and none comes
           "0000001001030002 00000008 05000001",  // fewer transforms than said
           "0000001001030000 00000008 05000001",  // more transforms than said
           "0000001001030001 03000008 05000001",  // the last says that more come
           "0000001801030002 00000008 05000001 00000008 05000000",  // the first says that none does
           "0000001001030001 00000007 05000001",     // a transform shorter than its fields
           "0000001001030001 00000009 05000001",     // longer than the proposal
           "0000001001030001 02000008 05000001",     // neither last nor more
           "00000010010309010000000805000001",       // an SPI that does not fit
           "0000001001030001 00000008 05000001 00",  // an octet too many
       })
    CHECK_FALSE(sa(bad));
}

TEST_CASE("IKE-57: a transform with an unknown attribute is marked, and the others stay") {
  const auto transforms = [](const char* attributes, const char* length, const char* proposal) {
    const auto sa = parse_sa(octets(std::string("0000") + proposal + "01030002 0300" + length +
                                    "01000014" + attributes + "00000008 05000001"));
    REQUIRE(sa);
    REQUIRE(sa->front().transforms.size() == 2);
    CHECK(sa->front().transforms[1] == WireTransform{.type = 5, .id = 1});
    return sa->front().transforms[0];
  };
  using W = WireTransform;
  const auto aes = [](std::uint16_t bits, bool unknown) {
    return W{.type = 1, .id = 20, .key_bits = bits, .unknown_attribute = unknown};
  };
  CHECK(transforms("", "0008", "0018") == aes(0, false));
  CHECK(transforms("800e0100", "000c", "001c") == aes(256, false));
  CHECK(transforms("800f0100", "000c", "001c") == aes(0, true));            // TV, unknown
  CHECK(transforms("0011000201ff", "000e", "001e") == aes(0, true));        // TLV, unknown
  CHECK(transforms("000e00020100", "000e", "001e") == aes(0, true));        // the length as TLV
  CHECK(transforms("800e0100800f0001", "0010", "0020") == aes(256, true));  // beside a good one
  CHECK(transforms("800e0100800e0080", "0010", "0020").unknown_attribute);  // twice
  // Attributes that do not fit make the payload malformed.
  CHECK_FALSE(parse_sa(octets("0000001201030001 0000000a 01000014 800e")));
  CHECK_FALSE(parse_sa(octets("0000001401030001 0000000c 01000014 00110001")));
}

TEST_CASE("IKE-68: the KE payload's octets") {
  PayloadChain chain;
  chain.key_exchange(31, octets("a1b2c3"));
  CHECK(chain.bytes() == octets("0000000b 001f0000 a1b2c3"));
  CHECK_FALSE(parse_key_exchange(octets("001f0000")));
  CHECK_FALSE(parse_key_exchange(octets("001f00")));
}

TEST_CASE("IKE-76, IKE-90: the ID payload's octets, whatever its type") {
  for (const std::uint8_t type : Octets{1, 2, 3, 5, 9, 10, 11, 13, 200}) {
    PayloadChain chain;
    chain.id(PayloadType::IdResponder, id_body(type, octets("616263")));
    Octets golden = octets("0000000b 00000000 616263");
    golden[4] = type;
    CHECK(chain.bytes() == golden);
    const auto again = parsed(chain);
    REQUIRE((again && again->responder));
    CHECK(again->responder->type == type);
    CHECK(again->responder->data == octets("616263"));
    CHECK_FALSE(again->initiator);
  }
  CHECK(id_body(13, {}) == octets("0d000000"));
}

TEST_CASE("IKE-95: the TS payload's octets") {
  PayloadChain chain;
  const TrafficSelectors selectors{{6, 443, 443, range("192.0.2.0/24")},
                                   {58, 0x8000, 0x80ff, range("2001:db8::1-2001:db8::f")}};
  chain.selectors(PayloadType::TsInitiator, selectors);
  CHECK(chain.bytes() ==
        octets(
            "00000040 02000000"
            "07060010 01bb01bb c0000200 c00002ff"
            "083a0028 800080ff 20010db8000000000000000000000001 20010db800000000000000000000000f"));
  CHECK(parsed(chain)->initiator_selectors == selectors);
}

TEST_CASE("IKE-95, IKE-97: unknown types of selector are left out, malformed ones refused") {
  const auto unknown =
      parse_selectors(octets("02000000 09000006 abcd 07000010 0000ffff"
                             "00000000 ffffffff"));
  REQUIRE(unknown);
  CHECK(*unknown == TrafficSelectors{{0, 0, 0xffff, range("0.0.0.0-255.255.255.255")}});
  const auto none = parse_selectors(octets("01000000 09000004"));
  REQUIRE(none);
  CHECK(none->empty());
  // OPAQUE runs backwards, and nothing else does.
  CHECK(parse_selectors(octets("01000000 07060010 ffff0000 00000000 ffffffff"))->front().opaque());
  for (const char* bad : {
           "00000000",                                               // none
           "01000000",                                               // fewer than said
           "02000000 07000010 0000ffff 00000000 ffffffff",           // fewer than said
           "01000000 07000010 0000ffff 00000000 ffffffff 00",        // more
           "01000000 07000014 0000ffff 00000000 ffffffff 00000000",  // not as long as its type is
           "01000000 0700000c 0000ffff 00000000",                    // nor as short
           "01000000 08000010 0000ffff 00000000 ffffffff",           // four octets in IPv6
           "01000000 07000003",                                      // shorter than its header
           "01000000 07060010 01bb01ba 00000000 ffffffff",           // ports in disorder
           "01000000 07060010 ffff0001 00000000 ffffffff",
           "01000000 07060010 01bb01bb 00000001 00000000",  // addresses in disorder
       })
    CHECK_FALSE(parse_selectors(octets(bad)));
}

TEST_CASE("IKE-95: no more selectors are written than the payload can count") {
  TrafficSelectors many;
  for (std::uint16_t port = 1; port <= 300; ++port)
    many.push_back({6, port, port, range("192.0.2.1")});
  PayloadChain chain;
  chain.selectors(PayloadType::TsResponder, many);
  const auto again = parsed(chain);
  REQUIRE(again);
  CHECK(again->responder_selectors->size() == 255);
}

TEST_CASE("IKE-117: the Delete payload's octets, and counts that do not agree") {
  PayloadChain chain;
  const std::vector<Spi> spis{{0x1000}, {0x1001}};
  chain.remove(ProtocolId::Esp, spis);
  chain.remove_ike_sa();
  CHECK(chain.bytes() == octets("2a000010 03040002 00001000 00001001 00000008 01000000"));
  const auto again = parsed(chain);
  REQUIRE(again);
  REQUIRE(again->deletes.size() == 2);
  CHECK(again->deletes[0].spis == spis);
  CHECK(again->deletes[1].protocol == ProtocolId::Ike);
  CHECK(again->deletes[1].spis.empty());

  CHECK(parse_delete(octets("02040001 00001000"))->protocol == ProtocolId::Ah);
  for (const char* bad :
       {"03040001", "03040002 00001000", "03040000 00001000", "03040001 000010",
        "03080001 0000000000001000", "03000000", "01080001 0102030405060708", "0304"})
    CHECK_FALSE(parse_delete(octets(bad)));
}

TEST_CASE("IKE-119: the Notify payload's octets, and what is an error") {
  PayloadChain chain;
  chain.notify(
      {.type = NotifyType::RekeySa, .protocol = ProtocolId::Esp, .spi = octets("00001000")});
  chain.notify(NotifyType::InvalidKePayload, octets("001f"));
  CHECK(chain.bytes() == octets("2900000c 03044009 00001000 0000000a 00000011 001f"));
  const auto again = parsed(chain);
  REQUIRE(again);
  REQUIRE(again->find(NotifyType::RekeySa) == &again->notifies[0]);
  CHECK(again->find(NotifyType::Cookie) == nullptr);
  CHECK(again->error() == &again->notifies[1]);
  // Unknown types are taken; of a response, those below 16384 are errors.
  for (const auto& [type, error] :
       std::map<std::uint16_t, bool>{{8191, true}, {16383, true}, {16384, false}, {40959, false}}) {
    PayloadChain unknown;
    unknown.notify(NotifyType{type});
    const auto message = parsed(unknown);
    REQUIRE(message);
    CHECK((message->error() != nullptr) == error);
    CHECK(message->find(NotifyType{type}) != nullptr);
  }
}

TEST_CASE("CP-01: the configuration payload's octets") {
  PayloadChain chain;
  const ConfigurationPayload reply{
      ConfigurationType::Reply,
      {{ConfigurationAttribute::InternalIp4Address, octets("c0000201")},
       {ConfigurationAttribute::InternalIp4Dns, {}},
       {ConfigurationAttribute{0x7abc}, octets("01")}}};
  chain.configuration(reply);
  CHECK(chain.bytes() == octets("00000019 02000000 00010004 c0000201 00030000 7abc0001 01"));
  CHECK(same(*parsed(chain)->configuration, reply));
  // The reserved bit of an attribute is ignored.
  const auto reserved = parse_configuration(octets("03000000 80010000"));
  REQUIRE(reserved);
  CHECK(reserved->type == ConfigurationType::Set);
  CHECK(reserved->attributes.front().type == ConfigurationAttribute::InternalIp4Address);
  for (const char* bad :
       {"02000000 0001", "02000000 00010004 c00002", "02000000 00010005 c0000201"})
    CHECK_FALSE(parse_configuration(octets(bad)));
}

TEST_CASE("CERT-01, CERT-02: certificates and requests for them") {
  PayloadChain chain;
  chain.certificate(CertificateEncoding::X509Signature, octets("aabb"));
  chain.certificate_request(CertificateEncoding::X509Signature, filled(20, 0xcc));
  chain.certificate_request(CertificateEncoding::RawPublicKey, {});
  CHECK(chain.bytes() == octets("26000007 04 aabb 26000019 04"
                                "cccccccccccccccccccccccccccccccccccccccc 00000005 0f"));
  CHECK_FALSE(parse_certificate(octets("04")));
  CHECK_FALSE(parse_certificate_request({}));
}

TEST_CASE("EAP-02: an EAP message whose own length differs is refused") {
  CHECK(parse_eap(octets("03010004")) == octets("03010004"));
  for (const char* bad : {"", "030100", "03010003", "03010005", "0301000400"})
    CHECK_FALSE(parse_eap(octets(bad)));
}

}  // namespace
}  // namespace sallyport::ike::test::payloads_test
