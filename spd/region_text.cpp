#include "spd/region_text.h"

#include <fmt/format.h>

#include <array>

#include "net/protocol.h"

namespace sallyport {
namespace {

// Joins texts by commas, the first ones.
class ShortList {
 public:
  explicit ShortList(std::size_t most) : most_(most) {}
  void add(const std::string& text) {
    if (++count_ > most_) return;
    text_ += (text_.empty() ? "" : ",") + text;
  }
  [[nodiscard]] std::string text() const {
    return count_ <= most_ ? text_ : fmt::format("{} and {} more", text_, count_ - most_);
  }

 private:
  std::size_t most_;
  std::size_t count_{};
  std::string text_;
};

std::string address_text(const IntervalSet<AddressNumber>& set, Family family, std::size_t most) {
  ShortList list(most);
  for (const auto& [first, last] : set)
    list.add(to_string(AddressRange{address_of(first, family), address_of(last, family)}));
  return list.text();
}

std::string protocol_text(const IntervalSet<std::uint32_t>& set, std::size_t most) {
  if (set == IntervalSet<std::uint32_t>{0, 0xff}) return "any";
  ShortList list(most);
  for (const auto& [first, last] : set)
    list.add(first == last ? protocol_name(static_cast<std::uint8_t>(first))
                           : fmt::format("{}-{}", first, last));
  return list.text();
}

// One port slot beside the other one, without the values that no packet of the protocol has there.
std::string port_text(const Region& region, IntervalSet<PortValue> Region::* slot,
                      std::size_t most) {
  const IntervalSet<PortValue>& set = region.*slot;
  if (set == IntervalSet<PortValue>{0, kNotApplicable}) return "any";
  const IntervalSet<PortValue>& other =
      slot == &Region::local_port ? region.remote_port : region.local_port;
  const auto protocol = static_cast<std::uint8_t>(region.protocol.begin()->first);
  const bool one_value = port_meaning(protocol) == PortMeaning::Icmp ||
                         port_meaning(protocol) == PortMeaning::Mobility;
  ShortList list(most);
  const bool reached = !one_value || other.contains(kNotApplicable);
  IntervalSet<PortValue> seen = set;
  seen.remove(kUnavailable, kNotApplicable);
  if (reached)
    for (const auto& [first, last] : seen)
      list.add(first == last ? fmt::to_string(first) : fmt::format("{}-{}", first, last));
  const bool none = seen.empty() || !reached;
  if (set.contains(kUnavailable) && (none || other.contains(kUnavailable))) list.add("opaque");
  const std::string text = list.text();
  return text.empty() ? "none" : text;
}

template <class Number>
Number preferred(const IntervalSet<Number>& set, std::initializer_list<Number> choices) {
  for (const Number choice : choices)
    if (set.contains(choice)) return choice;
  return set.begin()->first;
}

// One of the documentation's where the set has it; else the second of a range, which is a host more
// often than the first.
Address example_address(const IntervalSet<AddressNumber>& set, Family family, unsigned host) {
  const AddressNumber documentation =
      (family == Family::V4 ? AddressNumber{0xc0000200} : AddressNumber{0x20010db8} << 96) + host;
  const auto [first, last] = *set.begin();
  const AddressNumber second = first == last ? first : first + 1;
  return address_of(preferred(set, {documentation, second}), family);
}

// The slots of a packet of `protocol`; false where the region has none that shows them.
bool find_ports(const Region& region, SelectorFields& fields) {
  Region one = region;
  one.protocol = {fields.protocol, fields.protocol};
  one.local_port.remove(kUnavailable, kUnavailable);
  const Ways found = ways(one);
  if (!found.any()) return false;
  if (port_meaning(fields.protocol) == PortMeaning::Ports) {
    fields.local_port = preferred(region.local_port, {PortValue{49152}});
    fields.remote_port = preferred(region.remote_port, {PortValue{443}});
    return true;
  }
  // Echo request and binding update where they are allowed, else the first type with packets.
  const PortValue usual = port_meaning(fields.protocol) == PortMeaning::Mobility ? 0x0500
                          : fields.protocol == kProtocolIcmp                     ? 0x0800
                                                                                 : 0x8000;
  PortValue& sent_by = found.outbound ? fields.local_port : fields.remote_port;
  PortValue& sent_to = found.outbound ? fields.remote_port : fields.local_port;
  sent_to = kNotApplicable;
  sent_by = usual;
  const PortValue step = port_meaning(fields.protocol) == PortMeaning::Mobility ? 0x100 : 1;
  for (PortValue value = 0; !region.contains(fields) && value <= kLastPort; value += step)
    sent_by = value;
  return true;
}

std::string slot_text(std::uint8_t protocol, PortValue value) {
  if (value >= kUnavailable) return "";
  switch (port_meaning(protocol)) {
    case PortMeaning::Icmp:
      return fmt::format(" type {} code {}", value >> 8, value & 0xff);
    case PortMeaning::Mobility:
      return fmt::format(" type {}", value >> 8);
    default:
      return fmt::format(" port {}", value);
  }
}

}  // namespace

std::string to_string(const Region& region, std::size_t most) {
  return fmt::format(
      "{} <-> {} {} {} <-> {}", address_text(region.local, region.family, most),
      address_text(region.remote, region.family, most), protocol_text(region.protocol, most),
      port_text(region, &Region::local_port, most), port_text(region, &Region::remote_port, most));
}

std::optional<SelectorFields> example_of(const Region& region) {
  if (!ways(region).any()) return std::nullopt;
  SelectorFields fields{.local = example_address(region.local, region.family, 1),
                        .remote = example_address(region.remote, region.family, 2)};
  for (const std::uint8_t protocol :
       {kProtocolTcp, kProtocolUdp, kProtocolIcmp, kProtocolIcmpv6, kProtocolMobility,
        kProtocolSctp, kProtocolDccp, kProtocolUdpLite}) {
    fields.protocol = protocol;
    if (region.protocol.contains(protocol) && find_ports(region, fields)) return fields;
  }
  const std::uint32_t hidden = preferred(region.protocol, {std::uint32_t{kProtocolTcp}});
  fields.protocol = static_cast<std::uint8_t>(hidden);
  fields.local_port = fields.remote_port = kUnavailable;
  return fields;
}

std::string to_string(const SelectorFields& fields) {
  const std::string protocol = protocol_name(fields.protocol);
  const std::string local = to_string(fields.local);
  const std::string remote = to_string(fields.remote);
  const std::string local_slot = slot_text(fields.protocol, fields.local_port);
  const std::string remote_slot = slot_text(fields.protocol, fields.remote_port);
  if (fields.remote_port == kNotApplicable)
    return fmt::format("{} {} -> {}{}", protocol, local, remote, local_slot);
  if (fields.local_port == kNotApplicable)
    return fmt::format("{} {} <- {}{}", protocol, local, remote, remote_slot);
  const bool hidden = fields.local_port == kUnavailable && fields.remote_port == kUnavailable;
  return fmt::format("{} {}{} <-> {}{}{}", protocol, local, local_slot, remote, remote_slot,
                     hidden ? " without ports" : "");
}

}  // namespace sallyport
