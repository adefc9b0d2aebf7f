#include "bench/generator/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport::bench {
namespace {

constexpr std::uint16_t kFirstPort = 1024;
constexpr std::uint32_t kPorts = 0xffff - kFirstPort;
constexpr std::uint16_t kDestinationPort = 9;  // discard
constexpr std::uint8_t kHops = 64;
constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;
constexpr std::uint32_t kIpv6Version = 6u << 28;

std::size_t ip_header_bytes(Family family) noexcept {
  return family == Family::V4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
}

std::vector<Address> addresses_from(Address address, std::uint32_t count) {
  std::vector<Address> found;
  for (std::optional<Address> one = address; one && found.size() < count; one = next(*one))
    found.push_back(*one);
  return found;
}

void write_ip_header(std::uint8_t* at, const Address& from, std::uint16_t size) noexcept {
  if (from.family == Family::V4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(at);
    ip.version_ihl = 0x45;
    ip.total_length.set(size);
    ip.ttl = kHops;
    ip.protocol = kProtocolUdp;
    std::memcpy(ip.source, from.bytes.data(), sizeof ip.source);
    return;
  }
  auto& ip = *reinterpret_cast<Ipv6Header*>(at);
  ip.version_class_flow.set(kIpv6Version);
  ip.payload_length.set(static_cast<std::uint16_t>(size - sizeof(Ipv6Header)));
  ip.next_header = kProtocolUdp;
  ip.hop_limit = kHops;
  std::memcpy(ip.source, from.bytes.data(), sizeof ip.source);
}

}  // namespace

std::uint16_t Frames::least_size(Family family) noexcept {
  return static_cast<std::uint16_t>(ip_header_bytes(family) + sizeof(UdpHeader) + sizeof(Stamp));
}

Expected<Frames> Frames::make(const Settings& settings) {
  if (settings.from.family != settings.to.family)
    return fail(Error::Code::Invalid, "addresses of two families", "both of IPv4 or both of IPv6");
  const std::uint16_t least = least_size(settings.from.family);
  if (settings.size < least || settings.size > kMostOctets)
    return fail(Error::Code::Invalid, fmt::format("no packets of {} octets", settings.size),
                fmt::format("{} to {}", least, kMostOctets));
  if (settings.destinations == 0 || settings.flows < settings.destinations ||
      settings.flows > settings.destinations * std::uint64_t{kPorts})
    return fail(Error::Code::Invalid,
                fmt::format("{} flows over {} addresses", settings.flows, settings.destinations),
                fmt::format("1 to {} flows for each address", kPorts));
  Frames frames(settings);
  if (frames.destinations_.size() != settings.destinations)
    return fail(Error::Code::Invalid, "not that many addresses from " + to_string(settings.to));
  return frames;
}

Frames::Frames(const Settings& settings)
    : settings_(settings),
      ip_bytes_(ip_header_bytes(settings.from.family)),
      template_(kLinkBytes + settings.size),
      destinations_(addresses_from(settings.to, settings.destinations)) {
  std::ranges::copy(settings.gateway.bytes, template_.begin());
  std::ranges::copy(settings.source.bytes, template_.begin() + settings.gateway.bytes.size());
  store_be<std::uint16_t>(&template_[kLinkBytes - 2],
                          settings.from.family == Family::V4 ? kEtherIpv4 : kEtherIpv6);
  write_ip_header(&template_[kLinkBytes], settings.from, settings.size);
  auto& udp = *reinterpret_cast<UdpHeader*>(&template_[udp_offset()]);
  udp.destination_port.set(kDestinationPort);
  udp.length.set(static_cast<std::uint16_t>(settings.size - ip_bytes_));
  const auto rest = std::span(template_).subspan(udp_offset() + sizeof(UdpHeader) + sizeof(Stamp));
  std::iota(rest.begin(), rest.end(), std::uint8_t{});
  payload_sum_ = checksum_add(ByteView(template_).subspan(udp_offset()));
}

void Frames::write(const Stamp& stamp, std::uint8_t* frame) const noexcept {
  std::ranges::copy(template_, frame);
  const auto flow = static_cast<std::uint32_t>(stamp.number % settings_.flows);
  const Address& destination = destinations_[flow % settings_.destinations];
  auto& udp = *reinterpret_cast<UdpHeader*>(frame + udp_offset());
  udp.source_port.set(static_cast<std::uint16_t>(kFirstPort + flow / settings_.destinations));
  std::uint8_t* const payload = frame + udp_offset() + sizeof udp;
  stamp.write(payload);
  if (destination.family == Family::V4) {
    auto& ip = *reinterpret_cast<Ipv4Header*>(frame + kLinkBytes);
    std::memcpy(ip.destination, destination.bytes.data(), sizeof ip.destination);
    ip.checksum.set(checksum(ByteView(frame + kLinkBytes, sizeof ip)));
  } else {
    auto& ip = *reinterpret_cast<Ipv6Header*>(frame + kLinkBytes);
    std::memcpy(ip.destination, destination.bytes.data(), sizeof ip.destination);
  }
  const std::uint32_t pseudo = pseudo_header_sum(settings_.from, destination, kProtocolUdp,
                                                 static_cast<std::uint32_t>(udp.length.get()));
  const std::uint16_t sum =
      checksum_finish(checksum_fold(std::uint64_t{pseudo} + payload_sum_ + udp.source_port.get() +
                                    checksum_add(ByteView(payload, sizeof stamp))));
  udp.checksum.set(sum == 0 ? 0xffff : sum);
}

}  // namespace sallyport::bench
