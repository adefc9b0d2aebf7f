// Where packets go next: one immutable snapshot of connected, static and local routes, longest
// prefix first, read by workers.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "dataplane/burst.h"
#include "dataplane/next_hop.h"
#include "dataplane/route_table.h"

namespace sallyport {

class Routes {
 public:
  // Later routes for the same prefix replace earlier ones. At most 32 767 distinct next hops.
  [[nodiscard]] static Expected<std::unique_ptr<const Routes>> build(std::span<const Route> routes);
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  // Fills next_hop of every packet by its destination. Worker.
  void look_up(const Burst& burst) const noexcept;
  [[nodiscard]] const NextHop& look_up(const Address& destination) const noexcept;

 private:
  Routes() = default;
  [[nodiscard]] Expected<void> add(const Route& route);
  [[nodiscard]] Expected<std::uint16_t> index_of(const NextHop& next_hop);

  RouteTable<Ipv4Fib> v4_;
  RouteTable<Ipv6Fib> v6_;
  std::vector<NextHop> next_hops_;  // the first one is of kind None
};

}  // namespace sallyport
