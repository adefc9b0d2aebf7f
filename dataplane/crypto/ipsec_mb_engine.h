// The crypto engine of a worker: IPsec-MB, and OpenSSL for the few ciphers that it lacks.
#pragma once

#include <memory>

#include "dataplane/crypto/combined_modes.h"
#include "dataplane/crypto/engine.h"
#include "dataplane/crypto/separate_modes.h"

namespace sallyport {

// One per worker; allocates nothing after create().
class IpsecMbEngine final : public CryptoEngine {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<IpsecMbEngine>> create();

  [[nodiscard]] bool seal(std::span<CryptoJob> jobs) noexcept override;
  void open(std::span<CryptoJob> jobs) noexcept override;
  // Which vectors run, for the start-up log and `show workers`: "AVX512-VAES" and so on.
  [[nodiscard]] std::string_view variant() const noexcept { return sallyport::variant(*wide_); }

 private:
  IpsecMbEngine(IpsecMb wide, IpsecMb narrow, OpensslEngine openssl) noexcept;
  template <Operation operation>
  bool process(Batch batch) noexcept;

  IpsecMb wide_;
  IpsecMb narrow_;
  OpensslEngine openssl_;
  CombinedModes combined_;
  SeparateModes separate_;
};

}  // namespace sallyport
