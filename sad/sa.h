// A security association as configured or negotiated: rich, allocating, control plane only
// (RFC 4301 4.4.2.1; SAD-01).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "base/types.h"
#include "crypto/algorithms.h"
#include "net/selector.h"
#include "spd/policy.h"

namespace sallyport {

// Which outer addresses an inbound look-up compares besides the SPI (RFC 4301 4.1; SAD-04).
enum class SaLookup : std::uint8_t { Spi, SpiDestination, SpiDestinationSource };

// Where an IPv6 transport-mode ESP header goes relative to destination options that precede the
// upper layer (RFC 4303 3.1.1; ESP-05). Linux leaves them outside.
enum class DestinationOptions : std::uint8_t { Inside, Outside };

// UDP encapsulation of ESP (RFC 3948), ports in host order.
struct UdpEncapsulation {
  std::uint16_t local_port{4500};
  std::uint16_t remote_port{4500};
  friend bool operator==(const UdpEncapsulation&, const UdpEncapsulation&) = default;
};

struct Sa {
  std::string name;
  Direction direction{Direction::Outbound};
  Spi spi{};
  IpsecProtocol protocol{IpsecProtocol::Esp};
  IpsecMode mode{IpsecMode::Tunnel};
  // Outer addresses by role. Tunnel: the endpoints. Transport: the two hosts.
  Endpoints endpoints;
  SaLookup lookup{SaLookup::Spi};  // inbound
  Transform transform;
  Secret<32> cipher_key;
  Secret<4> salt;
  Secret<64> integrity_key;
  bool esn{true};
  std::uint32_t replay_window{64};          // packets; inbound
  SequenceNumber last_sequence{};           // already used (outbound), highest accepted (inbound)
  std::optional<UdpEncapsulation> encapsulation;
  TunnelHeaderRules header;
  DestinationOptions destination_options{DestinationOptions::Inside};
  std::vector<std::uint8_t> dscp;           // outbound: classes this SA carries; empty: any (ARCH-05)
  std::vector<Selector> selectors;          // what it may carry; inbound packets are checked (INB-04)
  Lifetime soft;
  Lifetime hard;
  bool static_key{};                        // configured, not negotiated (MAN-02)
};

// Refuses what no SA may be, one sentence each: key lengths, SPI < 256, encryption without
// integrity unless allowed, replay window or ESN without integrity, AH with NONE, window sizes
// other than 0 and 32..65536 (ESP-06, RPL-01, AH-17, ALG-03).
[[nodiscard]] Expected<void> validate(const Sa& sa);

}  // namespace sallyport
