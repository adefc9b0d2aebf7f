#include "dataplane/routes.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_fib6.h>

#include <algorithm>
#include <atomic>

namespace sallyport {
namespace {

constexpr std::uint64_t kNoNextHop = 0;  // index of the NextHop with Kind::None
constexpr std::size_t kMaxNextHops = 0x7fff;
constexpr int kSmallFib =
    64;  // routes up to which a walk of the tree is as quick as 32 MiB of table
constexpr std::uint32_t kTbl8Groups = 1024;

// DPDK wants a name of its own for each live table.
std::string unique_name(const char* family) {
  static std::atomic<unsigned> counter;
  return fmt::format("{}-{}", family, counter++);
}

rte_fib* create_v4(std::size_t routes) {
  rte_fib_conf conf{};
  conf.default_nh = kNoNextHop;
  conf.max_routes = static_cast<int>(routes) + 1;
  conf.type = routes <= kSmallFib ? RTE_FIB_DUMMY : RTE_FIB_DIR24_8;
  if (conf.type == RTE_FIB_DIR24_8) conf.dir24_8 = {RTE_FIB_DIR24_8_2B, kTbl8Groups};
  return rte_fib_create(unique_name("fib4").c_str(), 0, &conf);
}

rte_fib6* create_v6(std::size_t routes) {
  rte_fib6_conf conf{};
  conf.default_nh = kNoNextHop;
  conf.max_routes = static_cast<int>(routes) + 1;
  conf.type = routes <= kSmallFib ? RTE_FIB6_DUMMY : RTE_FIB6_TRIE;
  if (conf.type == RTE_FIB6_TRIE) conf.trie = {RTE_FIB6_TRIE_2B, kTbl8Groups * 4};
  return rte_fib6_create(unique_name("fib6").c_str(), 0, &conf);
}

}  // namespace

Expected<std::unique_ptr<const Routes>> Routes::build(std::span<const Route> routes) {
  auto built = std::unique_ptr<Routes>(new Routes);
  const auto v4 = static_cast<std::size_t>(std::ranges::count_if(
      routes, [](const Route& route) { return route.destination.address.family == Family::V4; }));
  built->v4_ = create_v4(v4);
  built->v6_ = create_v6(routes.size() - v4);
  if (built->v4_ == nullptr || built->v6_ == nullptr)
    return fail(Error::Code::Exhausted,
                fmt::format("no memory for {} routes: {}", routes.size(), rte_strerror(rte_errno)),
                "raise [limits] memory or have fewer routes");
  built->next_hops_.push_back({});
  for (const Route& route : routes)
    if (auto added = built->add(route); !added) return std::unexpected(added.error());
  return built;
}

Routes::~Routes() {
  rte_fib_free(v4_);
  rte_fib6_free(v6_);
}

Expected<std::uint64_t> Routes::index_of(const NextHop& next_hop) {
  const auto known = std::ranges::find(next_hops_, next_hop);
  if (known != next_hops_.end())
    return static_cast<std::uint64_t>(std::distance(next_hops_.begin(), known));
  if (next_hops_.size() == kMaxNextHops)
    return fail(Error::Code::Exhausted, "too many distinct next hops",
                fmt::format("use at most {}", kMaxNextHops));
  next_hops_.push_back(next_hop);
  return next_hops_.size() - 1;
}

Expected<void> Routes::add(const Route& route) {
  const auto index = index_of(route.next_hop);
  if (!index) return std::unexpected(index.error());
  const Address first = route.destination.first();
  const int status = first.family == Family::V4
                         ? rte_fib_add(v4_, first.v4_value(), route.destination.length, *index)
                         : rte_fib6_add(v6_, first.bytes.data(), route.destination.length, *index);
  if (status != 0)
    return fail(Error::Code::Exhausted,
                fmt::format("route to {} not added: {}", to_string(route.destination),
                            rte_strerror(-status)));
  return {};
}

void Routes::look_up(const Burst& burst) const noexcept {
  std::array<std::uint32_t, kBurstSize> v4_keys;
  std::uint8_t v6_keys[kBurstSize][16];
  std::array<std::uint64_t, kBurstSize> found;
  std::array<Packet*, kBurstSize> v4_packets;
  std::array<Packet*, kBurstSize> v6_packets;
  unsigned v4_count = 0;
  unsigned v6_count = 0;
  for (Packet* packet : burst) {
    const auto& destination = packet->summary.destination;
    if (packet->summary.family == Family::V4) {
      v4_keys[v4_count] = load_be<std::uint32_t>(destination.data());
      v4_packets[v4_count++] = packet;
    } else {
      std::memcpy(v6_keys[v6_count], destination.data(), destination.size());
      v6_packets[v6_count++] = packet;
    }
  }
  if (v4_count != 0)
    rte_fib_lookup_bulk(v4_, v4_keys.data(), found.data(), static_cast<int>(v4_count));
  for (unsigned i = 0; i < v4_count; ++i) v4_packets[i]->next_hop = &next_hops_[found[i]];
  if (v6_count != 0) rte_fib6_lookup_bulk(v6_, v6_keys, found.data(), static_cast<int>(v6_count));
  for (unsigned i = 0; i < v6_count; ++i) v6_packets[i]->next_hop = &next_hops_[found[i]];
}

const NextHop& Routes::look_up(const Address& destination) const noexcept {
  std::uint64_t found = kNoNextHop;
  if (destination.family == Family::V4) {
    std::uint32_t key = destination.v4_value();
    rte_fib_lookup_bulk(v4_, &key, &found, 1);
  } else {
    std::uint8_t key[1][16];
    std::memcpy(key[0], destination.bytes.data(), 16);
    rte_fib6_lookup_bulk(v6_, key, &found, 1);
  }
  return next_hops_[found];
}

}  // namespace sallyport
