#include "dataplane/resynchronisation.h"

#include <cstring>

namespace sallyport {

void Resynchronisation::keep(ByteView packet, std::uint64_t accepted) noexcept {
  kept_at_ = nullptr;
  if (entry(awaited_).sa != awaited_ || entry(awaited_).accepted != accepted) {
    awaited_ = kNoSa;
    return;
  }
  if (packet.size() > octets_.size()) return;
  std::memcpy(octets_.data(), packet.data(), packet.size());
  kept_at_ = packet.data();
  kept_bytes_ = packet.size();
}

void Resynchronisation::count_failure(SaSlot sa, std::uint64_t accepted) noexcept {
  if (sa == awaited_) return;  // the packet that was kept may be in a later run of the burst
  Failing& failing = entry(sa);
  if (failing.sa != sa || failing.accepted != accepted) failing = {sa, 0, accepted};
  if (++failing.failures < kFailures) return;
  awaited_ = sa;
  kept_at_ = nullptr;  // of this burst nothing was kept for it
}

std::uint32_t Resynchronisation::find(SaSlot sa, CryptoJob& job, CryptoEngine& engine) noexcept {
  if (sa != awaited_ || job.esp != kept_at_) return 0;
  awaited_ = kNoSa;
  kept_at_ = nullptr;
  entry(sa).failures = 0;
  const std::uint64_t sequence = job.sequence;
  const std::uint32_t high = job.sequence_high();
  for (std::uint32_t ahead = 1; ahead <= kTrials && high + ahead > high; ++ahead) {
    // The engine may have decrypted in place what it then found to be bad.
    std::memcpy(job.esp, octets_.data(), kept_bytes_);
    job.sequence = sequence + (std::uint64_t{ahead} << 32);
    trials.add();
    engine.open({&job, 1});
    if (!job.good) continue;
    found.add();
    return ahead;
  }
  return 0;
}

}  // namespace sallyport
