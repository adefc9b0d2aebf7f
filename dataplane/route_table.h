// The routes of one family: FewRoutes up to some tens of them, DPDK's rte_fib beyond.
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "dataplane/few_routes.h"
#include "net/address.h"

struct rte_fib;
struct rte_fib6;

namespace sallyport {

// What RouteTable needs of DPDK, family by family.
struct Ipv4Fib {
  using Few = FewIpv4Routes;
  using Handle = rte_fib;
  [[nodiscard]] static rte_fib* create(std::size_t routes);
  static void free(rte_fib* fib) noexcept;
  [[nodiscard]] static int add(rte_fib* fib, const Prefix& prefix, std::uint64_t next_hop);
  static void look_up(rte_fib* fib, Few::Keys& keys) noexcept;
};
struct Ipv6Fib {
  using Few = FewIpv6Routes;
  using Handle = rte_fib6;
  [[nodiscard]] static rte_fib6* create(std::size_t routes);
  static void free(rte_fib6* fib) noexcept;
  [[nodiscard]] static int add(rte_fib6* fib, const Prefix& prefix, std::uint64_t next_hop);
  static void look_up(rte_fib6* fib, Few::Keys& keys) noexcept;
};

template <class Fib>
class RouteTable {
 public:
  using Keys = typename Fib::Few::Keys;

  [[nodiscard]] Expected<void> create(std::size_t routes);
  // A later route for the same prefix replaces the earlier one.
  [[nodiscard]] Expected<void> add(const Prefix& prefix, std::uint16_t next_hop);
  // Sets keys.found, 0 where no route is.
  void look_up(Keys& keys) const noexcept {
    if (many_ == nullptr) [[likely]]
      few_.look_up(keys);
    else
      Fib::look_up(many_.get(), keys);
  }

 private:
  struct Free {
    void operator()(typename Fib::Handle* fib) const noexcept { Fib::free(fib); }
  };
  typename Fib::Few few_;
  std::unique_ptr<typename Fib::Handle, Free> many_;  // null: few_ holds them all
};

extern template class RouteTable<Ipv4Fib>;
extern template class RouteTable<Ipv6Fib>;

}  // namespace sallyport
