// Cookies (IKE-40, IKE-41, IKE-50).
#include "ike/cookies.h"

#include <catch2/catch.hpp>

#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::ike::test::cookies_test {
namespace {

using namespace std::chrono_literals;

Address address(std::string_view text) { return Address::parse(text).value(); }

const Octets kNonce(32, 0x11);
const Cookies::Claim kClaim{kNonce, Address::v4(0xc0000201), {0x0102030405060708}};

struct Bakery {
  FixedRandom random;
  Cookies cookies{random};
  ManualClock clock;

  Octets make(const Cookies::Claim& claim = kClaim) { return cookies.make(claim, clock.now()); }
  bool is_good(ByteView cookie, const Cookies::Claim& claim = kClaim) {
    return cookies.is_good(claim, cookie, clock.now());
  }
};

TEST_CASE("IKE-40, IKE-41: a cookie is 36 octets, good for its own claim again and again") {
  Bakery bakery;
  const Octets cookie = bakery.make();
  CHECK(cookie.size() == 36);
  CHECK(bakery.is_good(cookie));
  CHECK(bakery.is_good(cookie));
  CHECK(bakery.make() == cookie);
}

TEST_CASE("IKE-41: nonce, source and SPI are all bound") {
  Bakery bakery;
  const Octets cookie = bakery.make();
  const Octets nonce(32, 0x12);
  const Octets longer(33, 0x11);
  Cookies::Claim other = kClaim;
  other.nonce = nonce;
  CHECK_FALSE(bakery.is_good(cookie, other));
  other.nonce = longer;
  CHECK_FALSE(bakery.is_good(cookie, other));
  other = kClaim;
  other.source = address("192.0.2.2");
  CHECK_FALSE(bakery.is_good(cookie, other));
  other.source = address("c000:201::");
  CHECK_FALSE(bakery.is_good(cookie, other));
  other = kClaim;
  other.initiator = {0x0102030405060709};
  CHECK_FALSE(bakery.is_good(cookie, other));
}

TEST_CASE("IKE-41: an IPv6 source cannot earn a cookie for somebody's IPv4 address") {
  // The octets of nonce and address, one after the other, are the same in both claims.
  Bakery bakery;
  const Octets nonce(16, 0x11);
  const Address own = address("2001:db8::c000:201");
  const Octets cookie = bakery.make({nonce, own, kClaim.initiator});
  Octets stretched = nonce;
  stretched.insert(stretched.end(), own.bytes.begin(), own.bytes.begin() + 12);
  CHECK_FALSE(bakery.is_good(cookie, {stretched, address("192.0.2.1"), kClaim.initiator}));
}

TEST_CASE("IKE-50: what is no cookie of ours is only not good") {
  Bakery fresh;
  CHECK_FALSE(fresh.is_good({}));  // before any secret was made
  CHECK_FALSE(fresh.is_good(Octets(36, 0)));
  Bakery bakery;
  const Octets cookie = bakery.make();
  for (std::size_t size = 0; size < cookie.size(); ++size)
    CHECK_FALSE(bakery.is_good(ByteView(cookie).first(size)));
  Octets longer = cookie;
  longer.push_back(0);
  CHECK_FALSE(bakery.is_good(longer));
  for (std::size_t at = 0; at < cookie.size(); ++at) {
    Octets flipped = cookie;
    flipped[at] ^= 1;
    CHECK_FALSE(bakery.is_good(flipped));
  }
}

TEST_CASE("IKE-41: secrets change, and the one before is honoured for a time") {
  Bakery bakery;
  const Octets first = bakery.make();
  bakery.clock.advance(Cookies::kSecretLife - 1s);
  CHECK(bakery.make() == first);
  bakery.clock.advance(2s);
  const Octets second = bakery.make();
  CHECK(second != first);
  CHECK(bakery.is_good(first));
  CHECK(bakery.is_good(second));
  bakery.clock.advance(Cookies::kSecretLife - 2s);
  CHECK(bakery.is_good(first));
  bakery.clock.advance(3s);
  CHECK_FALSE(bakery.is_good(first));
  CHECK(bakery.is_good(second));
}

TEST_CASE("IKE-41: the time goes on where nobody asks") {
  Bakery bakery;
  const Octets cookie = bakery.make();
  bakery.clock.advance(2 * Cookies::kSecretLife - 1s);
  CHECK(bakery.is_good(cookie));
  Bakery idle;
  const Octets old = idle.make();
  idle.clock.advance(2 * Cookies::kSecretLife);
  CHECK_FALSE(idle.is_good(old));
  idle.clock.advance(24h);
  CHECK_FALSE(idle.is_good(old));
  CHECK(idle.is_good(idle.make()));
}

}  // namespace
}  // namespace sallyport::ike::test::cookies_test
