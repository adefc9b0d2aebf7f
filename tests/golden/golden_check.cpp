#include "tests/golden/golden_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/crypto/iv_source.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/packet_summary.h"
#include "net/udp.h"
#include "tests/support/ah_reference.h"
#include "tests/support/test_gateway.h"

namespace sallyport {
namespace {

// The kernel's IVs, by sequence number.
class GivenIvs final : public IvSource {
 public:
  explicit GivenIvs(const GoldenCase& golden) : golden_(golden) {}
  void fill(const OutboundSa& sa, std::span<const CryptoJob> jobs,
            SequenceNumber first) noexcept override {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const std::size_t index = first.value + i - golden_.sequence_before - 1;
      if (index >= golden_.ivs.size()) return;
      const PacketBytes& iv = golden_.ivs[index];
      std::copy_n(iv.begin(), std::min<std::size_t>(iv.size(), sa.iv_bytes),
                  jobs[i].esp + sizeof(EspHeader));
    }
  }

 private:
  const GoldenCase& golden_;
};

Selector reversed(Selector selector) {
  std::swap(selector.local, selector.remote);
  return selector;
}

Prefix whole(const Address& address) {
  return {address, static_cast<std::uint8_t>(bits(address.family))};
}

// What the inner SA makes: a selector of the same hosts and its protocol.
Selector of_protocol(Selector selector, IpsecProtocol protocol) {
  selector.protocol = static_cast<std::uint8_t>(protocol);
  return selector;
}

// In front of the policy for the traffic: what the inner SA has made comes in again, and goes out
// through the outer SA (ARCH-08).
void add_policies_of_bundle(std::vector<Policy>& policies, const Selector& selector) {
  const Selector made = of_protocol(selector, IpsecProtocol::Esp);
  Policy around = policies.front();
  around.name = "around";
  around.selectors = {made};
  const Policy again{.name = "again",
                     .selectors = {reversed(made)},
                     .action = PolicyAction::Bypass,
                     .protect = {}};
  policies.insert(policies.begin(), {again, around});
}

// A tunnel's gateway has the packets' hosts behind port 0; in transport mode the host itself is
// behind a local-stack port. Everything on both sides is a neighbour with a known link address.
TestGateway::Settings topology(const GoldenCase& golden, const Selector& selector,
                               const Endpoints& ends) {
  using Kind = NextHop::Kind;
  const bool transport = golden.mode == IpsecMode::Transport;
  TestGateway::Settings settings;
  settings.ports = {{.name = "inside",
                     .device = {},
                     .side = Side::Protected,
                     .kind = transport ? PortKind::LocalStack : PortKind::Link,
                     .addresses = {},
                     .mtu = 9000,
                     .vlan = {},
                     .mac = {}},
                    {.name = "outside",
                     .device = {},
                     .side = Side::Unprotected,
                     .addresses = {},
                     .mtu = 9000,
                     .vlan = {},
                     .mac = {}}};
  settings.routes = {{whole(ends.local), {transport ? Kind::LocalStack : Kind::Ours, kInside, {}}},
                     {{Address::any(Family::V4), 0}, {Kind::Gateway, kOutside, ends.remote}},
                     {{Address::any(Family::V6), 0}, {Kind::Gateway, kOutside, ends.remote}}};
  const Address& inner = selector.local.front().first;
  const std::uint8_t net = inner.family == Family::V4 ? 26 : 64;
  if (!transport) settings.routes.push_back({{inner, net}, {Kind::Gateway, kInside, ends.remote}});
  Protection protection;
  protection.mode = golden.mode;
  if (!transport) protection.endpoints = ends;
  settings.policies = {{.name = "golden",
                        .selectors = {selector},
                        .action = PolicyAction::Protect,
                        .protect = protection}};
  if (!golden.around.empty()) add_policies_of_bundle(settings.policies, selector);
  return settings;
}

// Adds an SA of the case that begins at `sequence_before` and carries what `policy` gives to it.
void add_golden_sa(TestGateway& gateway, Sa sa, const Selector& selector,
                   std::uint64_t sequence_before, const std::string& policy) {
  sa.selectors = {selector};
  sa.last_sequence = SequenceNumber{sequence_before};
  gateway.add_sa(std::move(sa), policy);
}

std::string differs(std::size_t index, std::string_view what) {
  return fmt::format("packet {}: {} differs", index + 1, what);
}

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

}  // namespace

std::string check_outbound(const GoldenCase& golden) {
  const Endpoints ends = golden.sa.endpoints;
  TestGateway::Settings settings = topology(golden, golden.selector, ends);
  settings.make_ivs = [&](const KeyTable&) { return std::make_unique<GivenIvs>(golden); };
  TestGateway gateway(std::move(settings));
  gateway.neighbour(kOutside, to_string(ends.remote), TestGateway::kPeer);
  Sa sa = golden.sa.duplicate();
  sa.loop_back = !golden.around.empty();
  add_golden_sa(gateway, std::move(sa), golden.selector, golden.sequence_before, "golden");
  for (const Sa& around : golden.around)
    add_golden_sa(gateway, around.duplicate(), of_protocol(golden.selector, golden.sa.protocol),
                  golden.sequence_before, "around");
  for (const PacketBytes& packet : golden.plain) gateway.receive_ip(kInside, packet);
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  if (wire.size() != golden.wire.size())
    return fmt::format("{} packets sent instead of {}; dropped:{}", wire.size(), golden.wire.size(),
                       drops_of(gateway));
  for (std::size_t i = 0; i < wire.size(); ++i)
    if (auto what = compare_wire(golden, wire[i], golden.wire[i], i); !what.empty()) return what;
  return {};
}

std::string check_inbound(const GoldenCase& golden) {
  const Endpoints ends{golden.sa.endpoints.remote, golden.sa.endpoints.local};
  const Selector selector = reversed(golden.selector);
  TestGateway gateway(topology(golden, selector, ends));
  gateway.neighbour(kInside, to_string(ends.remote), TestGateway::kPeer);
  const auto add_inbound = [&](Sa sa, const Selector& carries) {
    sa.direction = Direction::Inbound;
    sa.tfc_bytes = 0;  // the sender's
    sa.endpoints = ends;
    add_golden_sa(gateway, std::move(sa), carries, golden.sequence_before, {});
  };
  add_inbound(golden.sa.duplicate(), selector);
  for (const Sa& around : golden.around)
    add_inbound(around.duplicate(), of_protocol(selector, golden.sa.protocol));
  for (const PacketBytes& packet : golden.wire) gateway.receive_ip(kOutside, packet);
  gateway.settle();
  const auto arrived = gateway.sent(kInside);
  if (arrived.size() != golden.arrived.size())
    return fmt::format("{} packets arrived instead of {}; dropped:{}", arrived.size(),
                       golden.arrived.size(), drops_of(gateway));
  for (std::size_t i = 0; i < arrived.size(); ++i)
    if (arrived[i] != golden.arrived[i]) return differs(i, "the plaintext");
  return {};
}

}  // namespace sallyport
