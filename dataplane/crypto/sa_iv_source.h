// IVs as each SA's rule makes them: distinct for the life of its keys, unpredictable where the
// cipher needs it.
#pragma once

#include "dataplane/crypto/iv_source.h"
#include "dataplane/crypto/key_table.h"

namespace sallyport {

// Counter: the 64-bit sequence number, which no life of a key uses twice (MAN-02).
// EncryptedCounter: AES-128 of the sequence number under a key that only this slot knows, cut to
// the IV's length (RFC 3602 3, NIST SP 800-38A appendix C).
class SaIvSource final : public IvSource {
 public:
  // `keys` must outlive it.
  explicit SaIvSource(const KeyTable& keys) noexcept : keys_(keys) {}
  void fill(const OutboundSa& sa, std::span<const CryptoJob> jobs,
            SequenceNumber first) noexcept override;

 private:
  const KeyTable& keys_;
};

}  // namespace sallyport
