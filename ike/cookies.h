// Cookies against floods from forged addresses: no state until the source has shown that it hears
// us (RFC 7296 2.6; IKE-40, IKE-41, IKE-50).
#pragma once

#include <array>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "ike/ports.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

class Cookies {
 public:
  explicit Cookies(Random& random) : random_(random) {}

  // How long a secret makes cookies; its cookies are honoured for as long again.
  static constexpr Duration kSecretLife = std::chrono::minutes(2);

  struct Claim {
    ByteView nonce;
    Address source;
    IkeSpi initiator{};
  };
  // 36 octets: the secret's version and a MAC over the claim.
  [[nodiscard]] Octets make(const Claim& claim, Instant now);
  [[nodiscard]] bool is_good(const Claim& claim, ByteView cookie, Instant now);

 private:
  struct Key {
    std::uint32_t version{};
    Secret<32> secret;
  };
  void rotate(Instant now);
  [[nodiscard]] static Octets cookie_of(const Key& key, const Claim& claim);

  Random& random_;
  Key current_;
  Key previous_;
  Instant made_{};
};

}  // namespace sallyport::ike
