#include "tests/spd/random_policies.h"

#include <array>

#include "net/protocol.h"

namespace sallyport::test {
namespace {

// Few, so that policies meet.
constexpr std::array<std::uint8_t, 7> kProtocols{kProtocolTcp,     kProtocolUdp, kProtocolSctp,
                                                 kProtocolIcmpv6,  kProtocolEsp, kProtocolOpaque,
                                                 kProtocolMobility};
constexpr std::array<std::uint16_t, 9> kPorts{0, 1, 500, 0x0500, 0x0600, 4500, 32768, 65534, 65535};

}  // namespace

std::size_t RandomPolicies::below(std::size_t count) { return random_() % count; }

// 32 addresses at the bottom, in the middle and at the top of each family's unicast space.
Address RandomPolicies::address(Family family) {
  const auto low = static_cast<std::uint8_t>(below(32));
  Address address = Address::any(family);
  const std::size_t last = address.wire().size() - 1;
  switch (below(4)) {
    case 0:
      break;
    case 1:
      for (std::size_t i = 0; i < last; ++i) address.bytes[i] = 0xff;
      if (family == Family::V6) address.bytes[0] = 0xfe;
      address.bytes[last] = 0xe0;
      break;
    default:
      address.bytes[0] = 0x0a;
      // IPv6 differs on both sides of the 64-bit border.
      address.bytes[last / 2] = static_cast<std::uint8_t>(below(3));
  }
  address.bytes[last] = static_cast<std::uint8_t>(address.bytes[last] | low);
  return address;
}

AddressRange RandomPolicies::range(Family family) {
  const Address one = address(family);
  if (below(16) == 0) return {one, Prefix{one, 0}.last()};
  const Address other = below(3) == 0 ? one : address(family);
  return {std::min(one, other), std::max(one, other)};
}

std::vector<AddressRange> RandomPolicies::ranges(Family family) {
  std::vector<AddressRange> list(below(4) == 0 ? 1 + below(4) : below(2));
  for (AddressRange& each : list) each = range(family);
  return list;
}

PortSet RandomPolicies::ports() {
  switch (below(6)) {
    case 0:
    case 1:
      return PortSet::any();
    case 2:
      return PortSet::opaque();
    default:
      break;
  }
  std::vector<PortRange> list(1 + below(3));
  for (PortRange& each : list) {
    const std::uint16_t one = one_of<std::uint16_t>(kPorts);
    const std::uint16_t other = below(2) == 0 ? one : one_of<std::uint16_t>(kPorts);
    each = {std::min(one, other), std::max(one, other)};
  }
  return PortSet::of(std::move(list)).value();
}

Selector RandomPolicies::selector() {
  const Family family = below(2) == 0 ? Family::V4 : Family::V6;
  Selector selector;
  selector.local = ranges(family);
  selector.remote = ranges(family);
  if (below(3) == 0) return selector;
  do selector.protocol = one_of<std::uint8_t>(kProtocols);
  while (selector.protocol == kProtocolOpaque && selector.family() == Family::V4);
  if (port_meaning(*selector.protocol) == PortMeaning::None) {
    if (below(2) == 0) selector.local_port = selector.remote_port = PortSet::opaque();
    return selector;
  }
  selector.local_port = ports();
  selector.remote_port = ports();
  return selector;
}

std::vector<Selector> RandomPolicies::selectors(std::size_t at_most) {
  std::vector<Selector> list(1 + below(at_most));
  for (Selector& each : list) each = selector();
  return list;
}

Address RandomPolicies::near(std::span<const AddressRange> ranges, Family family) {
  if (ranges.empty()) return address(family);
  const AddressRange& range = one_of(ranges);
  switch (below(4)) {
    case 0:
      return range.first;
    case 1:
      return range.last;
    case 2:
      return previous(range.first).value_or(range.first);
    default:
      return next(range.last).value_or(range.last);
  }
}

PortValue RandomPolicies::near(const PortSet& ports) {
  if (below(8) == 0) return kUnavailable;
  if (below(8) == 0) return kNotApplicable;
  if (ports.ranges().empty()) return one_of<std::uint16_t>(kPorts);
  const PortRange& range = one_of<PortRange>(ports.ranges());
  const std::array<std::uint16_t, 4> edges{range.first, range.last,
                                           static_cast<std::uint16_t>(range.first - 1),
                                           static_cast<std::uint16_t>(range.last + 1)};
  return one_of<std::uint16_t>(edges);
}

SelectorFields RandomPolicies::packet(std::span<const Selector> selectors) {
  Selector aim = selector();
  if (!selectors.empty() && below(2) == 0) aim = one_of(selectors);
  const Family family = aim.family().value_or(below(2) == 0 ? Family::V4 : Family::V6);
  return {.local = near(aim.local, family),
          .remote = near(aim.remote, family),
          .protocol = aim.protocol.value_or(one_of<std::uint8_t>(kProtocols)),
          .local_port = near(aim.local_port),
          .remote_port = near(aim.remote_port)};
}

SelectorFields RandomPolicies::real_packet(std::span<const Selector> selectors) {
  SelectorFields fields = packet(selectors);
  const PortMeaning meaning = port_meaning(fields.protocol);
  const bool hidden = std::max(fields.local_port, fields.remote_port) >= kUnavailable;
  if (meaning == PortMeaning::None || (meaning == PortMeaning::Ports && hidden))
    fields.local_port = fields.remote_port = kUnavailable;
  if (meaning == PortMeaning::None || meaning == PortMeaning::Ports) return fields;
  PortValue& sent_by = below(2) == 0 ? fields.local_port : fields.remote_port;
  PortValue& sent_to = &sent_by == &fields.local_port ? fields.remote_port : fields.local_port;
  if (sent_by == kNotApplicable) sent_by = kUnavailable;
  sent_to = sent_by == kUnavailable ? kUnavailable : kNotApplicable;
  if (meaning == PortMeaning::Mobility && sent_by != kUnavailable) sent_by &= 0xff00;
  return fields;
}

}  // namespace sallyport::test
