// One interface to everything that performs cryptography on packets: called once a burst.
#pragma once

#include <cstdint>
#include <span>

#include "base/types.h"

namespace sallyport {

// The cryptographic work of one packet, in place, in contiguous memory:
//   esp: SPI, sequence | IV | text (payload, padding, trailer) | ICV
// Lengths of IV and ICV follow from the key's transform. AH encrypts nothing; its ICV stands within
// what it covers, and four octets of room behind that with ESN:
//   esp: IP headers, AH | IV, if any | ICV | payload
struct CryptoJob {
  std::uint8_t* esp{};         // the ESP header; AH: the first octet covered
  std::uint32_t text_bytes{};  // between IV and ICV; AH: all that is covered
  // High half of the ESN, authenticated but not sent (RFC 4303 2.2.1).
  std::uint32_t sequence_high{};
  KeySlot key{kNoKey};
  std::uint16_t icv_offset{};  // AH: from `esp` to its ICV field; 0: this is ESP
  bool esn{};
  bool good{};  // out: done; for open(): the ICV matched
};
static_assert(sizeof(CryptoJob) == 24);

// One per worker. Jobs of one burst come together, those of one key next to each other, so that
// multi-buffer algorithms fill their lanes across SAs. When a call returns no job is in flight.
class CryptoEngine {
 public:
  virtual ~CryptoEngine() = default;
  // The IV is in its place (and AH's ICV field zero); encrypts the text and writes the ICV.
  virtual void seal(std::span<CryptoJob> jobs) noexcept = 0;
  // Checks the ICV in constant time and decrypts; `good` is false where it did not match, and the
  // text is then not to be used (ESP-12).
  virtual void open(std::span<CryptoJob> jobs) noexcept = 0;
};

}  // namespace sallyport
