// Finds the high half of the numbers of an ESN SA again after more losses in a row than its window
// can bridge (RFC 4303 A3; RPL-05). One per worker; only packets whose ICV failed meet it.
#pragma once

#include <array>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "dataplane/counters.h"
#include "dataplane/crypto/engine.h"

namespace sallyport {

// After kFailures failures in a row the next packet of the SA is kept as it came, and where it
// fails, too, it is tried under kTrials higher halves. So a flood of forgeries costs at most
// kTrials openings more in kFailures + 1, and no state changes until an ICV is good.
class Resynchronisation {
 public:
  static constexpr std::uint32_t kFailures = 128;
  static constexpr std::uint32_t kTrials = 8;

  Resynchronisation() : octets_(kMostBytes) {}

  // True for the SA of which a packet is to be kept. Asked once a run.
  [[nodiscard]] bool awaits(SaSlot sa) const noexcept { return sa == awaited_; }
  // Keeps a packet of that SA, from its ESP header on, unless the SA has accepted one since.
  void keep(ByteView packet, std::uint64_t accepted) noexcept;

  // One packet of the SA failed, `accepted` others were good in all.
  void count_failure(SaSlot sa, std::uint64_t accepted) noexcept;

  // Looks for the high half under which a failed packet is good, if it is the one that was kept:
  // how much higher than the job's, or 0. Leaves `job` and the packet as that trial left them.
  [[nodiscard]] std::uint32_t find(SaSlot sa, CryptoJob& job, CryptoEngine& engine) noexcept;

  Counter trials;
  Counter found;

 private:
  static constexpr std::size_t kMostBytes = 1 << 16;
  struct Failing {
    SaSlot sa{kNoSa};
    std::uint32_t failures{};  // since the last good packet
    std::uint64_t accepted{};
  };
  [[nodiscard]] Failing& entry(SaSlot sa) noexcept { return failing_[sa.value % failing_.size()]; }

  std::array<Failing, 64> failing_{};  // two SAs that share an entry only delay each other
  SaSlot awaited_{kNoSa};
  const std::uint8_t* kept_at_{};  // null: nothing is kept
  std::size_t kept_bytes_{};
  std::vector<std::uint8_t> octets_;
};

}  // namespace sallyport
