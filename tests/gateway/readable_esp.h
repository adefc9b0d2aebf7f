// ESP without encryption, so that a test can make and read it, and what Mobile IPv6 puts before it.
#pragma once

#include <catch2/catch.hpp>

#include "net/mobility_extensions.h"
#include "tests/gateway/config_mobility.h"
#include "tests/support/packet_builder.h"
#include "tests/support/reference_mac.h"

namespace sallyport::test {

inline constexpr std::size_t kIpBytes = 40;
inline constexpr std::size_t kExtensionBytes = 24;  // a Home Address option's, or type 2 routing's
inline constexpr std::size_t kEspBytes = 8;
inline constexpr std::size_t kIcvBytes = 16;

// SA `number` of the study, with keys of its own.
inline std::string readable_sa(unsigned number, SeenBy node) {
  const bool out = (number % 2 == 1) == (node == SeenBy::MobileNode);
  return "[[sa]]\nname = \"sa" + std::to_string(number) + "\"\ndirection = \"" +
         (out ? "out" : "in") + "\"\nspi = 0x100" + std::to_string(number) +
         "\ntransform = \"null+hmac-sha256-128\"\nesn = false\nintegrity_key = \"0x" +
         hex_key(32, number) + "\"\n";
}

// What ESP of this SA ends with. Keys count up from the SA's number.
inline PacketBytes icv_of(std::uint32_t spi, ByteView packet) {
  std::vector<std::uint8_t> key;
  for (std::uint32_t i = 0; i < 32; ++i) key.push_back(static_cast<std::uint8_t>((spi & 0xf) + i));
  PacketBytes icv = reference_mac(Integrity::HmacSha256_128, key, packet);
  icv.resize(kIcvBytes);
  return icv;
}

inline PacketBytes sealed(std::uint32_t spi, std::uint32_t sequence, std::uint8_t next,
                          ByteView payload) {
  PacketBytes esp(kEspBytes);
  store_be<std::uint32_t>(esp.data(), spi);
  store_be<std::uint32_t>(&esp[4], sequence);
  esp.insert(esp.end(), payload.begin(), payload.end());
  std::uint8_t padding = 0;
  while ((esp.size() + 2) % 4 != 0) esp.push_back(++padding);
  esp.push_back(padding);
  esp.push_back(next);
  const PacketBytes icv = icv_of(spi, esp);
  esp.insert(esp.end(), icv.begin(), icv.end());
  return esp;
}

struct Opened {
  std::uint32_t spi{};
  std::uint8_t next{};
  PacketBytes payload;
};

// ESP that begins at `offset` of the packet and ends with it.
inline Opened opened(const PacketBytes& packet, std::size_t offset) {
  REQUIRE(packet.size() > offset + kEspBytes + 2 + kIcvBytes);
  const ByteView esp = ByteView(packet).subspan(offset, packet.size() - offset - kIcvBytes);
  const auto spi = load_be<std::uint32_t>(esp.data());
  const ByteView icv = ByteView(packet).last(kIcvBytes);
  CHECK(PacketBytes(icv.begin(), icv.end()) == icv_of(spi, esp));
  const std::uint8_t padding = esp[esp.size() - 2];
  const ByteView payload = esp.subspan(kEspBytes, esp.size() - kEspBytes - 2 - padding);
  return {spi, esp.back(), {payload.begin(), payload.end()}};
}

inline Address source_of(ByteView packet) { return Address::v6(packet.subspan<8, 16>()); }
inline Address destination_of(ByteView packet) { return Address::v6(packet.subspan<24, 16>()); }

inline PacketBytes home_address_option(const Address& address) {
  PacketBytes options{1, 2, 0, 0, kHomeAddressOption, 16};
  options.insert(options.end(), address.bytes.begin(), address.bytes.end());
  return options;
}

}  // namespace sallyport::test
