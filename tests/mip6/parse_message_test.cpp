// Messages octet by octet, and what becomes of wrong ones (RFC 6275 6.1, 9.2). Octets that are not
// the kernel's were put together by hand from the RFCs' figures, their checksums by a script.
#include "mip6/parse_message.h"

#include <catch2/catch.hpp>

#include "mip6/build_message.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/sample_messages.h"

namespace sallyport::mip6::test::parse_message_test {
namespace {

using sallyport::test::octets;
using Answer = MessageFault::Answer;

constexpr MessageFault kDropped{};
constexpr MessageFault kUnknownType{.answer = Answer::BindingError};
constexpr MessageFault problem(std::uint8_t pointer) {
  return {.answer = Answer::ParameterProblem, .pointer = pointer};
}

template <class T>
T parsed(std::string_view hex, const Address& source = kHome,
         const Address& destination = kHomeAgent) {
  auto message = parse_exactly(octets(hex), source, destination);
  REQUIRE(message);
  REQUIRE(std::holds_alternative<T>(*message));
  return std::get<T>(*message);
}

MessageFault fault(const Octets& message) {
  const auto taken = parse_exactly(message);
  REQUIRE_FALSE(taken);
  return taken.error();
}

TEST_CASE("MH-07: a Binding Refresh Request's octets") {
  CHECK(parsed<BindingRefreshRequest>("3b00000067e50000", kCorrespondent, kHome) ==
        BindingRefreshRequest{});
}

TEST_CASE("MH-08: the octets of Home Test Init and Care-of Test Init") {
  // The kernel's.
  CHECK(parsed<HomeTestInit>("3b01010061bb00002c333a41484f565d", kHome, kCorrespondent) ==
        HomeTestInit{.cookie = {0x2c, 0x33, 0x3a, 0x41, 0x48, 0x4f, 0x56, 0x5d}});
  CHECK(parsed<CareOfTestInit>("3b010200e84300004a51585f666d747b", kCareOf, kCorrespondent) ==
        CareOfTestInit{.cookie = {0x4a, 0x51, 0x58, 0x5f, 0x66, 0x6d, 0x74, 0x7b}});
}

TEST_CASE("MH-09: the octets of Home Test and Care-of Test") {
  // The kernel's.
  CHECK(
      parsed<HomeTest>("3b020300de0d00072c333a41484f565d4b525960676e757c", kCorrespondent, kHome) ==
      HomeTest{.nonce_index = 7,
               .cookie = {0x2c, 0x33, 0x3a, 0x41, 0x48, 0x4f, 0x56, 0x5d},
               .token = {0x4b, 0x52, 0x59, 0x60, 0x67, 0x6e, 0x75, 0x7c}});
  CHECK(parsed<CareOfTest>("3b020400d61e00084a51585f666d747b0102030405060708", kCorrespondent,
                           kCareOf) ==
        CareOfTest{.nonce_index = 8,
                   .cookie = {0x4a, 0x51, 0x58, 0x5f, 0x66, 0x6d, 0x74, 0x7b},
                   .token = {1, 2, 3, 4, 5, 6, 7, 8}});
}

TEST_CASE("MH-10: the kernel's Binding Update, octet by octet") {
  const auto update = parsed<BindingUpdate>(
      "3b0305004d881234d000003c0100031020010db8000a00000000000000000100", kHome, kHomeAgent);
  CHECK(update.sequence == 0x1234);
  CHECK(update.flags == Flags<UpdateFlag>{UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration,
                                          UpdateFlag::KeyManagementMobility});
  CHECK(update.lifetime == std::chrono::seconds{240});
  CHECK(update.options == MobilityOptions{.alternate_care_of = kCareOf});
}

TEST_CASE("MH-11: the kernel's Binding Acknowledgement, octet by octet") {
  CHECK(parsed<BindingAcknowledgement>("3b0106004dec00801234003c01020000", kHomeAgent, kHome) ==
        BindingAcknowledgement{.status = BindingStatus::Accepted,
                               .flags = {AcknowledgementFlag::KeyManagementMobility},
                               .sequence = 0x1234,
                               .lifetime = BindingLifetime{60}});
}

TEST_CASE("MH-10, MH-11: each flag has its bit") {
  const auto update_with = [](std::uint16_t bits) {
    Octets message = octets("3b010500000000010000000001020000");
    store_be(&message[8], bits);
    return std::get<BindingUpdate>(parse_exactly(with_checksum(message)).value()).flags;
  };
  const std::pair<UpdateFlag, std::uint16_t> update_bits[] = {
      {UpdateFlag::Acknowledge, 0x8000},
      {UpdateFlag::HomeRegistration, 0x4000},
      {UpdateFlag::LinkLocalCompatible, 0x2000},
      {UpdateFlag::KeyManagementMobility, 0x1000},
      {UpdateFlag::MapRegistration, 0x0800},
      {UpdateFlag::MobileRouter, 0x0400},
      {UpdateFlag::ProxyRegistration, 0x0200},
      {UpdateFlag::ForceUdp, 0x0100},
      {UpdateFlag::TlvHeader, 0x0080}};
  for (const auto& [flag, bits] : update_bits) CHECK(update_with(bits) == Flags<UpdateFlag>{flag});
  CHECK(update_with(0x007f) == Flags<UpdateFlag>{});
  const auto acknowledgement_with = [](std::uint8_t bits) {
    Octets message = octets("3b010600000000000001000001020000");
    message[7] = bits;
    return std::get<BindingAcknowledgement>(parse_exactly(with_checksum(message)).value()).flags;
  };
  using A = AcknowledgementFlag;
  CHECK(acknowledgement_with(0x80) == Flags<A>{A::KeyManagementMobility});
  CHECK(acknowledgement_with(0x40) == Flags<A>{A::MobileRouter});
  CHECK(acknowledgement_with(0x20) == Flags<A>{A::ProxyRegistration});
  CHECK(acknowledgement_with(0x1f) == Flags<A>{});
}

TEST_CASE("MH-13: a Binding Error's octets") {
  CHECK(parsed<BindingError>("3b0207003110010020010db8000b00000000000000000100", kCorrespondent,
                             kCareOf) ==
        BindingError{.status = BindingErrorStatus::UnknownBinding, .home_address = kHome});
  CHECK(parsed<BindingError>("3b0207005ed4020000000000000000000000000000000000", kCorrespondent,
                             kCareOf) == BindingError{.status = BindingErrorStatus::UnknownType});
}

TEST_CASE("MH-17: a Home Agent Switch has as many addresses as it says") {
  CHECK(parsed<HomeAgentSwitch>("3b000c005be70000", kHomeAgent, kHome) == HomeAgentSwitch{});
  const char* const two =
      "3b040c00fe350200"
      "20010db8000b00000000000000000002 20010db8000b00000000000000000003";
  CHECK(parsed<HomeAgentSwitch>(two, kHomeAgent, kHome) ==
        HomeAgentSwitch{.home_agents = {ip("2001:db8:b::2"), ip("2001:db8:b::3")}});
  // What is no address is an option.
  Octets message = octets(two);
  message[6] = 1;
  std::copy_n(octets("0202000701 0a").begin(), 6, message.begin() + 24);
  const auto taken = parse_exactly(with_checksum(message));
  REQUIRE(taken);
  CHECK(*taken == Message{HomeAgentSwitch{.home_agents = {ip("2001:db8:b::2")},
                                          .options = {.refresh_advice = BindingLifetime{7}}}});
  // More than there is room for is a length below the least.
  message[6] = 3;
  CHECK(fault(with_checksum(message)) == problem(1));
  message[6] = 255;
  CHECK(fault(with_checksum(message)) == problem(1));
}

TEST_CASE("MH-17: the octets of Heartbeat and Binding Revocation") {
  CHECK(parsed<Heartbeat>("3b010d008b41000000abcdef01020000", kHomeAgent, kHome) ==
        Heartbeat{.sequence = 0xabcdef});
  CHECK(parsed<Heartbeat>("3b010d008b40000100abcdef01020000", kHome, kHomeAgent) ==
        Heartbeat{.flags = {HeartbeatFlag::Response}, .sequence = 0xabcdef});
  CHECK(parsed<BindingRevocation>("3b01100096e70105beef000001020000", kHomeAgent, kHome) ==
        BindingRevocation{.reason = 5, .sequence = 0xbeef});
  CHECK(parsed<BindingRevocation>("3b011000756c0280beef200001020000", kHome, kHomeAgent) ==
        BindingRevocation{.kind = BindingRevocation::Kind::Acknowledgement,
                          .reason = 128,
                          .sequence = 0xbeef,
                          .flags = {RevocationFlag::Global}});
  // Neither an indication nor an acknowledgement.
  for (const std::uint8_t kind : Octets{0, 3, 255}) {
    Octets message = octets("3b01100000000105beef000001020000");
    message[6] = kind;
    CHECK(fault(with_checksum(message)) == kDropped);
  }
}

TEST_CASE("MH-03: a wrong checksum is dropped without a word, whatever else is wrong") {
  for (const Message& sample : sample_messages()) {
    const Octets good = build_message(sample, kHome, kHomeAgent).value();
    REQUIRE(parse_exactly(good));
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
      Octets bent = good;
      bent[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      CAPTURE(facts_of(good[2])->name, bit);
      CHECK(fault(bent) == kDropped);
    }
  }
  // A care-of address where the home address belongs.
  const auto update = octets("3b0305004d881234d000003c0100031020010db8000a00000000000000000100");
  CHECK(parse_exactly(update, kCareOf, kHomeAgent).error() == kDropped);
}

TEST_CASE("MH-04: an unknown type is answered by a Binding Error, whatever its length") {
  for (int type = 0; type < 256; ++type) {
    if (facts_of(static_cast<std::uint8_t>(type)) != nullptr) continue;
    for (const std::uint8_t length : Octets{0, 1, 5}) {
      Octets message(8 * (length + 1u), 0x5a);
      message[0] = type % 2 == 0 ? 59 : 58;  // the type is looked at first
      message[1] = length;
      message[2] = static_cast<std::uint8_t>(type);
      CHECK(fault(with_checksum(message)) == kUnknownType);
    }
  }
}

TEST_CASE("MH-05: another payload protocol than 59 is a Parameter Problem at its octet") {
  for (const Message& sample : sample_messages())
    for (const std::uint8_t protocol : Octets{0, 6, 17, 41, 58, 60, 135}) {
      Octets message = build_message(sample, kHome, kHomeAgent).value();
      message[0] = protocol;
      CHECK(fault(with_checksum(message)) == problem(0));
    }
}

TEST_CASE("MH-06: a length below the type's least is a Parameter Problem at its octet") {
  for (const Message& sample : sample_messages()) {
    const Octets whole = build_message(sample, kHome, kHomeAgent).value();
    const std::uint8_t least = facts_of(whole[2])->minimum_length;
    for (std::uint8_t length = 0; length < least; ++length) {
      Octets message = whole;
      message[1] = length;
      CAPTURE(facts_of(whole[2])->name, length);
      CHECK(fault(with_checksum(message)) == problem(1));
      message.resize(8 * (length + 1u));
      CHECK(fault(with_checksum(message)) == problem(1));
    }
  }
}

TEST_CASE("MH-01: what follows a message is not looked at, and alignment does not matter") {
  for (const Message& sample : sample_messages(all_options())) {
    Octets message = build_message(sample, kHome, kHomeAgent).value();
    for (std::size_t shift = 0; shift < 8; ++shift)
      CHECK(parse_exactly(message, kHome, kHomeAgent, shift) == sample);
    message.insert(message.end(), {0xff, 0xff, 0xff});
    CHECK(parse_exactly(message) == sample);
  }
}

TEST_CASE("MH-01: a reserved octet may hold anything") {
  for (const Message& sample : sample_messages()) {
    Octets message = build_message(sample, kHome, kHomeAgent).value();
    message[3] = 0xff;
    CHECK(parse_exactly(with_checksum(message)) == sample);
  }
}

}  // namespace
}  // namespace sallyport::mip6::test::parse_message_test
