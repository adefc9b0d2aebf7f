#include "mip6/build_message.h"

#include <catch2/catch.hpp>

#include "tests/crypto/octets.h"
#include "tests/mip6/sample_messages.h"

namespace sallyport::mip6::test::build_message_test {
namespace {

using sallyport::test::octets;

Octets built(const Message& message, const Address& source, const Address& destination) {
  return build_message(message, source, destination).value();
}

TEST_CASE("MH-01, MH-02: what the kernel's mobile node and home agent sent, octet by octet") {
  CHECK(built(BindingUpdate{.sequence = 0x1234,
                            .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration,
                                      UpdateFlag::KeyManagementMobility},
                            .lifetime = BindingLifetime{60},
                            .options = {.alternate_care_of = kCareOf}},
              kHome, kHomeAgent) ==
        octets("3b0305004d881234d000003c0100031020010db8000a00000000000000000100"));
  CHECK(built(BindingAcknowledgement{.status = BindingStatus::Accepted,
                                     .flags = {AcknowledgementFlag::KeyManagementMobility},
                                     .sequence = 0x1234,
                                     .lifetime = BindingLifetime{60}},
              kHomeAgent, kHome) == octets("3b0106004dec00801234003c01020000"));
  const Cookie cookie{0x2c, 0x33, 0x3a, 0x41, 0x48, 0x4f, 0x56, 0x5d};
  CHECK(built(HomeTestInit{.cookie = cookie}, kHome, kCorrespondent) ==
        octets("3b01010061bb00002c333a41484f565d"));
  CHECK(built(HomeTest{.nonce_index = 7,
                       .cookie = cookie,
                       .token = {0x4b, 0x52, 0x59, 0x60, 0x67, 0x6e, 0x75, 0x7c}},
              kCorrespondent, kHome) == octets("3b020300de0d00072c333a41484f565d4b525960676e757c"));
}

// By hand from the RFCs' figures, the checksums by a script.
TEST_CASE("MH-07, MH-08, MH-09, MH-13, MH-17: the other messages, octet by octet") {
  const Cookie cookie{0x4a, 0x51, 0x58, 0x5f, 0x66, 0x6d, 0x74, 0x7b};
  CHECK(built(BindingRefreshRequest{}, kCorrespondent, kHome) == octets("3b00000067e50000"));
  CHECK(built(CareOfTestInit{.cookie = cookie}, kCareOf, kCorrespondent) ==
        octets("3b010200e84300004a51585f666d747b"));
  CHECK(built(CareOfTest{.nonce_index = 8, .cookie = cookie, .token = {1, 2, 3, 4, 5, 6, 7, 8}},
              kCorrespondent,
              kCareOf) == octets("3b020400d61e00084a51585f666d747b0102030405060708"));
  CHECK(built(BindingError{.status = BindingErrorStatus::UnknownBinding, .home_address = kHome},
              kCorrespondent,
              kCareOf) == octets("3b0207003110010020010db8000b00000000000000000100"));
  CHECK(built(HomeAgentSwitch{}, kHomeAgent, kHome) == octets("3b000c005be70000"));
  CHECK(built(HomeAgentSwitch{.home_agents = {ip("2001:db8:b::2"), ip("2001:db8:b::3")}},
              kHomeAgent, kHome) == octets("3b040c00fe35020020010db8000b00000000000000000002"
                                           "20010db8000b00000000000000000003"));
  CHECK(built(Heartbeat{.sequence = 0xabcdef}, kHomeAgent, kHome) ==
        octets("3b010d008b41000000abcdef01020000"));
  CHECK(built(BindingRevocation{.reason = 5, .sequence = 0xbeef}, kHomeAgent, kHome) ==
        octets("3b01100096e70105beef000001020000"));
}

TEST_CASE("NEMO-01, NEMO-02: a mobile router's registration, octet by octet") {
  CHECK(built(BindingUpdate{.sequence = 1,
                            .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration,
                                      UpdateFlag::MobileRouter},
                            .lifetime = BindingLifetime{15},
                            .options = {.mobile_network_prefixes =
                                            {{.address = ip("2001:db8:d:100::"), .length = 56}}}},
              kHome, kHomeAgent) ==
        octets("3b03050069ab0001c400000f0612003820010db8000d01000000000000000000"));
  CHECK(built(BindingAcknowledgement{.flags = {AcknowledgementFlag::MobileRouter},
                                     .sequence = 1,
                                     .lifetime = BindingLifetime{15},
                                     .options = {.refresh_advice = BindingLifetime{7}}},
              kHomeAgent, kHome) == octets("3b0106005f8500400001000f02020007"));
}

