#include <openssl/err.h>

#include <algorithm>

#include "crypto/private_value.h"

namespace sallyport {
namespace {

const char* montgomery_group_in_openssl(Group group) noexcept {
  return group == Group::Curve25519 ? "X25519" : "X448";
}

}  // namespace

Expected<MontgomeryValue> MontgomeryValue::generate(Group group, Random& random) {
  SecretBytes octets(facts(group).secret_bytes);
  random.fill(octets.room());
  return from_octets(group, octets.view());
}

Expected<MontgomeryValue> MontgomeryValue::from_octets(Group group, ByteView octets) {
  if (octets.size() != facts(group).secret_bytes) return refused_private_value(group);
  OpensslPtr<EVP_PKEY> key(EVP_PKEY_new_raw_private_key_ex(
      nullptr, montgomery_group_in_openssl(group), nullptr, octets.data(), octets.size()));
  if (!key) return unsupported(group);
  return MontgomeryValue(group, std::move(key));
}

std::vector<std::uint8_t> MontgomeryValue::public_value() const {
  std::vector<std::uint8_t> octets(facts(group_).public_bytes);
  std::size_t size = octets.size();
  must_succeed(EVP_PKEY_get_raw_public_key(key_.get(), octets.data(), &size));
  return octets;
}

Expected<SecretBytes> MontgomeryValue::agree(ByteView peer) const {
  const OpensslPtr<EVP_PKEY> value(EVP_PKEY_new_raw_public_key_ex(
      nullptr, montgomery_group_in_openssl(group_), nullptr, peer.data(), peer.size()));
  must_succeed(value != nullptr);
  const OpensslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  must_succeed(context && EVP_PKEY_derive_init(context.get()) == 1);
  must_succeed(EVP_PKEY_derive_set_peer_ex(context.get(), value.get(), 0));
  SecretBytes secret(facts(group_).secret_bytes);
  std::size_t size = secret.size();
  const bool derived = EVP_PKEY_derive(context.get(), secret.room().data(), &size) == 1;
  // RFC 7748 6: the points of low order give zero; OpenSSL refuses it by itself, but need not.
  std::uint8_t any = 0;
  for (const std::uint8_t octet : secret.view()) any |= octet;
  if (!derived || any == 0) {
    ERR_clear_error();
    return refused_value(group_, "is a point of low order");
  }
  return secret;
}

}  // namespace sallyport
