#include "ike/traffic_selectors.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/protocol.h"

namespace sallyport::ike {
namespace {

// A peer's selectors become rows that workers compare packets with: nobody needs more of them.
constexpr std::size_t kMostOfSide = 64;
constexpr std::size_t kMostCombinations = 256;
// Selectors of policy that may join in one answer, and comparisons spent on whether they do: some
// milliseconds of the control thread.
constexpr std::size_t kMostParts = 64;
constexpr std::size_t kMostComparisons = 20'000;

struct Ports {
  std::uint16_t start{};
  std::uint16_t end{0xffff};
};
constexpr Ports kOpaquePorts{0xffff, 0};

std::vector<Ports> ports_of(const PortSet& set) {
  if (set.is_any()) return {Ports{}};
  if (set.is_opaque()) return {kOpaquePorts};
  std::vector<Ports> ports;
  for (const PortRange& range : set.ranges()) ports.push_back({range.first, range.last});
  return ports;
}

AddressRange all_of(Family family) { return AddressRange::of({Address::any(family), 0}); }

// One side of a selector as IKE writes it.
void append_side(TrafficSelectors& to, const Selector& selector,
                 const std::vector<AddressRange>& addresses, const PortSet& set) {
  std::vector<AddressRange> ranges = addresses;
  if (ranges.empty()) {
    const std::optional<Family> family = selector.family();
    if (family != Family::V6) ranges.push_back(all_of(Family::V4));
    if (family != Family::V4) ranges.push_back(all_of(Family::V6));
  }
  for (const AddressRange& range : ranges)
    for (const Ports& ports : ports_of(set)) {
      const TrafficSelector one{selector.protocol.value_or(0), ports.start, ports.end, range};
      if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    }
}

SelectorPair pair_of(const Selector& selector) {
  SelectorPair pair;
  append_side(pair.local, selector, selector.local, selector.local_port);
  append_side(pair.remote, selector, selector.remote, selector.remote_port);
  return pair;
}

// One side of a packet. What its protocol does not have there, as mobility messages and ICMP have
// one type and no more, is as policy has it: the entry that the packet asks for is known by both
// sides at the peer (RFC 4877 7.2.2; IKE-96).
TrafficSelector of_packet(const Address& address, std::uint8_t protocol, PortValue value,
                          const PortSet& policy) {
  const auto port = static_cast<std::uint16_t>(value);
  Ports ports;
  if (value <= 0xffff) ports = {port, port};
  if (value == kNotApplicable) ports = ports_of(policy).front();
  return {protocol, ports.start, ports.end, {address, address}};
}

// The ports, as far as policy names any, of the selector that holds the packet.
std::pair<PortSet, PortSet> ports_around(std::span<const Selector> selectors,
                                         const SelectorFields& packet) {
  const auto found = std::ranges::find_if(
      selectors, [&](const Selector& selector) { return matches(selector, packet); });
  if (found == selectors.end()) return {PortSet::any(), PortSet::any()};
  return {found->local_port, found->remote_port};
}

std::optional<Ports> intersect_ports(const TrafficSelector& left, const TrafficSelector& right) {
  if (left.any_port()) return Ports{right.start_port, right.end_port};
  if (right.any_port()) return Ports{left.start_port, left.end_port};
  if (left.opaque() || right.opaque())
    return left.opaque() && right.opaque() ? std::optional(kOpaquePorts) : std::nullopt;
  const Ports ports{std::max(left.start_port, right.start_port),
                    std::min(left.end_port, right.end_port)};
  return ports.start <= ports.end ? std::optional(ports) : std::nullopt;
}

std::optional<TrafficSelector> intersect(const TrafficSelector& left,
                                         const TrafficSelector& right) {
  if (left.protocol != 0 && right.protocol != 0 && left.protocol != right.protocol)
    return std::nullopt;
  if (left.addresses.first.family != right.addresses.first.family) return std::nullopt;
  const AddressRange addresses{std::max(left.addresses.first, right.addresses.first),
                               std::min(left.addresses.last, right.addresses.last)};
  const auto ports = intersect_ports(left, right);
  if (!ports || addresses.first > addresses.last) return std::nullopt;
  return TrafficSelector{left.protocol != 0 ? left.protocol : right.protocol, ports->start,
                         ports->end, addresses};
}

bool contains(const TrafficSelector& outer, const TrafficSelector& inner) {
  const auto common = intersect(outer, inner);
  return common && *common == inner;
}

bool contains(std::span<const TrafficSelector> outer, const TrafficSelector& inner) {
  return std::ranges::any_of(outer,
                             [&](const TrafficSelector& one) { return contains(one, inner); });
}

// Puts it to the others, unless they say it already; what it says of them goes.
void add(TrafficSelectors& to, const TrafficSelector& one) {
  if (contains(to, one)) return;
  std::erase_if(to, [&](const TrafficSelector& old) { return contains(one, old); });
  to.push_back(one);
}

// What is common to both, without what another part of it says already.
TrafficSelectors intersect(std::span<const TrafficSelector> left,
                           std::span<const TrafficSelector> right) {
  TrafficSelectors common;
  for (const TrafficSelector& one : left)
    for (const TrafficSelector& other : right)
      if (const auto both = intersect(one, other)) add(common, *both);
  return common;
}

// An answer that grows by what one selector of policy has in common with the offer at a time.
class GrowingAnswer {
 public:
  GrowingAnswer(SelectorPair begun, std::span<const SelectorPair> parts)
      : pair_(std::move(begun)), parts_(parts) {}

