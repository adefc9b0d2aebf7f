// What this side proves its own identity with, and what it trusts of others.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "crypto/certificate.h"
#include "crypto/signature.h"

namespace sallyport {

// A private key with its certificate, if it has one. Shared, immutable, any thread.
struct Credential {
  std::string name;
  PrivateKey key;
  std::vector<Certificate> chain;  // the key's own first; empty: a raw public key (CERT-06)
};

// Keys agree with each other, the first certificate with the key.
[[nodiscard]] Expected<void> validate(const Credential& credential);

// Trusted authorities with what is known of their revocations. Shared, immutable, any thread.
struct TrustAnchors {
  std::string name;
  std::vector<Certificate> certificates;
  std::vector<RevocationList> lists;
};

}  // namespace sallyport
