// Where expanded keys live. The data plane implements it; a compiled SA holds only a KeySlot.
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/types.h"
#include "crypto/algorithms.h"

namespace sallyport {

// Raw keys of one SA, lengths as the algorithm table says. Views: the store copies what it needs.
struct KeyMaterial {
  Transform transform;
  ByteView cipher_key;
  ByteView salt;
  ByteView integrity_key;
};

// Control thread only. A retired slot's keys are wiped at once: retire it only when no worker can
// reach it any more (SAD-12).
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  [[nodiscard]] virtual Expected<KeySlot> install(const KeyMaterial& keys) = 0;
  virtual void retire(KeySlot slot) noexcept = 0;
};

}  // namespace sallyport