TEST_CASE("BOOT-08, MCOA-01: the options of bootstrapping and several care-of addresses") {
  CHECK(built(BindingUpdate{.sequence = 2,
                            .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration},
                            .lifetime = BindingLifetime{15},
                            .options = {.dns_update =
                                            DnsUpdate{.remove = true, .name = "mn.test.org"}}},
              kHome, kHomeAgent) ==
        octets("3b03050042350002c000000f110d00806d6e2e746573742e6f72670103000000"));
  CHECK(built(BindingUpdate{.sequence = 3,
                            .flags = {UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration},
                            .lifetime = BindingLifetime{15},
                            .options = {.binding_identifiers =
                                            {{.id = 1, .home_and_away = true, .care_of = kCareOf},
                                             {.id = 2}}}},
              kHome, kHomeAgent) ==
        octets("3b0505002b450003c000000f010400000000"
               "23140001008020010db8000a00000000000000000100 230400020000 0100"));
}

TEST_CASE("MH-14, MH-15: every message is read again as it was written, without options and with") {
  MobilityOptions unauthorized = all_options();
  unauthorized.authorization.reset();
  for (const MobilityOptions& options : {MobilityOptions{}, all_options(), unauthorized})
    for (const Message& message : sample_messages(options)) {
      const Octets octets = built(message, kHome, kHomeAgent);
      CHECK(octets.size() % 8 == 0);
      CHECK(octets[1] == octets.size() / 8 - 1);
      CHECK(parse_exactly(octets) == message);
    }
}

TEST_CASE("MH-12: every status that is sent arrives") {
  for (int value = 0; value < 256; ++value) {
    const Message message =
        BindingAcknowledgement{.status = static_cast<BindingStatus>(value), .sequence = 9};
    const Octets octets = built(message, kHome, kHomeAgent);
    CHECK(octets[6] == value);
    CHECK(parse_exactly(octets) == message);
  }
}

TEST_CASE("MH-01: a message without a checksum has one of zero, and nothing else is other") {
  for (const Message& message : sample_messages(all_options())) {
    Octets with = built(message, kHome, kHomeAgent);
    with[4] = with[5] = 0;
    CHECK(build_without_checksum(message) == with);
  }
}

TEST_CASE("MH-01: what the length field cannot say is refused") {
  // 12 octets in front, 20 a prefix.
  BindingUpdate update;
  update.options.mobile_network_prefixes.resize(84);
  while (const auto octets = build_message(update, kHome, kHomeAgent)) {
    CHECK(octets->size() <= kMostMessageBytes);
    REQUIRE(parse_exactly(*octets) == Message{update});
    update.options.mobile_network_prefixes.emplace_back();
    REQUIRE(update.options.mobile_network_prefixes.size() < 200);
  }
  CHECK(update.options.mobile_network_prefixes.size() == 86);
  HomeAgentSwitch many;
  many.home_agents.resize(127, kHomeAgent);
  CHECK(built(many, kHomeAgent, kHome).size() == 2040);
  many.home_agents.push_back(kHomeAgent);
  CHECK_FALSE(build_message(many, kHomeAgent, kHome));
  many.home_agents.resize(257, kHomeAgent);
  CHECK_FALSE(build_message(many, kHomeAgent, kHome));
}

TEST_CASE("BOOT-08: a name of 253 octets goes, one of 254 does not") {
  BindingUpdate update;
  update.options.dns_update = DnsUpdate{.name = std::string(253, 'n')};
  CHECK(parse_exactly(built(update, kHome, kHomeAgent)) == Message{update});
  update.options.dns_update->name += 'n';
  CHECK_FALSE(build_message(update, kHome, kHomeAgent));
}

}  // namespace
}  // namespace sallyport::mip6::test::build_message_test
