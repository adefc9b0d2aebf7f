#include "bench/traffic.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "bench/tunnel_pair.h"

namespace sallyport::bench {
namespace {

constexpr std::uint16_t kFirstPort = 1024;
constexpr std::uint16_t kDestinationPort = 9;
constexpr MacAddress kHost{{2, 0, 0, 0, 1, 2}};

std::vector<std::uint8_t> frame_of(std::uint16_t size, const MacAddress& gateway) {
  std::vector<std::uint8_t> frame(RTE_ETHER_HDR_LEN + size);
  std::iota(frame.begin(), frame.end(), std::uint8_t{});
  auto& ether = *reinterpret_cast<rte_ether_hdr*>(frame.data());
  std::ranges::copy(gateway.bytes, ether.dst_addr.addr_bytes);
  std::ranges::copy(kHost.bytes, ether.src_addr.addr_bytes);
  ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
  auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(frame.data() + RTE_ETHER_HDR_LEN);
  ip = {};
  ip.version_ihl = RTE_IPV4_VHL_DEF;
  ip.total_length = rte_cpu_to_be_16(size);
  ip.time_to_live = 64;
  ip.next_proto_id = IPPROTO_UDP;
  ip.src_addr = rte_cpu_to_be_32(kSource);
  auto& udp = *reinterpret_cast<rte_udp_hdr*>(&ip + 1);
  udp.dst_port = rte_cpu_to_be_16(kDestinationPort);
  udp.dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(size - sizeof ip));
  udp.dgram_cksum = 0;
  return frame;
}

// The sizes of IMIX, spread over twelve packets.
constexpr std::array<std::uint16_t, 12> kImixSizes{64,   576, 64,  64, 576, 64,
                                                   1400, 64,  576, 64, 64,  576};

std::vector<std::vector<std::uint8_t>> frames_of(std::uint16_t size, const MacAddress& gateway) {
  if (size != kImix) return {frame_of(size, gateway)};
  std::vector<std::vector<std::uint8_t>> frames;
  for (const std::uint16_t one : kImixSizes) frames.push_back(frame_of(one, gateway));
  return frames;
}

}  // namespace

std::uint64_t Flows::draw() noexcept {
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return state_ >> 32;
}

std::uint32_t Flows::next_flow() noexcept {
  switch (settings_.order) {
    case Order::Random:
      return static_cast<std::uint32_t>(draw() * settings_.flows >> 32);
    case Order::Zipf: {
      // How many of all packets the first k flows have goes with the logarithm of k.
      const double share = static_cast<double>(draw()) / 0x1p32;
      const double flow = std::exp(share * std::log(settings_.flows + 1.0)) - 1;
      return std::min(static_cast<std::uint32_t>(flow), settings_.flows - 1);
    }
    case Order::Sequential:
      break;
  }
  const std::uint32_t flow = position_;
  if (++position_ == settings_.flows) position_ = 0;
  return flow;
}

Flows::Flow Flows::next() noexcept {
  const std::uint32_t flow = next_flow();
  return {flow % settings_.sas, static_cast<std::uint16_t>(kFirstPort + flow / settings_.sas)};
}

Traffic::Traffic(rte_mempool* pool, std::uint16_t size, const MacAddress& gateway)
    : frames_(frames_of(size, gateway)) {
  if (rte_pktmbuf_alloc_bulk(pool, mbufs_.data(), kPackets) != 0) mbufs_ = {};
}

Traffic::~Traffic() {
  if (complete()) rte_pktmbuf_free_bulk(mbufs_.data(), kPackets);
}

void Traffic::refill(Flows& flows) noexcept {
  std::size_t turn = 0;
  for (rte_mbuf* mbuf : mbufs_) {
    const Flows::Flow flow = flows.next();
    const std::vector<std::uint8_t>& frame = frames_[turn++ % frames_.size()];
    rte_pktmbuf_reset(mbuf);
    mbuf->data_len = static_cast<std::uint16_t>(frame.size());
    mbuf->pkt_len = mbuf->data_len;
    auto* const data = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
    std::memcpy(data, frame.data(), frame.size());
    auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(data + RTE_ETHER_HDR_LEN);
    ip.dst_addr = rte_cpu_to_be_32(kFirstDestination + flow.sa);
    ip.hdr_checksum = rte_ipv4_cksum(&ip);
    reinterpret_cast<rte_udp_hdr*>(&ip + 1)->src_port = rte_cpu_to_be_16(flow.port);
  }
}

double Traffic::mean_octets() const noexcept {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kPackets; ++i)
    sum += frames_[i % frames_.size()].size() - RTE_ETHER_HDR_LEN;
  return static_cast<double>(sum) / kPackets;
}

}  // namespace sallyport::bench
