#include "net/address.h"

#include <catch2/catch.hpp>

#include "tests/support/fixed_random.h"

namespace sallyport::address_test {
namespace {

Address parse(std::string_view text) { return Address::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

TEST_CASE("address: text both ways") {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1",
                           "fe80::5054:ff:fe12:3456", "ff02::1:ff00:1"})
    CHECK(to_string(parse(text)) == text);
  CHECK(to_string(parse("2001:DB8:0:0:0:0:0:1")) == "2001:db8::1");
  CHECK(parse("192.0.2.1").v4_value() == 0xc0000201);
  CHECK(parse("192.0.2.1") == Address::v4(0xc0000201));
  CHECK(parse("192.0.2.1").wire().size() == 4);
  CHECK(parse("::1").wire().size() == 16);
}

TEST_CASE("address: refuses what is none, and says what one looks like") {
  using namespace std::string_view_literals;
  for (const std::string_view text : std::initializer_list<std::string_view>{
           "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "2001:db8",
           "::1::", "fe80::1%eth0", "host", "1.2.3.4\0x"sv}) {
    const Expected<Address> address = Address::parse(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().what.find("is not an IP address") != std::string::npos);
    CHECK(address.error().remedy == "an address looks like 192.0.2.1 or 2001:db8::1");
  }
}

TEST_CASE("address: kinds") {
  struct Row {
    const char* text;
    bool unspecified, multicast, link_local, loopback;
  };
  for (const Row& row : std::initializer_list<Row>{{"0.0.0.0", true, false, false, false},
                                                   {"0.0.0.1", false, false, false, false},
                                                   {"127.0.0.1", false, false, false, true},
                                                   {"127.255.0.9", false, false, false, true},
                                                   {"169.254.1.1", false, false, true, false},
                                                   {"169.255.0.0", false, false, false, false},
                                                   {"223.255.255.255", false, false, false, false},
                                                   {"224.0.0.0", false, true, false, false},
                                                   {"239.255.255.255", false, true, false, false},
                                                   {"240.0.0.0", false, false, false, false},
                                                   {"255.255.255.255", false, false, false, false},
                                                   {"::", true, false, false, false},
                                                   {"::1", false, false, false, true},
                                                   {"::2", false, false, false, false},
                                                   {"1::1", false, false, false, false},
                                                   {"fe80::1", false, false, true, false},
                                                   {"febf::1", false, false, true, false},
                                                   {"fec0::1", false, false, false, false},
                                                   {"ff02::1", false, true, false, false},
                                                   {"feff::1", false, false, false, false}}) {
    CAPTURE(row.text);
    const Address address = parse(row.text);
    CHECK(address.is_unspecified() == row.unspecified);
    CHECK(address.is_multicast() == row.multicast);
    CHECK(address.is_link_local() == row.link_local);
    CHECK(address.is_loopback() == row.loopback);
  }
}

TEST_CASE("address: next and previous carry, and stop at the ends") {
  CHECK(next(parse("10.0.0.255")) == parse("10.0.1.0"));
  CHECK(previous(parse("10.0.1.0")) == parse("10.0.0.255"));
  CHECK(next(parse("2001:db8::ffff:ffff")) == parse("2001:db8::1:0:0"));
  CHECK_FALSE(next(parse("255.255.255.255")));
  CHECK_FALSE(previous(parse("0.0.0.0")));
  CHECK_FALSE(next(parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  CHECK_FALSE(previous(parse("::")));
}

TEST_CASE("prefix: first, last and membership agree with bits, for every length") {
  FixedRandom random;
  for (const Family family : {Family::V4, Family::V6}) {
    for (unsigned length = 0; length <= bits(family); ++length) {
      Address base = Address::any(family);
      random.fill(MutableBytes(base.bytes).first(bits(family) / 8));
      const Prefix prefix{base, static_cast<std::uint8_t>(length)};
      CHECK(prefix.contains(base));
      CHECK(prefix.contains(prefix.first()));
      CHECK(prefix.contains(prefix.last()));
      for (unsigned bit = 0; bit < bits(family); ++bit) {
        Address other = base;
        other.bytes[bit / 8] = static_cast<std::uint8_t>(other.bytes[bit / 8] ^ 0x80u >> bit % 8);
        CHECK(prefix.contains(other) == (bit >= length));
        const bool set = (prefix.last().bytes[bit / 8] & 0x80u >> bit % 8) != 0;
        const bool clear = (prefix.first().bytes[bit / 8] & 0x80u >> bit % 8) == 0;
        if (bit >= length) CHECK((set && clear));
      }
      if (const auto below = previous(prefix.first())) CHECK_FALSE(prefix.contains(*below));
      if (const auto above = next(prefix.last())) CHECK_FALSE(prefix.contains(*above));
    }
  }
  CHECK_FALSE(prefix("0.0.0.0/0").contains(parse("::")));
}

TEST_CASE("prefix: text both ways") {
  CHECK(to_string(prefix("192.0.2.1/24")) == "192.0.2.1/24");
  CHECK(to_string(prefix("192.0.2.1")) == "192.0.2.1/32");
  CHECK(to_string(prefix("2001:db8::/32")) == "2001:db8::/32");
  CHECK(to_string(prefix("::/0").last()) == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  for (const char* text : {"192.0.2.1/33", "::/129", "192.0.2.1/", "192.0.2.1/-1", "192.0.2.1/+8",
                           "192.0.2.1/8x", "192.0.2.1/4294967297", "/8"})
    CHECK_FALSE(Prefix::parse(text));
  CHECK(Prefix::parse("192.0.2.1/33").error().remedy == "a number from 0 to 32");
}

TEST_CASE("MAC address: text both ways, and its link-local address") {
  const MacAddress mac = MacAddress::parse("02:00:5e:10:Fe:ff").value();
  CHECK(to_string(mac) == "02:00:5e:10:fe:ff");
  CHECK(to_string(mac.link_local()) == "fe80::5eff:fe10:feff");
  // The example of RFC 4291 appendix A.
  CHECK(to_string(MacAddress::parse("34:56:78:9a:bc:de")->link_local()) ==
        "fe80::3656:78ff:fe9a:bcde");
  for (const char* text : {"", "02:00:5e:10:fe", "02:00:5e:10:fe:ff:", "02-00-5e-10-fe-ff",
                           "02:00:5e:10:fe:fg", "2:00:5e:10:fe:ff0", "02:00:5e:10:fe: f"})
    CHECK_FALSE(MacAddress::parse(text));
}

}  // namespace
}  // namespace sallyport::address_test
