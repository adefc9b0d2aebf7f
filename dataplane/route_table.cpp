#include "dataplane/route_table.h"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_fib6.h>

#include <atomic>

namespace sallyport {
namespace {

constexpr std::uint32_t kTbl8Groups = 1024;

// DPDK wants a name of its own for each live table.
std::string unique_name(const char* family) {
  static std::atomic<unsigned> counter;
  return fmt::format("{}-{}", family, counter++);
}

}  // namespace

rte_fib* Ipv4Fib::create(std::size_t routes) {
  rte_fib_conf conf{};
  conf.max_routes = static_cast<int>(routes) + 1;
  conf.type = RTE_FIB_DIR24_8;
  conf.dir24_8 = {RTE_FIB_DIR24_8_2B, kTbl8Groups};
  return rte_fib_create(unique_name("fib4").c_str(), 0, &conf);
}

void Ipv4Fib::free(rte_fib* fib) noexcept { rte_fib_free(fib); }

int Ipv4Fib::add(rte_fib* fib, const Prefix& prefix, std::uint64_t next_hop) {
  return rte_fib_add(fib, prefix.address.v4_value(), prefix.length, next_hop);
}

void Ipv4Fib::look_up(rte_fib* fib, Few::Keys& keys) noexcept {
  std::array<std::uint64_t, kBurstSize> found;
  rte_fib_lookup_bulk(fib, keys.words[0].data(), found.data(), static_cast<int>(keys.count));
  for (unsigned i = 0; i < keys.count; ++i) keys.found[i] = static_cast<std::uint32_t>(found[i]);
}

rte_fib6* Ipv6Fib::create(std::size_t routes) {
  rte_fib6_conf conf{};
  conf.max_routes = static_cast<int>(routes) + 1;
  conf.type = RTE_FIB6_TRIE;
  conf.trie = {RTE_FIB6_TRIE_2B, kTbl8Groups * 4};
  return rte_fib6_create(unique_name("fib6").c_str(), 0, &conf);
}

void Ipv6Fib::free(rte_fib6* fib) noexcept { rte_fib6_free(fib); }

int Ipv6Fib::add(rte_fib6* fib, const Prefix& prefix, std::uint64_t next_hop) {
  return rte_fib6_add(fib, prefix.address.bytes.data(), prefix.length, next_hop);
}

void Ipv6Fib::look_up(rte_fib6* fib, Few::Keys& keys) noexcept {
  std::uint8_t destinations[kBurstSize][16];
  for (unsigned i = 0; i < keys.count; ++i) {
    store_be<std::uint64_t>(destinations[i], keys.words[0][i]);
    store_be<std::uint64_t>(destinations[i] + 8, keys.words[1][i]);
  }
  rte_fib6_lookup_bulk(fib, destinations, keys.found.data(), static_cast<int>(keys.count));
}

template <class Fib>
Expected<void> RouteTable<Fib>::create(std::size_t routes) {
  if (routes <= Fib::Few::kMost) return {};
  many_.reset(Fib::create(routes));
  if (many_ == nullptr)
    return fail(Error::Code::Exhausted,
                fmt::format("no memory for {} routes: {}", routes, rte_strerror(rte_errno)),
                "raise [limits] memory or have fewer routes");
  return {};
}

template <class Fib>
Expected<void> RouteTable<Fib>::add(const Prefix& prefix, std::uint16_t next_hop) {
  if (many_ == nullptr) {
    few_.add(prefix.address.bytes, prefix.length, next_hop);
    return {};
  }
  if (const int status = Fib::add(many_.get(), prefix, next_hop); status != 0)
    return fail(Error::Code::Exhausted,
                fmt::format("route to {} not added: {}", to_string(prefix), rte_strerror(-status)));
  return {};
}

template class RouteTable<Ipv4Fib>;
template class RouteTable<Ipv6Fib>;

}  // namespace sallyport
