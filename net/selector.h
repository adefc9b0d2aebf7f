// Traffic selectors of RFC 4301 4.4.1.1, shared by the SPD, SAs and (later) IKE.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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
// The packet has no such field or it cannot be seen (a later fragment, AH, ESP): matches ANY and
// OPAQUE only (SEL-05, SEL-06, SEL-10).
inline constexpr PortValue kUnavailable = 0x10000;
// The slot says nothing for this packet: ICMP and MH carry one value, which is the sender's, so
// the other side's slot is open (SEL-09). Matches everything.
inline constexpr PortValue kNotApplicable = 0x10001;

struct PortRange {
  std::uint16_t first{};
  std::uint16_t last{0xffff};
  friend auto operator<=>(const PortRange&, const PortRange&) = default;
};

// A list of ranges, ANY, or OPAQUE; ANY includes OPAQUE; either stands alone (SEL-05).
class PortSet {
 public:
  [[nodiscard]] static PortSet any() { return PortSet{Kind::Any, {}}; }
  [[nodiscard]] static PortSet opaque() { return PortSet{Kind::Opaque, {}}; }
  // Sorted and merged; an empty list is refused.
  [[nodiscard]] static Expected<PortSet> of(std::vector<PortRange> ranges);

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
  std::vector<AddressRange> local;
  std::vector<AddressRange> remote;
  std::optional<std::uint8_t> protocol;  // nullopt: ANY
  PortSet local_port = PortSet::any();   // or ICMP type/code, MH type, that this side sends
  PortSet remote_port = PortSet::any();  // or ICMP type/code, MH type, that the other side sends

  // Nullopt: either family (no addresses given).
  [[nodiscard]] std::optional<Family> family() const noexcept;
  friend bool operator==(const Selector&, const Selector&) = default;
};

// Mixed families, ports without a protocol that has them, protocol ANY with ports, multicast
// addresses (SEL-01..04): the error says which.
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
[[nodiscard]] std::string to_string(const Selector& selector);

}  // namespace sallyport
