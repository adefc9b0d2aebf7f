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
constexpr MacAddress kSender{{2, 0, 0, 0, 1, 2}};

std::size_t ip_bytes(Family family) {
  return family == Family::V4 ? sizeof(rte_ipv4_hdr) : sizeof(rte_ipv6_hdr);
}

void write_ipv4(std::uint8_t* at, std::uint16_t size) {
  auto& ip = *reinterpret_cast<rte_ipv4_hdr*>(at);
  ip = {};
  ip.version_ihl = RTE_IPV4_VHL_DEF;
  ip.total_length = rte_cpu_to_be_16(size);
  ip.time_to_live = 64;
  ip.next_proto_id = IPPROTO_UDP;
  std::memcpy(&ip.src_addr, source_of(Family::V4).bytes.data(), sizeof ip.src_addr);
  std::memcpy(&ip.dst_addr, destination_of(Family::V4, 0).bytes.data(), sizeof ip.dst_addr);
}

void write_ipv6(std::uint8_t* at, std::uint16_t size) {
  auto& ip = *reinterpret_cast<rte_ipv6_hdr*>(at);
  ip = {};
  ip.vtc_flow = rte_cpu_to_be_32(std::uint32_t{6} << 28);
  ip.payload_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(size - sizeof ip));
  ip.proto = IPPROTO_UDP;
  ip.hop_limits = 64;
  std::ranges::copy(source_of(Family::V6).bytes, ip.src_addr);
  std::ranges::copy(destination_of(Family::V6, 0).bytes, ip.dst_addr);
}

std::vector<std::uint8_t> frame_of(const Traffic::Settings& settings, std::uint16_t size) {
  std::vector<std::uint8_t> frame(RTE_ETHER_HDR_LEN + size);
  std::iota(frame.begin(), frame.end(), std::uint8_t{});
  auto& ether = *reinterpret_cast<rte_ether_hdr*>(frame.data());
  std::ranges::copy(settings.gateway.bytes, ether.dst_addr.addr_bytes);
  std::ranges::copy(kSender.bytes, ether.src_addr.addr_bytes);
  const bool v4 = settings.family == Family::V4;
  ether.ether_type = rte_cpu_to_be_16(v4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6);
  std::uint8_t* const ip = frame.data() + RTE_ETHER_HDR_LEN;
  v4 ? write_ipv4(ip, size) : write_ipv6(ip, size);
  const std::size_t header = ip_bytes(settings.family);
  auto& udp = *reinterpret_cast<rte_udp_hdr*>(ip + header);
  udp.dst_port = rte_cpu_to_be_16(kDestinationPort);
  udp.dgram_len = rte_cpu_to_be_16(static_cast<std::uint16_t>(size - header));
  udp.dgram_cksum = 0;
  return frame;
}

// The sizes of IMIX, spread over twelve packets.
constexpr std::array<std::uint16_t, 12> kImixSizes{64,   576, 64,  64, 576, 64,
                                                   1400, 64,  576, 64, 64,  576};

std::vector<std::vector<std::uint8_t>> frames_of(const Traffic::Settings& settings) {
  if (settings.size != kImix) return {frame_of(settings, settings.size)};
  std::vector<std::vector<std::uint8_t>> frames;
  for (const std::uint16_t one : kImixSizes) frames.push_back(frame_of(settings, one));
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

Traffic::Traffic(rte_mempool* pool, const Settings& settings)
    : family_(settings.family), frames_(frames_of(settings)) {
  const Address first = destination_of(family_, 0);
  first_destination_ = load_be<std::uint32_t>(first.wire().last(sizeof first_destination_).data());
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
    lead(data, flow);
  }
}

void Traffic::lead(std::uint8_t* frame, const Flows::Flow& flow) const noexcept {
  std::uint8_t* const ip = frame + RTE_ETHER_HDR_LEN;
  const bool v4 = family_ == Family::V4;
  const std::size_t destination_end =
      v4 ? offsetof(rte_ipv4_hdr, dst_addr) + 4 : offsetof(rte_ipv6_hdr, dst_addr) + 16;
  store_be<std::uint32_t>(ip + destination_end - 4, first_destination_ + flow.sa);
  if (v4) {
    auto& header = *reinterpret_cast<rte_ipv4_hdr*>(ip);
    header.hdr_checksum = rte_ipv4_cksum(&header);
  }
  reinterpret_cast<rte_udp_hdr*>(ip + ip_bytes(family_))->src_port = rte_cpu_to_be_16(flow.port);
}

double Traffic::mean_octets() const noexcept {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kPackets; ++i)
    sum += frames_[i % frames_.size()].size() - RTE_ETHER_HDR_LEN;
  return static_cast<double>(sum) / kPackets;
}

}  // namespace sallyport::bench
