#include "mip6/mobility_header.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "mip6/flags.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/mobility.h"

namespace sallyport::mip6::test::mobility_header_test {
namespace {

using sallyport::test::octets;

TEST_CASE("MH-04, MH-06: the known types and the least lengths that RFC 6275 9.2 asks of them") {
  const std::map<int, int> least{{0, 0}, {1, 1}, {2, 1},  {3, 2},  {4, 2}, {5, 1},
                                 {6, 1}, {7, 2}, {12, 0}, {13, 1}, {16, 1}};
  std::set<std::string_view> names;
  for (int type = 0; type < 256; ++type) {
    const MessageFacts* const facts = facts_of(static_cast<std::uint8_t>(type));
    CAPTURE(type);
    REQUIRE((facts != nullptr) == least.contains(type));
    if (facts == nullptr) continue;
    CHECK(static_cast<int>(facts->type) == type);
    CHECK(facts->minimum_length == least.at(type));
    CHECK(names.insert(facts->name).second);
  }
}

TEST_CASE("MH-12: below 128 is accepted, and the registry's numbers have names") {
  const std::set<int> named{0,   1,   4,   5,   128, 129, 130, 131, 132, 133, 134, 135, 136, 137,
                            138, 139, 140, 141, 142, 143, 164, 165, 166, 167, 168, 169, 174};
  for (int value = 0; value < 256; ++value) {
    const auto status = static_cast<BindingStatus>(value);
    CAPTURE(value);
    CHECK(is_accepted(status) == (value < 128));
    CHECK(name_of(status).empty() == !named.contains(value));
  }
  CHECK(name_of(static_cast<BindingStatus>(135)) == "sequence number out of window");
  CHECK(name_of(static_cast<BindingStatus>(174)) == "invalid care-of address");
}

TEST_CASE("MH-10: flags that have no name are ignored") {
  const auto flags = Flags<UpdateFlag>::of_wire(0xffff);
  CHECK(flags.wire() == 0xff80);
  CHECK(Flags<AcknowledgementFlag>::of_wire(0xff).wire() == 0xe0);
  const Flags<UpdateFlag> some{UpdateFlag::Acknowledge, UpdateFlag::MobileRouter};
  CHECK(some.wire() == 0x8400);
  CHECK(some.has(UpdateFlag::MobileRouter));
  CHECK_FALSE(some.has(UpdateFlag::HomeRegistration));
  CHECK(Flags<UpdateFlag>{}.wire() == 0);
}

// The kernel's packets of the golden cases: a Binding Update behind a Home Address option, its
// acknowledgement behind a type 2 routing header, a Home Test Init behind neither.
TEST_CASE("MH-02: the checksum covers home addresses where the packet has them, wherever it is") {
  const auto update = octets("3b0305004d881234d000003c0100031020010db8000a00000000000000000100");
  CHECK(checksum_good(update, kHome, kHomeAgent));
  CHECK_FALSE(checksum_good(update, kCareOf, kHomeAgent));
  const auto acknowledgement = octets("3b0106004dec00801234003c01020000");
  CHECK(checksum_good(acknowledgement, kHomeAgent, kHome));
  CHECK_FALSE(checksum_good(acknowledgement, kHomeAgent, kCareOf));
  const auto test_init = octets("3b01010061bb00002c333a41484f565d");
  CHECK(checksum_good(test_init, kHome, kCorrespondent));
  CHECK_FALSE(checksum_good(test_init, kCareOf, kCorrespondent));
}

TEST_CASE("MH-02: set_checksum fills in what the kernel does, whatever stood there") {
  for (const char* const before : {"0000", "ffff", "4d88"}) {
    auto update = octets(std::string("3b030500") + before +
                         "1234d000003c0100031020010db8000a00000000000000000100");
    set_checksum(update, kHome, kHomeAgent);
    CHECK(load_be<std::uint16_t>(&update[4]) == 0x4d88);
  }
}

TEST_CASE("MH-01: a message is as long as its header says, and what follows is not its own") {
  const auto size = [](std::string_view hex) {
    return on_exact_copy(octets(hex), [](ByteView upper) {
      const auto message = one_message(upper);
      return message ? static_cast<int>(message->size()) : -1;
    });
  };
  CHECK(size("3b00000067e50000") == 8);
  CHECK(size("3b00000067e50000 aabbcc") == 8);
  CHECK(size("3b01000067e50000 0000000000000000") == 16);
  CHECK(size("3b01000067e50000 00000000000000") == -1);
  CHECK(size("3b00000067e500") == -1);
  CHECK(size("3b") == -1);
  CHECK(size("") == -1);
}

}  // namespace
}  // namespace sallyport::mip6::test::mobility_header_test
