#include "tests/golden/golden_scene.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/crypto/iv_source.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/packet_summary.h"
#include "net/udp.h"
#include "tests/support/ah_reference.h"

namespace sallyport {
namespace {

// The kernel's IVs, by sequence number.
class GivenIvs final : public IvSource {
 public:
  explicit GivenIvs(const GoldenCase& golden) : golden_(golden) {}
  [[nodiscard]] bool makes_counters() const noexcept override { return true; }
  void fill(std::span<const CryptoJob> jobs) noexcept override {
    for (const CryptoJob& job : jobs) {
      const std::size_t index = job.sequence - golden_.sequence_before - 1;
      if (index >= golden_.ivs.size()) continue;
      const PacketBytes& iv = golden_.ivs[index];
      std::copy_n(iv.begin(), std::min<std::size_t>(iv.size(), job.key->iv_bytes), job.iv());
    }
  }

 private:
  const GoldenCase& golden_;
};

// Offset of the ESP header in a packet of the wire.
std::size_t esp_offset(const PacketBytes& packet) {
  PacketSummary summary;
  if (summarize(packet, summary) != ParseVerdict::Good) return packet.size();
  return summary.upper_offset + (summary.protocol == kProtocolUdp ? sizeof(UdpHeader) : 0);
}

std::uint32_t sequence_high(const GoldenCase& golden, std::size_t index) {
  return static_cast<std::uint32_t>((golden.sequence_before + index + 1) >> 32);
}

// The ICV covers what we and the kernel choose apart: the outer id and what pads the ICV. So the
// oracle must agree with the kernel on its packet, and we with the oracle on ours; all else is
// equal.
std::string compare_ah(const Sa& sa, std::uint32_t high, const PacketBytes& ours,
                       const PacketBytes& kernels, std::size_t index) {
  constexpr std::size_t kFixed = 12;
  if (ah_icv(sa, kernels, high) != ah_icv_in(sa, kernels)) return differs(index, "the oracle");
  if (ah_icv(sa, ours, high) != ah_icv_in(sa, ours)) return differs(index, "the ICV");
  const std::size_t offset = ah_offset(kernels);
  const std::size_t payload = offset + (kernels[offset + 1] + 2u) * 4u;
  const auto same = [&](std::size_t first, std::size_t last) {
    return std::ranges::equal(ByteView(ours).subspan(first, last - first),
                              ByteView(kernels).subspan(first, last - first));
  };
  return same(offset, offset + kFixed) && same(payload, kernels.size()) ? std::string{}
                                                                        : differs(index, "AH");
}

}  // namespace

Dataplane::IvSourceMaker given_ivs(const GoldenCase& golden) {
  return [&golden] { return std::make_unique<GivenIvs>(golden); };
}

Selector reversed(Selector selector) {
  std::swap(selector.local, selector.remote);
  return selector;
}

Prefix whole(const Address& address) {
  return {address, static_cast<std::uint8_t>(bits(address.family))};
}

void add_golden_sa(TestGateway& gateway, Sa sa, const Selector& selector,
                   std::uint64_t sequence_before, const std::string& policy) {
  sa.selectors = {selector};
  sa.last_sequence = SequenceNumber{sequence_before};
  gateway.add_sa(std::move(sa), policy);
}

std::string differs(std::size_t index, std::string_view what) {
  return fmt::format("packet {}: {} differs", index + 1, what);
}

// From the ESP header on every octet; of the outer header what the kernel and we decide alike.
std::string compare_wire(const GoldenCase& golden, const PacketBytes& ours,
                         const PacketBytes& kernels, std::size_t index) {
  PacketSummary left;
  PacketSummary right;
  if (summarize(ours, left) != ParseVerdict::Good)
    return differs(index, "what we send is no IP: it");
  if (summarize(kernels, right) != ParseVerdict::Good) return differs(index, "the capture");
  constexpr std::uint8_t kDscpMask = 0xfc;
  if (left.source != right.source || left.destination != right.destination)
    return differs(index, "an outer address");
  if (left.protocol != right.protocol) return differs(index, "the outer protocol");
  if (left.length != right.length)
    return fmt::format("packet {}: {} octets instead of {}", index + 1, left.length, right.length);
  if (left.dont_fragment != right.dont_fragment) return differs(index, "DF");
  if ((left.traffic_class & kDscpMask) != (right.traffic_class & kDscpMask))
    return differs(index, "the outer DSCP");
  const std::size_t offset = esp_offset(kernels);
  if (esp_offset(ours) != offset) return differs(index, "the place of ESP");
  const Sa& outermost = golden.around.empty() ? golden.sa : golden.around.front();
  if (outermost.protocol == IpsecProtocol::Ah)
    return compare_ah(outermost, sequence_high(golden, index), ours, kernels, index);
  return std::equal(ours.begin() + static_cast<std::ptrdiff_t>(offset), ours.end(),
                    kernels.begin() + static_cast<std::ptrdiff_t>(offset), kernels.end())
             ? std::string{}
             : differs(index, "ESP");
}

std::string drops_of(TestGateway& gateway) {
  std::string text;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (gateway.dropped(reason) != 0)
      text += fmt::format(" {} {}", gateway.dropped(reason), facts(reason).name);
  }
  return text;
}

}  // namespace sallyport
