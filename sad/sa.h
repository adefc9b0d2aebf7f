// A security association as configured or negotiated: rich, allocating, control plane only
// (RFC 4301 4.4.2.1; SAD-01).
#pragma once

#include <string>
#include <string_view>
#include <tuple>
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

// What an SA has carried so far; lifetimes in packets and bytes go on from here.
struct SaUsage {
  std::uint64_t packets{};
  std::uint64_t bytes{};
  friend bool operator==(const SaUsage&, const SaUsage&) = default;
};

// Dummy packets that an outbound SA sends besides its traffic (RFC 4303 2.6; ESP-15, ESP-16).
struct DummyRule {
  static constexpr std::uint32_t kMostPerSecond = 10000;
  std::uint32_t per_second{};  // 0: none
  std::uint16_t bytes{};       // of each, before ESP padding
  bool random_size{};          // any size up to `bytes` instead
  friend bool operator==(const DummyRule&, const DummyRule&) = default;
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
  std::uint32_t replay_window{64};  // packets; inbound
  SequenceNumber last_sequence{};   // already used (outbound), highest accepted (inbound)
  std::optional<UdpEncapsulation> encapsulation;
  TunnelHeaderRules header;
  FragmentChecks fragments{FragmentChecks::Stateless};
  Fragmentation fragmentation{Fragmentation::After};  // outbound
  DestinationOptions destination_options{DestinationOptions::Inside};
  // What the length of an AH header over IPv4 is a multiple of: 4 (RFC 4302 2.6), or 8 as Linux
  // has it unless it is told otherwise. Over IPv6 it is always 8.
  std::uint8_t ah_alignment{4};
  std::vector<std::uint8_t> dscp;   // outbound: classes this SA carries; empty: any (ARCH-05)
  bool spread{};                    // outbound: any worker may send by it, not its owner alone
  std::vector<Selector> selectors;  // what it may carry; inbound packets are checked (INB-04)
  Lifetime soft;
  Lifetime hard;
  // Outbound tunnel, traffic flow confidentiality (ESP-14): shorter packets are padded to this many
  // octets, and all to a multiple (a power of two), as far as the path MTU allows.
  std::uint16_t tfc_bytes{};
  std::uint16_t tfc_multiple{};
  DummyRule dummies;  // outbound
  // Outbound: what the SA made goes round the boundary again, through SPD-I (RFC 4301 appendix E).
  bool loop_back{};
  // Inbound, in UDP: control is told where the newest packet has come from, if not from the remote
  // endpoint (RFC 7296 2.23; NAT-06). Never without a replay window.
  bool follows_peer{};
  bool unauthenticated_allowed{};  // confidentiality alone, which RFC 8221 4 forbids (ESP-06)
  bool static_key{};               // configured, not negotiated (MAN-02)
  SaUsage used;                    // before this life, where the SA was carried here

  // A deliberate second copy, keys and all.
  [[nodiscard]] Sa duplicate() const;
};

// The highest number that the SA may send (ESP-10).
[[nodiscard]] constexpr SequenceNumber last_sendable(const Sa& sa) noexcept {
  return {sa.esn ? ~0ull : 0xffffffffull};
}

// Of the addresses outside: the endpoints' or, where transport mode has none, the selectors';
// nullopt where both leave it open.
[[nodiscard]] std::optional<Family> outer_family(const Sa& sa) noexcept;

// What an inbound look-up compares (RFC 4301 4.1): two SAs of one key could not be told apart.
using LookupKey = std::tuple<Spi, SaLookup, Address, Address>;
[[nodiscard]] LookupKey lookup_key(const Sa& sa);

// The key under which the SA's numbers are its nonces: no number may be sent twice under it
// (MAN-02, ALG-20). Empty where the transform makes no nonces of numbers.
[[nodiscard]] ByteView nonce_key(const Sa& sa) noexcept;
// True where both send, and one number would be one nonce for both.
[[nodiscard]] bool shares_nonces(const Sa& left, const Sa& right) noexcept;

// So many numbers before the last one a successor is asked for: half a minute at ten million
// packets a second.
inline constexpr std::uint64_t kSequenceMargin = 1ull << 28;
// The number at which that is due (ESP-10; RFC 4303 3.3.3).
[[nodiscard]] constexpr SequenceNumber exhaustion_alarm(const Sa& sa) noexcept {
  return {last_sendable(sa).value - kSequenceMargin};
}

// Refuses what no SA may be, one sentence each: key lengths, SPI < 256, no integrity, a negotiated
// ESN without replay window, window sizes other than 0 and 32..65536, numbers out of range, no
// selectors, tunnels without endpoints, an implicit IV with several senders, padding of traffic
// flow where no length tells it from the payload (ESP-06, ESP-14, RPL-01, RPL-06, AH-17, ALG-03,
// ALG-10).
[[nodiscard]] Expected<void> validate(const Sa& sa);
// Refuses halves of different mode or protocol, or of equal direction (ARCH-04).
[[nodiscard]] Expected<void> validate_pair(const Sa& outbound, const Sa& inbound);

// What is allowed but not advised, one sentence each; empty where nothing is (MAN-02).
[[nodiscard]] std::vector<std::string> warnings(const Sa& sa);
// What is not advised of two halves together: equal keys in both directions (MAN-03).
[[nodiscard]] std::vector<std::string> pair_warnings(const Sa& outbound, const Sa& inbound);

[[nodiscard]] std::string_view to_string(Direction direction) noexcept;
[[nodiscard]] std::string_view to_string(IpsecMode mode) noexcept;
[[nodiscard]] std::string_view to_string(IpsecProtocol protocol) noexcept;
[[nodiscard]] std::string_view to_string(SaLookup lookup) noexcept;
[[nodiscard]] std::string_view to_string(DestinationOptions placement) noexcept;

}  // namespace sallyport
