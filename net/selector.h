// Traffic selectors of RFC 4301 4.4.1.1, shared by the SPD, SAs and (later) IKE.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/address.h"

namespace sallyport {

// An inclusive range of addresses of one family (SEL-01).
struct AddressRange {
  Address first;
  Address last;

  [[nodiscard]] static AddressRange of(const Prefix& prefix) noexcept {
    return {prefix.first(), prefix.last()};
  }
  // "192.0.2.0/24", "192.0.2.1", "192.0.2.1-192.0.2.9"; refuses mixed families and first > last.
  [[nodiscard]] static Expected<AddressRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const Address& address) const noexcept {
    return address.family == first.family && first <= address && address <= last;
  }
  friend auto operator<=>(const AddressRange&, const AddressRange&) = default;
};
[[nodiscard]] std::string to_string(const AddressRange& range);

// What stands in a packet's port-like fields (RFC 4301 4.4.1.1): a port, ICMP type * 256 + code,
// or MH type * 256; or one of the two marks below.
using PortValue = std::uint32_t;
inline constexpr PortValue kLastPort = 0xffff;  // of a packet that has one
// The packet has no such field or it cannot be seen (a later fragment, AH, ESP): matches ANY and
// OPAQUE only (SEL-05, SEL-06, SEL-10).
inline constexpr PortValue kUnavailable = 0x10000;
// The slot says nothing for this packet: ICMP and MH carry one value, which is the sender's, so
// the other side's slot is open (SEL-09). Matches everything.
inline constexpr PortValue kNotApplicable = 0x10001;

// How the text of a port-like selector is to be read.
enum class PortNotation : std::uint8_t {
  Port,      // "443", "1024-65535"
  Icmp,      // "8", "3/1", "3/0-3/5", "128-129": type, or type/code (SEL-07)
  Mobility,  // "5", "1-4": MH type (SEL-08)
};

struct PortRange {
  std::uint16_t first{};
  std::uint16_t last{0xffff};

  [[nodiscard]] static Expected<PortRange> parse(std::string_view text, PortNotation notation);
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

// A list of ranges, ANY, or OPAQUE; ANY includes OPAQUE; either stands alone (SEL-05).
class PortSet {
 public:
  [[nodiscard]] static PortSet any() { return PortSet{Kind::Any, {}}; }
  [[nodiscard]] static PortSet opaque() { return PortSet{Kind::Opaque, {}}; }
  // Sorted and merged; refuses an empty list. What covers 0 to 65535 is ANY, as in IKE.
  [[nodiscard]] static Expected<PortSet> of(std::vector<PortRange> ranges);
  // "any" alone, "opaque" alone, or ranges in `notation`.
  [[nodiscard]] static Expected<PortSet> parse(std::span<const std::string> texts,
                                               PortNotation notation);

  [[nodiscard]] bool is_any() const noexcept { return kind_ == Kind::Any; }
  [[nodiscard]] bool is_opaque() const noexcept { return kind_ == Kind::Opaque; }
  [[nodiscard]] const std::vector<PortRange>& ranges() const noexcept { return ranges_; }
  [[nodiscard]] bool contains(PortValue value) const noexcept;

  friend bool operator==(const PortSet&, const PortSet&) = default;

 private:
  enum class Kind : std::uint8_t { Any, Opaque, List };
  PortSet(Kind kind, std::vector<PortRange> ranges) : kind_(kind), ranges_(std::move(ranges)) {}

  Kind kind_;
  std::vector<PortRange> ranges_;
};

// One selector set of a policy or of an SA, written once with local and remote roles (SPD-03).
// Empty address lists mean ANY address of either family.
struct Selector {
  std::vector<AddressRange> local{};
  std::vector<AddressRange> remote{};
  std::optional<std::uint8_t> protocol{};  // nullopt: ANY; kProtocolOpaque: hidden (IPv6, SEL-03)
  PortSet local_port = PortSet::any();     // or ICMP type/code, MH type, that this side sends
  PortSet remote_port = PortSet::any();    // or ICMP type/code, MH type, that the other side sends

  // Nullopt: either family (no addresses given).
  [[nodiscard]] std::optional<Family> family() const noexcept;
  friend bool operator==(const Selector&, const Selector&) = default;
};

// Refuses mixed families, multicast, ports without a protocol that has them, protocol ANY with
// ports, protocol OPAQUE with IPv4 (SEL-01..04, SEL-10): the error says which, and what is right.
// A range that runs to the end of its family may span multicast ("::/0").
[[nodiscard]] Expected<void> validate(const Selector& selector);

// The selector fields of one packet, seen from this side: local is the source of an outbound
// packet and the destination of an inbound one.
struct SelectorFields {
  Address local;
  Address remote;
  std::uint8_t protocol{};
  PortValue local_port{kUnavailable};
  PortValue remote_port{kUnavailable};
};

[[nodiscard]] bool matches(const Selector& selector, const SelectorFields& fields) noexcept;

// True where some packet, going either way, matches both.
[[nodiscard]] bool overlaps(const Selector& left, const Selector& right) noexcept;

// "any", "opaque", or ranges by number: "80,443,1024-2047".
[[nodiscard]] std::string to_string(const PortSet& ports);
// "192.0.2.0/24 <-> any tcp any <-> 443", local first.
[[nodiscard]] std::string to_string(const Selector& selector);

}  // namespace sallyport
