#include "dataplane/port.h"

#include <fmt/format.h>
#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include <algorithm>
#include <cassert>

#include "base/prefetch.h"
#include "dataplane/hand_off.h"
#include "dataplane/pci_address.h"

namespace sallyport {
namespace {

// The device's own name: the whole PCI address, or what stands before the first comma of a vdev
// string.
std::string device_name(const std::string& device) {
  return pci_address(device).value_or(device.substr(0, device.find(',')));
}

// PCI devices are found at EAL start; virtual ones are made here.
Expected<bool> probe(const std::string& device) {
  std::uint16_t id = 0;
  if (rte_eth_dev_get_port_by_name(device_name(device).c_str(), &id) == 0) return false;
  const int status = rte_dev_probe(device.c_str());
  if (status != 0)
    return fail(Error::Code::NotFound,
                fmt::format("device \"{}\" cannot be opened: {}", device, rte_strerror(-status)),
                "a PCI address bound to a DPDK driver, or a vdev such as "
                "\"net_af_packet0,iface=eth1\" whose interface exists");
  return true;
}

rte_eth_conf configuration(const rte_eth_dev_info& info, std::uint16_t queues) {
  rte_eth_conf conf{};
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
  if (queues > 1 && info.flow_type_rss_offloads != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        info.flow_type_rss_offloads &
        (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_ESP | RTE_ETH_RSS_AH);
  }
  return conf;
}

Error device_error(const PortSettings& settings, const char* step, int status) {
  return {.code = Error::Code::Io,
          .where = "port " + settings.name,
          .what = fmt::format("device \"{}\": {}: {}", settings.device, step,
                              rte_strerror(status < 0 ? -status : status)),
          .remedy = "see the EAL's messages above"};
}

// What rte_ethdev must be told, in its order.
Expected<void> start_device(std::uint16_t device, const PortSettings& settings,
                            const Port::Queues& queues, rte_mempool* pool) {
  rte_eth_dev_info info{};
  if (const int status = rte_eth_dev_info_get(device, &info); status != 0)
    return std::unexpected(device_error(settings, "no information", status));
  const rte_eth_conf conf = configuration(info, queues.count);
  if (const int status = rte_eth_dev_configure(device, queues.count, queues.count, &conf);
      status != 0)
    return std::unexpected(device_error(settings, "configure", status));
  std::uint16_t receive = queues.descriptors;
  std::uint16_t send = queues.descriptors;
  rte_eth_dev_adjust_nb_rx_tx_desc(device, &receive, &send);
  const int socket = rte_eth_dev_socket_id(device);
  const auto node = static_cast<unsigned>(socket < 0 ? 0 : socket);
  for (std::uint16_t queue = 0; queue < queues.count; ++queue) {
    int status = rte_eth_rx_queue_setup(device, queue, receive, node, nullptr, pool);
    if (status == 0) status = rte_eth_tx_queue_setup(device, queue, send, node, nullptr);
    if (status != 0) return std::unexpected(device_error(settings, "queue set-up", status));
  }
  // Virtual devices often have a fixed MTU: the configured one then bounds what we send.
  rte_eth_dev_set_mtu(device, settings.mtu);
  if (const int status = rte_eth_dev_start(device); status != 0)
    return std::unexpected(device_error(settings, "start", status));
  // Where it cannot be set, the device takes every frame already.
  rte_eth_allmulticast_enable(device);
  return {};
}

// The device takes frames for the address that we are told to have. One that has neither an address
// to set nor a way to take all (ring, vhost) filters nothing.
Expected<void> listen_as(std::uint16_t device, const PortSettings& settings) {
  if (!settings.mac || settings.kind == PortKind::LocalStack) return {};
  rte_ether_addr address{};
  std::ranges::copy(settings.mac->bytes, std::begin(address.addr_bytes));
  if (rte_eth_dev_default_mac_addr_set(device, &address) == 0) return {};
  const int status = rte_eth_promiscuous_enable(device);
  if (status == 0 || status == -ENOTSUP) return {};
  Error error = device_error(settings, "it takes no other address, nor all frames", status);
  error.remedy = "leave [[port]] mac out, so that the port has the device's own address";
  return std::unexpected(std::move(error));
}

MacAddress read_mac(std::uint16_t device) {
  rte_ether_addr address{};
  rte_eth_macaddr_get(device, &address);
  MacAddress mac;
  std::ranges::copy(address.addr_bytes, mac.bytes.begin());
  return mac;
}

}  // namespace

Expected<std::unique_ptr<Port>> Port::open(PortId id, PortSettings settings, Queues queues,
                                           rte_mempool* pool) {
  const auto created = probe(settings.device);
  if (!created) return std::unexpected(created.error());
  auto port = std::unique_ptr<Port>(new Port);
  port->id_ = id;
  port->settings_ = std::move(settings);
  port->created_ = *created;
  port->link_bytes_ = RTE_ETHER_HDR_LEN + (port->settings_.vlan ? kVlanBytes : 0);
  const std::string name = device_name(port->settings_.device);
  if (rte_eth_dev_get_port_by_name(name.c_str(), &port->device_) != 0)
    return fail(Error::Code::NotFound, fmt::format("device \"{}\" is no Ethernet device", name));
  rte_eth_dev_info info{};
  rte_eth_dev_info_get(port->device_, &info);
  port->queues_ = std::min({queues.count, info.max_rx_queues, info.max_tx_queues});
  queues.count = port->queues_;
  if (auto started = start_device(port->device_, port->settings_, queues, pool); !started)
    return std::unexpected(started.error());
  port->stack_mac_ = read_mac(port->device_);
  if (auto listens = listen_as(port->device_, port->settings_); !listens)
    return std::unexpected(listens.error());
  port->mac_ = port->settings_.mac.value_or(port->stack_mac_);
  // The host behind a local stack has the device's address; ours must be another.
  if (port->kind() == PortKind::LocalStack && port->mac_ == port->stack_mac_)
    port->mac_.bytes.back() ^= 1;
  return port;
}

Port::~Port() {
  rte_eth_dev_info info{};
  const bool known = rte_eth_dev_info_get(device_, &info) == 0;
  rte_eth_dev_stop(device_);
  rte_eth_dev_close(device_);
  if (created_ && known) rte_dev_remove(info.device);
}

bool Port::link_up() const noexcept {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(device_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::string Port::driver() const {
  rte_eth_dev_info info{};
  return rte_eth_dev_info_get(device_, &info) == 0 ? info.driver_name : "unknown";
}

void PortQueue::receive(PacketStore& store, Burst& burst) noexcept {
  if (hand_off_ != nullptr) [[unlikely]]
    return;
  std::array<rte_mbuf*, kBurstSize> mbufs;
  const unsigned count = rte_eth_rx_burst(port_->device_id(), queue_, mbufs.data(), burst_);
  if (count == 0) return;
  const FreshPackets fresh = fresh_;
  std::uint64_t bytes = 0;
  for (unsigned i = 0; i < count; ++i) {
    fresh.make(store[i], mbufs[i]);
    prefetch_line(rte_pktmbuf_mtod(mbufs[i], const void*));
    bytes += mbufs[i]->pkt_len;
  }
  burst.fill(store, count);
  received.packets.add(count);
  received.bytes.add(bytes);
}

void PortQueue::withdraw(const rte_mbuf* frame) noexcept {
  rte_mbuf** const end = frames_.data() + waiting_;
  rte_mbuf** const place = std::find(frames_.data(), end, frame);
  assert(place != end);
  std::copy(place + 1, end, place);
  --waiting_;
  waiting_bytes_ -= frame->pkt_len;
}

void PortQueue::flush(Drops& drops) noexcept {
  if (waiting_ == 0) return;
  if (hand_off_ != nullptr) [[unlikely]] {
    hand_off_->give_frames(std::span(frames_).first(waiting_), carrier_, port_->id(), drops);
    waiting_bytes_ = waiting_ = 0;
    return;
  }
  std::uint64_t bytes = waiting_bytes_;
  const std::uint16_t taken =
      rte_eth_tx_burst(port_->device_id(), queue_, frames_.data(), waiting_);
  for (unsigned i = taken; i < waiting_; ++i) bytes -= frames_[i]->pkt_len;
  sent.packets.add(taken);
  sent.bytes.add(bytes);
  if (taken < waiting_) [[unlikely]] {
    drops.count(DropReason::TransmitFull, waiting_ - taken);
    rte_pktmbuf_free_bulk(&frames_[taken], waiting_ - taken);
  }
  waiting_bytes_ = waiting_ = 0;
}

}  // namespace sallyport
