// IVs that nobody can predict, as each SA's rule makes them: distinct for the life of its keys.
#pragma once

#include "dataplane/crypto/iv_source.h"

namespace sallyport {

// EncryptedCounter: AES-128 of the sequence number under a key that only this slot knows, cut to
// the IV's length (RFC 3602 3, NIST SP 800-38A appendix C). Counter: nothing is to do, the number
// is there, which no life of a key uses twice (MAN-02).
class SaIvSource final : public IvSource {
 public:
  void fill(std::span<const CryptoJob> jobs) noexcept override;
};

}  // namespace sallyport
