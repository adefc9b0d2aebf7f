// One element of DER (X.690 8.1), as far as identities need it: what it is and where it ends.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace sallyport {

struct DerElement {
  std::uint8_t tag{};  // one octet: class, constructed, number below 31
  ByteView contents;
  ByteView rest;  // behind the element
};

// The element that `bytes` begin with; nullopt where there is none, where its length is indefinite,
// not the shortest form or beyond 65535, or its tag number above 30.
[[nodiscard]] std::optional<DerElement> read_der(ByteView bytes) noexcept;

}  // namespace sallyport
