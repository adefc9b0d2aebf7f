// Inner addresses for peers (CP-02, CP-05).
#include "ike/address_pool.h"

#include <catch2/catch.hpp>

namespace sallyport::ike::test::address_pool_test {
namespace {

Address address(std::string_view text) { return Address::parse(text).value(); }
Identity party(std::string_view text) { return Identity::parse(text).value(); }

AddressPool pool(std::string name, std::string_view addresses) {
  return {.name = std::move(name),
          .addresses = AddressRange::parse(addresses).value(),
          .dns = {},
          .subnets = {},
          .netmask = {}};
}

const std::vector<std::string> kBoth{"small", "other"};

struct Addresses {
  Addresses() {
    pools.replace({pool("small", "10.0.0.1-10.0.0.3"), pool("other", "10.0.1.0/30"),
                   pool("six", "2001:db8::10-2001:db8::11")});
  }
  std::optional<Address> lease(std::string_view who, std::vector<std::string> names = {"small"},
                               std::optional<Address> wished = {}, Family family = Family::V4) {
    const auto lease = pools.lease(names, party(who), family, wished);
    return lease ? std::optional(lease->address) : std::nullopt;
  }
  AddressPools pools;
};

TEST_CASE("CP-02: addresses are given one by one, none twice, until the pool is empty") {
  Addresses all;
  CHECK(all.lease("a.org") == address("10.0.0.1"));
  CHECK(all.lease("b.org") == address("10.0.0.2"));
  CHECK(all.lease("c.org") == address("10.0.0.3"));
  CHECK_FALSE(all.lease("d.org"));
  CHECK_FALSE(all.lease("a.org"));  // even to whom it has been given
  all.pools.release(address("10.0.0.2"));
  CHECK(all.lease("d.org") == address("10.0.0.2"));
}

TEST_CASE("CP-02: the next pool helps out, one that is not there does not") {
  Addresses all;
  for (const char* who : {"a.org", "b.org", "c.org"}) REQUIRE(all.lease(who, kBoth));
  CHECK(all.lease("d.org", kBoth) == address("10.0.1.0"));
  CHECK_FALSE(all.lease("e.org", {"nowhere"}));
  CHECK(all.lease("e.org", {"nowhere", "other"}) == address("10.0.1.1"));
  CHECK_FALSE(all.lease("f.org", {}));
  CHECK(all.pools.lease(kBoth, party("g.org"), Family::V4, {})->pool->name == "other");
}

TEST_CASE("CP-02: families have their own pools") {
  Addresses all;
  CHECK_FALSE(all.lease("a.org", {"small"}, {}, Family::V6));
  CHECK_FALSE(all.lease("a.org", {"six"}, {}, Family::V4));
  CHECK(all.lease("a.org", {"small", "six"}, {}, Family::V6) == address("2001:db8::10"));
  CHECK(all.lease("a.org", {"six", "small"}, {}, Family::V4) == address("10.0.0.1"));
  CHECK(all.pools.has_family(kBoth, Family::V4));
  CHECK_FALSE(all.pools.has_family(kBoth, Family::V6));
  CHECK_FALSE(all.pools.has_family({}, Family::V4));
}

TEST_CASE("CP-05: a party gets what it had before, if it is free") {
  Addresses all;
  REQUIRE(all.lease("a.org"));
  const auto before = all.lease("b.org");
  all.pools.release(*before);
  REQUIRE(all.lease("c.org") != before);  // the search goes on before it comes back
  CHECK(all.lease("b.org") == before);
  // Of each family its own.
  const auto six = all.lease("b.org", {"six"}, {}, Family::V6);
  all.pools.release(*six);
  all.pools.release(*before);
  CHECK(all.lease("b.org", {"six"}, {}, Family::V6) == six);
  CHECK(all.lease("b.org") == before);
  // Another has it now.
  all.pools.release(*before);
  REQUIRE(all.lease("d.org", {"small"}, *before) == before);
  all.pools.release(address("10.0.0.1"));
  CHECK(all.lease("b.org") == address("10.0.0.1"));
}

TEST_CASE("CP-02: a wish is granted where it is free and in a pool, behind what there was before") {
  Addresses all;
  CHECK(all.lease("a.org", {"small"}, address("10.0.0.3")) == address("10.0.0.3"));
  CHECK(all.lease("b.org", {"small"}, address("10.0.0.3")) == address("10.0.0.1"));
  CHECK(all.lease("c.org", {"small"}, address("10.9.9.9")) == address("10.0.0.2"));
  all.pools.release(address("10.0.0.1"));
  all.pools.release(address("10.0.0.2"));
  CHECK(all.lease("b.org", {"small"}, address("10.0.0.2")) == address("10.0.0.1"));
}

TEST_CASE("CP-05: leases outlive a change of the pools that they came from") {
  Addresses all;
  REQUIRE(all.lease("a.org") == address("10.0.0.1"));
  all.pools.replace({pool("small", "10.0.0.1-10.0.0.2")});
  CHECK(all.lease("b.org") == address("10.0.0.2"));
  CHECK_FALSE(all.lease("c.org"));
  all.pools.release(address("10.0.0.1"));
  CHECK(all.lease("c.org") == address("10.0.0.1"));
}

TEST_CASE("CP-02: pools at the ends of their space, and of one address, do not overrun") {
  AddressPools pools;
  pools.replace({pool("top", "255.255.255.254-255.255.255.255"), pool("one", "192.0.2.1"),
                 pool("end", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")});
  const std::vector<std::string> names{"top", "one", "end"};
  CHECK(pools.lease(names, party("a.org"), Family::V4, {})->address == address("255.255.255.254"));
  CHECK(pools.lease(names, party("b.org"), Family::V4, {})->address == address("255.255.255.255"));
  CHECK(pools.lease(names, party("c.org"), Family::V4, {})->address == address("192.0.2.1"));
  CHECK_FALSE(pools.lease(names, party("d.org"), Family::V4, {}));
  CHECK(pools.lease(names, party("d.org"), Family::V6, {}));
  CHECK_FALSE(pools.lease(names, party("e.org"), Family::V6, {}));
}

TEST_CASE("PAD-14: an address that is leased is claimed by nobody else") {
  Addresses all;
  const Address mine = *all.lease("a.org");
  const Address theirs = *all.lease("b.org");
  const std::vector own{mine};
  const auto claim = [](const Address& first, const Address& last) {
    return AddressRange{first, last};
  };
  CHECK(all.pools.is_anothers(claim(theirs, theirs), own));
  CHECK_FALSE(all.pools.is_anothers(claim(mine, mine), own));
  CHECK(all.pools.is_anothers(claim(mine, mine), {}));
  CHECK(all.pools.is_anothers(claim(mine, theirs), own));
  // A free one may be somebody's by configuration; so may what is more than a pool.
  CHECK_FALSE(all.pools.is_anothers(claim(address("10.0.0.3"), address("10.0.0.3")), own));
  CHECK_FALSE(all.pools.is_anothers(claim(address("10.0.0.0"), address("10.0.0.255")), own));
  CHECK_FALSE(all.pools.is_anothers(claim(address("2001:db8::10"), address("2001:db8::11")), own));
  all.pools.release(theirs);
  CHECK_FALSE(all.pools.is_anothers(claim(theirs, theirs), own));
}

TEST_CASE("CP-02: usage counts what is taken of each pool, each family for itself") {
  AddressPools pools;
  // The octets of the second pool's addresses lie between those of the first.
  pools.replace({pool("four", "32.1.13.0/24"), pool("six", "2001:db8::/64")});
  const std::vector<std::string> names{"four", "six"};
  REQUIRE(pools.lease(names, party("a.org"), Family::V4, {}));
  for (const char* who : {"a.org", "b.org", "c.org"})
    REQUIRE(pools.lease(names, party(who), Family::V6, {}));
  const auto usage = pools.usage();
  REQUIRE(usage.size() == 2);
  CHECK(usage[0].pool->name == "four");
  CHECK(usage[0].taken == 1);
  CHECK(usage[1].taken == 3);
}

}  // namespace
}  // namespace sallyport::ike::test::address_pool_test
