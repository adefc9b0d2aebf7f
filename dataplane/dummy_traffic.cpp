#include "dataplane/dummy_traffic.h"

#include <algorithm>

#include "dataplane/envelope.h"
#include "dataplane/esp_encapsulate.h"
#include "dataplane/tunnel_headers.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kHopLimit = 64;

Duration interval_of(const DummyRule& rule) {
  return Duration{std::chrono::seconds{1}} / rule.per_second;
}

Ipv4Header header_v4(const DummyFlow& flow, std::size_t payload) {
  Ipv4Header header{};
  header.version_ihl = 0x45;
  header.tos = static_cast<std::uint8_t>(flow.dscp << kDscpShift);
  header.total_length.set(static_cast<std::uint16_t>(sizeof header + payload));
  header.ttl = kHopLimit;
  header.protocol = kProtocolNone;
  std::ranges::copy(flow.ends.local.wire(), header.source);
  std::ranges::copy(flow.ends.remote.wire(), header.destination);
  header.checksum.set(checksum({reinterpret_cast<const std::uint8_t*>(&header), sizeof header}));
  return header;
}

Ipv6Header header_v6(const DummyFlow& flow, std::size_t payload) {
  Ipv6Header header{};
  header.version_class_flow.set(6u << 28);
  header.set_traffic_class(static_cast<std::uint8_t>(flow.dscp << kDscpShift));
  header.payload_length.set(static_cast<std::uint16_t>(payload));
  header.next_header = kProtocolNone;
  header.hop_limit = kHopLimit;
  std::ranges::copy(flow.ends.local.wire(), header.source);
  std::ranges::copy(flow.ends.remote.wire(), header.destination);
  return header;
}

// Transport mode keeps the IP header in front; in a tunnel there is none inside a dummy.
std::size_t clear_bytes(const OutboundSa& sa) {
  if (sa.mode == IpsecMode::Tunnel) return 0;
  return sa.outer_family == Family::V4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
}

}  // namespace

void DummyTraffic::set(std::span<const DummyFlow> flows, Instant now) {
  std::vector<Timed> next;
  for (const DummyFlow& flow : flows) {
    const auto same = std::ranges::find(flows_, flow, &Timed::flow);
    next.push_back({flow, same == flows_.end() ? now + interval_of(flow.rule) : same->next});
  }
  flows_ = std::move(next);
}

void DummyTraffic::poll(Instant now) {
  for (Timed& timed : flows_) {
    const Duration interval = interval_of(timed.flow.rule);
    for (unsigned sent = 0; timed.next <= now && sent < kMostAtOnce; ++sent) {
      send(timed.flow);
      timed.next += interval;
    }
    if (timed.next <= now) timed.next = now + interval;
  }
}

// Never larger than what fits the path: a dummy that told of the MTU would be no cover.
std::uint32_t DummyTraffic::size_of(const DummyFlow& flow, const OutboundSa& sa) {
  const std::uint32_t wanted =
      flow.rule.random_size ? 1 + my_.random.u32() % flow.rule.bytes : flow.rule.bytes;
  const auto clear = static_cast<std::uint32_t>(clear_bytes(sa)) + sa.padding_mask;
  const std::uint32_t most = inner_mtu(sa);
  return std::min(wanted, most > clear ? most - clear : 0);
}

void DummyTraffic::send(const DummyFlow& flow) {
  const SaSlot slot = my_.handles.choose(SaHandle{flow.policy.value}, flow.dscp);
  if (slot == kNoSa) return;
  const OutboundSa& sa = my_.sas.outbound(slot);
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(my_.pool);
  if (mbuf == nullptr) return lost_.add();
  const std::size_t worker = sa.owner == kEveryWorker ? 0 : sa.owner.value;
  if (fill(mbuf, flow, sa) && to_workers_[worker]->push(mbuf)) return;
  rte_pktmbuf_free(mbuf);
  lost_.add();
}

bool DummyTraffic::fill(rte_mbuf* mbuf, const DummyFlow& flow, const OutboundSa& sa) {
  const std::size_t clear = clear_bytes(sa);
  const std::size_t payload = size_of(flow, sa);
  if (clear + payload > rte_pktmbuf_tailroom(mbuf)) return false;
  auto* const data = reinterpret_cast<std::uint8_t*>(
      rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(clear + payload)));
  if (clear == sizeof(Ipv4Header)) {
    const Ipv4Header header = header_v4(flow, payload);
    std::memcpy(data, &header, sizeof header);
  } else if (clear != 0) {
    const Ipv6Header header = header_v6(flow, payload);
    std::memcpy(data, &header, sizeof header);
  }
  my_.random.fill({data + clear, payload});
  Envelope::of(mbuf) = {.purpose = Purpose::Dummy,
                        .policy = flow.policy,
                        .traffic_class = static_cast<std::uint8_t>(flow.dscp << kDscpShift),
                        .family = sa.inner_v4 ? Family::V4 : Family::V6,
                        .whole = clear != 0};
  return true;
}

}  // namespace sallyport
