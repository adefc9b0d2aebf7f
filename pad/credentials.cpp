#include "pad/credentials.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

bool holds(ByteView hashes, ByteView hash) noexcept {
  for (; hashes.size() >= kKeyHashBytes; hashes = hashes.subspan(kKeyHashBytes))
    if (std::ranges::equal(hashes.first(kKeyHashBytes), hash)) return true;
  return false;
}

Expected<void> validate_published(const Credential& credential) {
  if (credential.published.empty() || credential.published.size() == credential.chain.size())
    return {};
  return fail(
      Error::Code::Invalid,
      fmt::format("credential {} has {} certificates and {} places where they are to be had",
                  credential.name, credential.chain.size(), credential.published.size()),
      "one for each certificate, or a bundle of all");
}

}  // namespace

void add_key_hashes(std::vector<std::uint8_t>& hashes, ByteView more) {
  for (; more.size() >= kKeyHashBytes; more = more.subspan(kKeyHashBytes)) {
    const ByteView one = more.first(kKeyHashBytes);
    if (!holds(hashes, one)) hashes.insert(hashes.end(), one.begin(), one.end());
  }
}

Expected<void> validate(const Credential& credential) {
  if (credential.name.empty())
    return fail(Error::Code::Invalid, "a credential has no name", "a name to refer to it by");
  const PublicKey& key = credential.key.public_key();
  if (auth_method(SignatureScheme::Rfc7427, key.kind()) == 0)
    return fail(Error::Code::Unsupported,
                fmt::format("the key of credential {} is of a kind that makes no IKE signatures",
                            credential.name),
                "an RSA, ECDSA (P-256, P-384, P-521), Ed25519 or Ed448 key");
  if (credential.chain.empty() || credential.chain.front().public_key() == key)
    return validate_published(credential);
  return fail(
      Error::Code::Invalid,
      fmt::format("the first certificate of credential {} is not that of its key", credential.name),
      "the key's own certificate first, then those that lead to an authority");
}

std::vector<std::uint8_t> authorities_of(const std::vector<Certificate>& chain,
                                         const std::vector<Certificate>& anchors) {
  std::vector<std::uint8_t> hashes;
  for (const Certificate& own : chain) add_key_hashes(hashes, own.key_hash());
  for (const Certificate& anchor : anchors)
    if (std::ranges::any_of(chain,
                            [&](const Certificate& own) { return own.is_issued_by(anchor); }))
      add_key_hashes(hashes, anchor.key_hash());
  return hashes;
}

bool leads_to_any(const Credential& credential, ByteView asked) noexcept {
  for (ByteView rest = asked; rest.size() >= kKeyHashBytes; rest = rest.subspan(kKeyHashBytes))
    if (holds(credential.authorities, rest.first(kKeyHashBytes))) return true;
  return false;
}

}  // namespace sallyport
