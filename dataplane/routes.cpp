#include "dataplane/routes.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

constexpr std::size_t kMaxNextHops = 0x7fff;

// The packets of one family, beside what is looked up for them.
template <class Table>
struct Destinations {
  typename Table::Keys keys;
  std::array<Packet*, kBurstSize> packets;

  void push(Packet& packet) noexcept {
    packets[keys.count] = &packet;
    keys.push(packet.summary.destination.data());
  }
  void look_up(const Table& table, const NextHop* next_hops) noexcept {
    if (keys.count == 0) return;
    table.look_up(keys);
    for (unsigned i = 0; i < keys.count; ++i) packets[i]->next_hop = &next_hops[keys.found[i]];
  }
};

template <class Table>
std::size_t look_up_one(const Table& table, const Address& destination) noexcept {
  typename Table::Keys keys;
  keys.push(destination.bytes.data());
  table.look_up(keys);
  return keys.found.front();
}

}  // namespace

Expected<std::unique_ptr<const Routes>> Routes::build(std::span<const Route> routes) {
  auto built = std::unique_ptr<Routes>(new Routes);
  const auto v4 = static_cast<std::size_t>(std::ranges::count_if(
      routes, [](const Route& route) { return route.destination.address.family == Family::V4; }));
  if (auto created = built->v4_.create(v4); !created) return std::unexpected(created.error());
  if (auto created = built->v6_.create(routes.size() - v4); !created)
    return std::unexpected(created.error());
  built->next_hops_.push_back({});
  for (const Route& route : routes)
    if (auto added = built->add(route); !added) return std::unexpected(added.error());
  return built;
}

Expected<std::uint16_t> Routes::index_of(const NextHop& next_hop) {
  const auto known = std::ranges::find(next_hops_, next_hop);
  if (known != next_hops_.end())
    return static_cast<std::uint16_t>(std::distance(next_hops_.begin(), known));
  if (next_hops_.size() == kMaxNextHops)
    return fail(Error::Code::Exhausted, "too many distinct next hops",
                fmt::format("use at most {}", kMaxNextHops));
  next_hops_.push_back(next_hop);
  return static_cast<std::uint16_t>(next_hops_.size() - 1);
}

Expected<void> Routes::add(const Route& route) {
  NextHop next_hop = route.next_hop;
  // Neighbours of both families on one link never share a next hop: their octets may be the same.
  if (next_hop.kind == NextHop::Kind::OnLink)
    next_hop.gateway = Address::any(route.destination.address.family);
  const auto index = index_of(next_hop);
  if (!index) return std::unexpected(index.error());
  const Prefix prefix{route.destination.first(), route.destination.length};
  return prefix.address.family == Family::V4 ? v4_.add(prefix, *index) : v6_.add(prefix, *index);
}

void Routes::look_up(const Burst& burst) const noexcept {
  if (burst.empty()) return;
  const PacketSummary& first = burst[0].summary;
  const bool one_destination = std::ranges::all_of(burst, [&](const Packet* packet) {
    return same_octets(packet->summary.destination, first.destination) &&
           packet->summary.family == first.family;
  });
  if (one_destination) {
    const NextHop* const next_hop = &look_up(first.destination_address());
    for (Packet* packet : burst) packet->next_hop = next_hop;
    return;
  }
  Destinations<RouteTable<Ipv4Fib>> v4;
  Destinations<RouteTable<Ipv6Fib>> v6;
  for (Packet* packet : burst) {
    if (packet->summary.family == Family::V4)
      v4.push(*packet);
    else
      v6.push(*packet);
  }
  v4.look_up(v4_, next_hops_.data());
  v6.look_up(v6_, next_hops_.data());
}

const NextHop& Routes::look_up(const Address& destination) const noexcept {
  return next_hops_[destination.family == Family::V4 ? look_up_one(v4_, destination)
                                                     : look_up_one(v6_, destination)];
}

}  // namespace sallyport
