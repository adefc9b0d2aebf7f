// Turns raw keys into what the engines use.
#pragma once

#include "dataplane/crypto/expanded_key.h"
#include "sad/key_store.h"

namespace sallyport {

// Fills `slot`, which was zero. `keys` has the lengths of the algorithm table; `iv_key` is fresh
// random and used where the IV rule asks for it. `instance` is of the engines' kind.
void expand_key(IMB_MGR& instance, const KeyMaterial& keys,
                std::span<const std::uint8_t, 16> iv_key, ExpandedKey& slot) noexcept;

}  // namespace sallyport
