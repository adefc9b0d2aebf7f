// Who keeps what where both ends have replaced an SA (IKE-114, IKE-115).
#include "ike/rekey_collision.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

#include "tests/support/fixed_random.h"

namespace sallyport::ike::test::rekey_collision_test {
namespace {

Survivor other(Survivor one) { return one == Survivor::Ours ? Survivor::Theirs : Survivor::Ours; }

TEST_CASE("IKE-114: nonces are compared octet by octet, and a beginning is below the whole") {
  const Octets low{1, 2, 3};
  const Octets longer{1, 2, 3, 0};
  const Octets high{1, 2, 4};
  const Octets top{0xff};
  CHECK(lower_nonce(low, high) == low);
  CHECK(lower_nonce(high, low) == low);
  CHECK(lower_nonce(low, longer) == low);
  CHECK(lower_nonce(longer, low) == low);
  CHECK(lower_nonce(longer, high) == longer);
  CHECK(lower_nonce(top, low) == low);  // octets are unsigned, and lengths do not decide
  CHECK(lower_nonce({0x80}, {0x7f, 0xff}) == Octets{0x7f, 0xff});
  CHECK(lower_nonce(low, low) == low);
}

TEST_CASE("IKE-114, IKE-115: the exchange with the lowest of all four nonces has made what goes") {
  CHECK(survivor_of({1}, {2}) == Survivor::Theirs);
  CHECK(survivor_of({2}, {1}) == Survivor::Ours);
  CHECK(survivor_of({1}, {1, 0}) == Survivor::Theirs);
  CHECK(survivor_of({0x80}, {0x7f}) == Survivor::Ours);
}

TEST_CASE("IKE-114, IKE-115: both ends come to the same, and it is the RFC's rule") {
  FixedRandom random;
  for (unsigned round = 0; round < 1000; ++round) {
    std::array<Octets, 4> nonces;  // ours: 0 and 1; theirs: 2 and 3
    for (Octets& nonce : nonces) {
      nonce.resize(1 + random.below(3));
      for (std::uint8_t& octet : nonce) octet = static_cast<std::uint8_t>(random.below(3));
    }
    const Octets ours = lower_nonce(nonces[0], nonces[1]);
    const Octets theirs = lower_nonce(nonces[2], nonces[3]);
    if (ours == theirs) continue;  // nonces that repeat decide nothing
    const Survivor survivor = survivor_of(ours, theirs);
    CHECK(survivor_of(theirs, ours) == other(survivor));
    const auto lowest = std::ranges::min_element(nonces) - nonces.begin();
    CHECK(survivor == (lowest < 2 ? Survivor::Theirs : Survivor::Ours));
  }
}

}  // namespace
}  // namespace sallyport::ike::test::rekey_collision_test
