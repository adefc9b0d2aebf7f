// IPsec-MB alone on the packets of a measurement, by its cheapest call: what a turn cannot go
// below.
#pragma once

#include <memory>
#include <span>

#include "base/types.h"
#include "crypto/algorithms.h"
#include "dataplane/crypto/key_table.h"

namespace sallyport::bench {

// What is sealed or opened of one packet: ESP header, IV, text, ICV.
struct RawPacket {
  std::uint8_t* esp;
  std::uint32_t text_bytes;
  KeySlot key;
};

class RawCrypto {
 public:
  virtual ~RawCrypto() = default;
  // Outside the timed part: everything that the library wants to be told. `packets` stay.
  virtual void prepare(std::span<const RawPacket> packets) = 0;
  // The library's calls and nothing else. Its verdict on ICVs is not asked for.
  virtual void run() noexcept = 0;
};

// `burst` packets in each call where the library takes several. Null where the library does not
// perform the transform, or only by a call that is not known here.
[[nodiscard]] std::unique_ptr<RawCrypto> raw_crypto(Transform transform, Direction direction,
                                                    const KeyTable& keys, unsigned burst);

}  // namespace sallyport::bench
