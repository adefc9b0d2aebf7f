// Anti-replay over an InboundState: a ring of words with a spare one, so that the right edge moves
// without shifting bits (RFC 6479; RPL-02, RPL-03). Windows of 32 to 65536 packets, constant cost.
#pragma once

#include <optional>

#include "base/types.h"
#include "sad/inbound_sa.h"

namespace sallyport {

// Words of bitmap that a window of `packets` needs (a power of two, the spare one included).
[[nodiscard]] std::size_t replay_words(std::uint32_t packets) noexcept;

// The 64-bit number that a received low half stands for; nullopt where RFC 4303 appendix A2 puts
// it outside the 64-bit space (RPL-04). Without ESN the low half itself.
[[nodiscard]] std::optional<SequenceNumber> infer_sequence(const InboundSa& sa,
                                                           const InboundState& state,
                                                           std::uint32_t low) noexcept;
// Before the ICV is checked: neither left of the window, nor seen, nor zero. Changes nothing.
[[nodiscard]] bool replay_check(const InboundSa& sa, const InboundState& state,
                                SequenceNumber sequence) noexcept;
// After the ICV was good: checks again and marks the number as seen; false where it no longer fits
// (a duplicate in the same burst).
[[nodiscard]] bool replay_advance(const InboundSa& sa, InboundState& state,
                                  SequenceNumber sequence) noexcept;

}  // namespace sallyport