  // False where it does not fit: then the answer stays as it is.
  bool join(const SelectorPair& part) {
    SelectorPair wider = pair_;
    for (const TrafficSelector& one : part.local) add(wider.local, one);
    for (const TrafficSelector& one : part.remote) add(wider.remote, one);
    if (wider.local.size() > kMostOfSide || wider.remote.size() > kMostOfSide || !is_good(wider) ||
        !to_selectors(wider))
      return false;
    pair_ = std::move(wider);
    return true;
  }
  [[nodiscard]] SelectorPair take() && { return std::move(pair_); }

 private:
  // Policy has every combination of the two sides. What one part does not hold alone counts as not
  // had: the answer is smaller then than it might be, and never too large.
  [[nodiscard]] bool is_good(const SelectorPair& wider) {
    return std::ranges::all_of(wider.local, [&](const TrafficSelector& local) {
      const bool had = contains(pair_.local, local);
      return std::ranges::all_of(wider.remote, [&](const TrafficSelector& remote) {
        return (had && contains(pair_.remote, remote)) || is_of_one_part(local, remote);
      });
    });
  }

  [[nodiscard]] bool is_of_one_part(TrafficSelector local, TrafficSelector remote) {
    const bool same = local.protocol == remote.protocol;
    const bool no_packet = local.addresses.first.family != remote.addresses.first.family ||
                           (!same && local.protocol != 0 && remote.protocol != 0);
    if (no_packet) return true;
    local.protocol = remote.protocol = std::max(local.protocol, remote.protocol);
    return std::ranges::any_of(parts_, [&](const SelectorPair& part) {
      return ++comparisons_ <= kMostComparisons && contains(part.local, local) &&
             contains(part.remote, remote);
    });
  }

