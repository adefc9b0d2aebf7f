#include "net/udp.h"

#include "net/checksum.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

UdpHeader header_of(ByteView message) noexcept {
  UdpHeader header;
  std::memcpy(&header, message.data(), sizeof header);
  return header;
}

std::uint16_t checksum_of(ByteView message, const Address& source,
                          const Address& destination) noexcept {
  return checksum_finish(
      checksum_add(message, pseudo_header_sum(source, destination, kProtocolUdp,
                                              static_cast<std::uint32_t>(message.size()))));
}

}  // namespace

std::optional<UdpPorts> udp_ports(ByteView message) noexcept {
  if (message.size() < sizeof(UdpHeader)) return std::nullopt;
  const UdpHeader header = header_of(message);
  return UdpPorts{.source = header.source_port.get(), .destination = header.destination_port.get()};
}

std::optional<ByteView> udp_payload(ByteView message, const Address& source,
                                    const Address& destination) noexcept {
  if (message.size() < sizeof(UdpHeader)) return std::nullopt;
  const UdpHeader header = header_of(message);
  const std::size_t length = header.length.get();
  if (length < sizeof header || length > message.size()) return std::nullopt;
  message = message.first(length);
  const bool absent = header.checksum.get() == 0;
  if (absent && source.family == Family::V6) return std::nullopt;
  if (!absent && checksum_of(message, source, destination) != 0) return std::nullopt;
  return message.subspan(sizeof header);
}

std::vector<std::uint8_t> make_udp_message(const UdpPorts& ports, const Address& source,
                                           const Address& destination, ByteView payload) {
  UdpHeader header{};
  header.source_port.set(ports.source);
  header.destination_port.set(ports.destination);
  header.length.set(static_cast<std::uint16_t>(sizeof header + payload.size()));
  std::vector<std::uint8_t> message(sizeof header + payload.size());
  std::memcpy(message.data(), &header, sizeof header);
  if (!payload.empty()) std::memcpy(message.data() + sizeof header, payload.data(), payload.size());
  const std::uint16_t sum = checksum_of(message, source, destination);
  header.checksum.set(sum == 0 ? std::uint16_t{0xffff} : sum);
  std::memcpy(message.data(), &header, sizeof header);
  return message;
}

}  // namespace sallyport
