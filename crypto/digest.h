// Fingerprints of bytes.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/error.h"

namespace sallyport {

// SHA-256 as 64 lower-case hexadecimal digits (FIPS 180-4).
[[nodiscard]] Expected<std::string> sha256_hex(ByteView bytes);

}  // namespace sallyport