  SelectorPair pair_;
  std::span<const SelectorPair> parts_;
  std::size_t comparisons_{};
};

// What each selector of policy has in common with an offer, the one that is to begin in front.
struct Parts {
  std::vector<SelectorPair> all;
  bool more{};  // there may be: no more are looked at
};

Parts parts_of(std::span<const Selector> policy, const SelectorPair& offered) {
  Parts parts;
  bool specific = false;  // the first one holds the first of the offer
  for (const Selector& selector : policy) {
    const SelectorPair mine = pair_of(selector);
    const bool begins = !specific && contains(mine.local, offered.local.front()) &&
                        contains(mine.remote, offered.remote.front());
    parts.more |= parts.all.size() >= kMostParts;
    if (parts.more && specific) break;
    if (parts.more && !begins) continue;
    SelectorPair common{intersect(offered.local, mine.local),
                        intersect(offered.remote, mine.remote)};
    if (common.local.empty() || common.remote.empty() || !to_selectors(common)) continue;
    specific |= begins;
    parts.all.insert(begins ? parts.all.begin() : parts.all.end(), std::move(common));
  }
  return parts;
}

// Of one side: addresses that go with one protocol and one range of ports.
struct SideClass {
  Family family{};
  std::uint8_t protocol{};
  Ports ports;
  std::vector<AddressRange> addresses;
};

std::vector<SideClass> classes_of(std::span<const TrafficSelector> side) {
  std::vector<SideClass> classes;
  for (const TrafficSelector& one : side) {
    const auto same = [&](const SideClass& known) {
      return known.family == one.addresses.first.family && known.protocol == one.protocol &&
             known.ports.start == one.start_port && known.ports.end == one.end_port;
    };
    auto found = std::ranges::find_if(classes, same);
    if (found == classes.end())
      found = classes.insert(classes.end(), {.family = one.addresses.first.family,
                                             .protocol = one.protocol,
                                             .ports = {one.start_port, one.end_port},
                                             .addresses = {}});
    found->addresses.push_back(one.addresses);
  }
  return classes;
}

PortSet port_set(const Ports& ports) {
  if (ports.start == kOpaquePorts.start && ports.end == kOpaquePorts.end) return PortSet::opaque();
  return PortSet::of({{ports.start, ports.end}}).value_or(PortSet::any());
}

}  // namespace

SelectorPair offer_selectors(std::span<const Selector> selectors, const SelectorFields* packet) {
  SelectorPair offer;
  if (packet != nullptr) {
    const auto [local, remote] = ports_around(selectors, *packet);
    offer.local.push_back(of_packet(packet->local, packet->protocol, packet->local_port, local));
    offer.remote.push_back(
        of_packet(packet->remote, packet->protocol, packet->remote_port, remote));
  }
  for (const Selector& selector : selectors) {
    const SelectorPair pair = pair_of(selector);
    const auto add = [](TrafficSelectors& to, const TrafficSelectors& more) {
      for (const TrafficSelector& one : more)
        if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    };
    add(offer.local, pair.local);
    add(offer.remote, pair.remote);
  }
  return offer;
}

std::optional<Narrowed> narrow(std::span<const Selector> policy, const SelectorPair& offered) {
  if (offered.local.empty() || offered.remote.empty()) return std::nullopt;
  if (offered.local.size() > kMostOfSide || offered.remote.size() > kMostOfSide)
    return std::nullopt;
  const Parts parts = parts_of(policy, offered);
  if (parts.all.empty()) return std::nullopt;
  GrowingAnswer answer(parts.all.front(), parts.all);
  bool more_possible = parts.more;
  for (const SelectorPair& part : std::span(parts.all).subspan(1))
    if (!answer.join(part)) more_possible = true;
  return Narrowed{std::move(answer).take(), more_possible};
}

std::vector<SelectorPair> parts_within(std::span<const Selector> policy, const SelectorPair& pair) {
  if (pair.local.empty() || pair.remote.empty()) return {};
  return parts_of(policy, pair).all;
}

bool begins_with_packet(const SelectorPair& offered) {
  const auto is_one = [](const TrafficSelectors& side) {
    return !side.empty() && side.front().addresses.first == side.front().addresses.last;
  };
  return is_one(offered.local) && is_one(offered.remote);
}

bool holds_first(std::span<const Selector> policy, const SelectorPair& offered) {
  return std::ranges::any_of(policy, [&](const Selector& selector) {
    const SelectorPair mine = pair_of(selector);
    return contains(mine.local, offered.local.front()) &&
           contains(mine.remote, offered.remote.front());
  });
}

bool is_subset(std::span<const TrafficSelector> inner, std::span<const TrafficSelector> outer) {
  return !inner.empty() && std::ranges::all_of(inner, [&](const TrafficSelector& one) {
    return contains(outer, one);
  });
}

std::optional<std::vector<Selector>> to_selectors(const SelectorPair& pair) {
  std::vector<Selector> selectors;
  const std::vector<SideClass> locals = classes_of(pair.local);
  const std::vector<SideClass> remotes = classes_of(pair.remote);
  if (locals.size() * remotes.size() > kMostCombinations) return std::nullopt;
  for (const SideClass& local : locals)
    for (const SideClass& remote : remotes) {
      const bool same = local.protocol == remote.protocol;
      if (local.family != remote.family || (!same && local.protocol != 0 && remote.protocol != 0))
        continue;
      const std::uint8_t protocol = local.protocol != 0 ? local.protocol : remote.protocol;
      Selector selector{.local = local.addresses,
                        .remote = remote.addresses,
                        .protocol = protocol == 0 ? std::nullopt : std::optional(protocol),
                        .local_port = port_set(local.ports),
                        .remote_port = port_set(remote.ports)};
      if (validate(selector)) selectors.push_back(std::move(selector));
    }
  if (selectors.empty()) return std::nullopt;
  return selectors;
}

std::string to_string(std::span<const TrafficSelector> selectors) {
  std::string text;
  for (const TrafficSelector& one : selectors) {
    if (!text.empty()) text += ' ';
    text += to_string(one.addresses);
    if (one.protocol == 0 && one.any_port()) continue;
    text += fmt::format("[{}", one.protocol);
    if (one.opaque())
      text += "/opaque";
    else if (!one.any_port())
      text += one.start_port == one.end_port ? fmt::format("/{}", one.start_port)
                                             : fmt::format("/{}-{}", one.start_port, one.end_port);
    text += ']';
  }
  return text;
}

}  // namespace sallyport::ike
