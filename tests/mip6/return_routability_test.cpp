// Values computed from the definitions of RFC 6275 5.2.5 and 6.2.7 by Python's hmac and hashlib,
// the tokens by the openssl command as well.
#include "mip6/return_routability.h"

#include <catch2/catch.hpp>

#include "mip6/build_message.h"
#include "tests/crypto/octets.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::return_routability_test {
namespace {

using sallyport::test::octets;

const ReturnRoutability kRoutability{kSha1};

constexpr std::uint8_t kNodeKey[] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
                                     0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23};
constexpr std::uint8_t kHomeNonce[] = {0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8};
constexpr std::uint8_t kCareOfNonce[] = {0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8};

KeygenToken home_token() { return kRoutability.home_token(kNodeKey, kHome, kHomeNonce); }
KeygenToken care_of_token() { return kRoutability.care_of_token(kNodeKey, kCareOf, kCareOfNonce); }
BindingKey binding_key() { return kRoutability.binding_key(home_token(), care_of_token()); }

const AuthorizedAddresses kAway{.care_of = kCareOf, .correspondent = kCorrespondent};

// As RFC 6275 11.7.2 has it: nonce indices and the authorization, seven minutes.
Octets unauthorized_update() {
  return build_without_checksum(
             BindingUpdate{.sequence = 0x0102,
                           .flags = {UpdateFlag::Acknowledge},
                           .lifetime = BindingLifetime{105},
                           .options = {.nonce_indices = NonceIndices{.home = 7, .care_of = 9},
                                       .authorization = Authenticator{}}})
      .value();
}

Octets authorized_update() {
  Octets update = unauthorized_update();
  REQUIRE(kRoutability.authorize(update, binding_key(), kAway));
  set_checksum(update, kHome, kCorrespondent);
  return update;
}

TEST_CASE("RR-02: keygen tokens, home and care-of") {
  CHECK(octets(home_token()) == octets("6e2800148125954b"));
  CHECK(octets(care_of_token()) == octets("81b1c9c17fea7ad9"));
  // The last octet that is hashed sets the two apart.
  CHECK(kRoutability.care_of_token(kNodeKey, kHome, kHomeNonce) != home_token());
}

TEST_CASE("RR-03: the key of a binding, and of its deletion") {
  CHECK(octets(binding_key().view()) == octets("5f0ec52c2b421ce685a47d2e26d07e74ba4ff2f3"));
  CHECK(octets(kRoutability.deletion_key(home_token()).view()) ==
        octets("94b59baed36427044e77e1b3a1b0a5bff1cb4e0d"));
}

TEST_CASE("RR-04: an authorized Binding Update, octet by octet") {
  CHECK(authorized_update() ==
        octets("3b0305001414010280000069040400070009050cb5ac59e05dc3a7e142f26c06"));
  CHECK(kRoutability.is_authorized(authorized_update(), binding_key(), kAway));
}

TEST_CASE("RR-04: an update that deletes is authorized with the home address and the home token") {
  Octets update =
      build_without_checksum(
          BindingUpdate{.sequence = 0x0103,
                        .flags = {UpdateFlag::Acknowledge},
                        .options = {.nonce_indices = NonceIndices{.home = 7, .care_of = 9},
                                    .authorization = Authenticator{}}})
          .value();
  const BindingKey key = kRoutability.deletion_key(home_token());
  const AuthorizedAddresses home{.care_of = kHome, .correspondent = kCorrespondent};
  REQUIRE(kRoutability.authorize(update, key, home));
  set_checksum(update, kHome, kCorrespondent);
  CHECK(update == octets("3b030500ad31010380000000040400070009050c92d26aa4b4c4392f708fcf7a"));
  CHECK(kRoutability.is_authorized(update, key, home));
  CHECK_FALSE(kRoutability.is_authorized(update, key, kAway));
}

TEST_CASE("RR-04: an acknowledgement is authorized as its update was") {
  Octets acknowledgement =
      build_without_checksum(BindingAcknowledgement{.sequence = 0x0102,
                                                    .lifetime = BindingLifetime{105},
                                                    .options = {.authorization = Authenticator{}}})
          .value();
  REQUIRE(kRoutability.authorize(acknowledgement, binding_key(), kAway));
  set_checksum(acknowledgement, kCorrespondent, kHome);
  CHECK(acknowledgement ==
        octets("3b030600cd90000001020069010400000000050ce3eeed00327fd27a0feaa6ea"));
}

TEST_CASE("RR-04: a bit changed anywhere but in the checksum is not authorized") {
  const Octets update = authorized_update();
  for (std::size_t bit = 0; bit < 8 * update.size(); ++bit) {
    Octets bent = update;
    bent[bit / 8] = static_cast<std::uint8_t>(bent[bit / 8] ^ 1u << bit % 8);
    const bool in_checksum = bit / 8 == 4 || bit / 8 == 5;
    CAPTURE(bit);
    CHECK(kRoutability.is_authorized(bent, binding_key(), kAway) == in_checksum);
  }
}

TEST_CASE("RR-04: another key or other addresses are not authorized") {
  const Octets update = authorized_update();
  CHECK_FALSE(kRoutability.is_authorized(update, kRoutability.deletion_key(home_token()), kAway));
  CHECK_FALSE(kRoutability.is_authorized(update, binding_key(),
                                         {.care_of = kHome, .correspondent = kCorrespondent}));
  CHECK_FALSE(kRoutability.is_authorized(update, binding_key(),
                                         {.care_of = kCareOf, .correspondent = kHomeAgent}));
}

TEST_CASE("RR-04: what does not end with an authorization is not authorized, of any size") {
  const Octets update = authorized_update();
  for (std::size_t size = 0; size < update.size(); ++size)
    CHECK_FALSE(on_exact_copy(ByteView(update).first(size), [](ByteView cut) {
      return kRoutability.is_authorized(cut, binding_key(), kAway);
    }));
  Octets plain = build_without_checksum(BindingUpdate{.sequence = 1}).value();
  CHECK_FALSE(kRoutability.authorize(plain, binding_key(), kAway));
  CHECK(plain == build_without_checksum(BindingUpdate{.sequence = 1}));
}

}  // namespace
}  // namespace sallyport::mip6::test::return_routability_test
