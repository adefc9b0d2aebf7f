#include "pad/verified_chains.h"

#include <catch2/catch.hpp>

#include "tests/pad/test_authority.h"

namespace sallyport::verified_chains_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using test::kIssued;

Fingerprint question(std::uint8_t number) {
  Fingerprint fingerprint{};
  fingerprint[0] = number;
  return fingerprint;
}

VerifiedKey key_until(WallTime until) {
  static const test::TestAuthority kAuthority("CN=CA");
  return {.key = kAuthority.certificate().public_key(), .valid_until = until};
}

}  // namespace

TEST_CASE("CERT-04: a verified chain is remembered until the first of its ends, and no longer") {
  VerifiedChains chains;
  const WallTime now = kIssued + hours(1);
  chains.remember(question(1), key_until(now + minutes(10)), now, now + minutes(30));
  const auto known = chains.find(question(1), now + minutes(10));
  REQUIRE(known);
  CHECK(known->valid_until == now + minutes(10));
  CHECK_FALSE(chains.find(question(2), now));
  CHECK_FALSE(chains.find(question(1), now + minutes(10) + std::chrono::seconds(1)));
  // What has ended is gone.
  CHECK_FALSE(chains.find(question(1), now));
  CHECK(chains.size() == 0);

  chains.remember(question(1), key_until(now + hours(9)), now, now + minutes(1));
  CHECK(chains.find(question(1), now + minutes(1)));
  CHECK_FALSE(chains.find(question(1), now + minutes(2)));
  chains.remember(question(1), key_until(now + hours(9)), now, now + hours(9));
  CHECK(chains.find(question(1), now + VerifiedChains::kLongest));
  CHECK_FALSE(chains.find(question(1), now + VerifiedChains::kLongest + minutes(1)));
}

TEST_CASE("CERT-04: a clock that was set back makes a chain verified anew") {
  VerifiedChains chains;
  const WallTime now = kIssued + hours(1);
  chains.remember(question(1), key_until(now + hours(1)), now, now + hours(1));
  CHECK_FALSE(chains.find(question(1), now - std::chrono::seconds(1)));
}

TEST_CASE("CERT-04: no more chains are remembered than there is room for") {
  VerifiedChains chains(2);
  const WallTime now = kIssued;
  for (std::uint8_t number = 1; number <= 3; ++number) {
    chains.remember(question(number), key_until(now + hours(1)), now, now + hours(1));
    CHECK(chains.find(question(1), now));
  }
  CHECK(chains.size() == 2);
  CHECK(chains.find(question(1), now));  // asked for all the while
  CHECK_FALSE(chains.find(question(2), now));
  CHECK(chains.find(question(3), now));
}

}  // namespace sallyport::verified_chains_test
