#include "bench/generator/arrivals.h"

#include <algorithm>

#include "net/esp.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport::bench {
namespace {

constexpr std::size_t kRemembered = 1 << 20;  // packets under way, at most

}  // namespace

Arrivals::Arrivals(std::uint32_t trial) : trial_(trial), sent_at_(kRemembered) {}

void Arrivals::note(ByteView datagram, std::uint64_t now) noexcept {
  PacketSummary summary;
  if (summarize(datagram, summary) != ParseVerdict::Good || summary.later_fragment) return;
  const ByteView upper = datagram.first(summary.length).subspan(summary.upper_offset);
  if (summary.protocol == kProtocolEsp && upper.size() >= sizeof(EspHeader)) {
    note_esp(upper.data(), now);
    return;
  }
  if (summary.protocol != kProtocolUdp || upper.size() < sizeof(UdpHeader) + sizeof(Stamp)) return;
  const Stamp stamp = Stamp::read(upper.data() + sizeof(UdpHeader));
  if (stamp.magic == Stamp::kMagic && stamp.trial == trial_)
    count(stamp.number, stamp.sent_at, now);
}

void Arrivals::note_esp(const std::uint8_t* esp, std::uint64_t now) noexcept {
  const auto& header = *reinterpret_cast<const EspHeader*>(esp);
  const Spi spi{header.spi.get()};
  const std::uint32_t sequence = header.sequence.get();
  if (!spi_) {
    spi_ = spi;
    first_sequence_ = sequence;
  }
  several_sas_ |= *spi_ != spi;
  const std::uint32_t number = sequence - first_sequence_;
  count(number, sent_at_[number % sent_at_.size()], now);
}

void Arrivals::count(std::uint64_t number, std::uint64_t sent_at, std::uint64_t now) noexcept {
  ++count_;
  if (number < next_) ++out_of_order_;
  next_ = std::max(next_, number + 1);
  latencies_.add(now > sent_at ? now - sent_at : 0);
}

}  // namespace sallyport::bench
