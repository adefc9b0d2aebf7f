// What IPsec-MB 1.3 lacks, by OpenSSL: Camellia-CBC, and AES-CCM with keys of 192 bits.
#pragma once

#include <memory>

#include "base/error.h"
#include "dataplane/crypto/batch.h"

struct evp_cipher_ctx_st;

namespace sallyport {

// One per worker. Contexts are made once; packets allocate nothing.
class OpensslEngine {
 public:
  [[nodiscard]] static Expected<OpensslEngine> create();
  [[nodiscard]] static bool performs(Cipher cipher) noexcept;

  // En- or decrypts the text of each job; integrity is another's work, and `good` is left alone.
  // False where one was not done.
  template <Operation operation>
  [[nodiscard]] bool camellia(Batch batch) noexcept;
  // AES-CCM whole; leaves `good` in each job.
  template <Operation operation>
  bool ccm(Batch batch) noexcept;

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  // For one cipher, by operation; CCM opens with AES in counter mode and the one that seals.
  using Contexts = std::array<Context, 2>;

  OpensslEngine() = default;
  [[nodiscard]] Contexts& contexts_for(Batch batch) noexcept;

  std::array<Contexts, 7> contexts_;
};

}  // namespace sallyport
