// Encryption and integrity by algorithms of their own (RFC 4303 3.3.2.1), and the integrity of AH
// (RFC 4302 3.3.3), by IPsec-MB.
#pragma once

#include "dataplane/crypto/batch.h"
#include "dataplane/crypto/openssl_engine.h"

namespace sallyport {

// One per engine. Each batch goes through two passes: encrypt, then authenticate; or check, then
// decrypt what passed (ESP-07, ESP-12).
class SeparateModes {
 public:
  struct Parts {
    IMB_MGR& wide;
    IMB_MGR& narrow;
    OpensslEngine& openssl;  // encrypts what `wide` lacks
  };
  explicit SeparateModes(Parts parts) noexcept : parts_(parts) {}

  // Leave `good` in each job; true where all are.
  bool seal(Batch batch) noexcept;
  bool open(Batch batch) noexcept;

 private:
  // What a job in flight points to besides packet and key.
  struct alignas(64) Scratch {
    std::array<std::uint8_t, 64> tag;
    std::array<std::uint8_t, 12> nonce;
    std::uint32_t covered_end;              // what stood where the high half of the ESN had to go
    std::array<std::uint8_t, 32> received;  // AH's ICV, in whose place zeros are covered
  };

  template <Operation operation>
  void describe(Batch batch) noexcept;
  void describe_transform(Transform transform) noexcept;
  const std::uint8_t* take_back(const CryptoJob& job, const Scratch& scratch) noexcept;
  void point_to_cipher_keys(Batch batch) noexcept;
  void point_to_integrity_keys(Batch batch) noexcept;
  template <Operation operation>
  void crypt(Batch batch) noexcept;
  void authenticate(Batch batch) noexcept;
  Batch check(Batch batch) noexcept;
  [[gnu::noinline]] Batch good_of(Batch batch) noexcept;
  template <class Describe>
  void by_jobs(IMB_MGR& instance, std::size_t count, Describe describe) noexcept;

  Parts parts_;
  Transform described_{};  // whose constants the jobs hold
  bool complete_{};        // every job of the last pass came back
  std::array<IMB_JOB, kBatchJobs> jobs_{};
  std::array<Scratch, kBatchJobs> scratch_;
  std::array<CryptoJob, kBatchJobs> passed_;
};

}  // namespace sallyport
