#include "net/arp.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kIpv4 = 0x0800;

struct ArpHeader {
  Be16 hardware;
  Be16 protocol;
  std::uint8_t hardware_bytes;
  std::uint8_t protocol_bytes;
  Be16 operation;
  MacAddress sender_mac;
  Be32 sender;
  MacAddress target_mac;
  Be32 target;
};
static_assert(sizeof(ArpHeader) == kArpBytes && alignof(ArpHeader) == 1);

}  // namespace

std::optional<ArpMessage> parse_arp(ByteView bytes) noexcept {
  if (bytes.size() < sizeof(ArpHeader)) return std::nullopt;
  ArpHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::uint16_t operation = header.operation.get();
  if (header.hardware.get() != kEthernet || header.protocol.get() != kIpv4 ||
      header.hardware_bytes != sizeof(MacAddress) || header.protocol_bytes != sizeof(Be32) ||
      (operation != 1 && operation != 2) || !header.sender_mac.is_station())
    return std::nullopt;
  return ArpMessage{.operation = static_cast<ArpMessage::Operation>(operation),
                    .sender_mac = header.sender_mac,
                    .sender = Address::v4(header.sender.get()),
                    .target_mac = header.target_mac,
                    .target = Address::v4(header.target.get())};
}

std::array<std::uint8_t, kArpBytes> build_arp(const ArpMessage& message) noexcept {
  ArpHeader header{};
  header.hardware_bytes = sizeof(MacAddress);
  header.protocol_bytes = sizeof(Be32);
  header.sender_mac = message.sender_mac;
  header.target_mac = message.target_mac;
  header.hardware.set(kEthernet);
  header.protocol.set(kIpv4);
  header.operation.set(static_cast<std::uint16_t>(message.operation));
  header.sender.set(message.sender.v4_value());
  header.target.set(message.target.v4_value());
  std::array<std::uint8_t, kArpBytes> bytes;
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

}  // namespace sallyport
