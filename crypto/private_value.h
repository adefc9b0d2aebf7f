// Private values of Diffie-Hellman, kind by kind: what a KeyExchange holds one of.
#pragma once

#include <variant>
#include <vector>

#include "base/random.h"
#include "base/secret.h"
#include "crypto/ike_transforms.h"
#include "crypto/openssl_handles.h"

namespace sallyport {

using BigNumber = OpensslPtr<BIGNUM>;

// Secret, big-endian: exponentiation takes the way whose time does not depend on it.
[[nodiscard]] BigNumber secret_number(ByteView octets);
[[nodiscard]] BigNumber empty_number();
// Uniform from 1 to `bound` - 1.
[[nodiscard]] BigNumber random_below(const BIGNUM* bound, Random& random);
// From 1 to `bound` - 1.
[[nodiscard]] bool within(const BIGNUM* number, const BIGNUM* bound) noexcept;
// Big-endian in `bytes` octets, with leading zeros (IKE-75).
[[nodiscard]] SecretBytes octets_of(const BIGNUM* number, std::size_t bytes);
// What every kind answers to octets from a peer that are no public value of the group.
[[nodiscard]] std::unexpected<Error> refused_value(Group group, std::string_view why);
[[nodiscard]] std::unexpected<Error> refused_private_value(Group group);
[[nodiscard]] std::unexpected<Error> unsupported(Group group);

// MODP groups, with and without a small subgroup (RFC 2409 6, 3526, 5114 2).
class ModpValue {
 public:
  [[nodiscard]] static Expected<ModpValue> generate(Group group, Random& random);
  [[nodiscard]] static Expected<ModpValue> from_octets(Group group, ByteView octets);

  [[nodiscard]] std::vector<std::uint8_t> public_value() const;
  [[nodiscard]] Expected<SecretBytes> agree(ByteView peer) const;

 private:
  ModpValue(Group group, BigNumber exponent) : group_(group), exponent_(std::move(exponent)) {}

  Group group_;
  BigNumber exponent_;
};

// Curves over prime fields with points as x and y (RFC 5903, 6954).
class EcpValue {
 public:
  [[nodiscard]] static Expected<EcpValue> generate(Group group, Random& random);
  [[nodiscard]] static Expected<EcpValue> from_octets(Group group, ByteView octets);

  [[nodiscard]] std::vector<std::uint8_t> public_value() const;
  [[nodiscard]] Expected<SecretBytes> agree(ByteView peer) const;

 private:
  EcpValue(Group group, BigNumber scalar) : group_(group), scalar_(std::move(scalar)) {}

  Group group_;
  BigNumber scalar_;
};

// X25519 and X448 (RFC 7748, 8031).
class MontgomeryValue {
 public:
  [[nodiscard]] static Expected<MontgomeryValue> generate(Group group, Random& random);
  [[nodiscard]] static Expected<MontgomeryValue> from_octets(Group group, ByteView octets);

  [[nodiscard]] std::vector<std::uint8_t> public_value() const;
  [[nodiscard]] Expected<SecretBytes> agree(ByteView peer) const;

 private:
  MontgomeryValue(Group group, OpensslPtr<EVP_PKEY> key) : group_(group), key_(std::move(key)) {}

  Group group_;
  OpensslPtr<EVP_PKEY> key_;
};

using PrivateValue = std::variant<ModpValue, EcpValue, MontgomeryValue>;

}  // namespace sallyport
