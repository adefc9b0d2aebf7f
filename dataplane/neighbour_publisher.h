// Where the control plane puts the link addresses that workers may use.
#pragma once

#include "base/error.h"
#include "base/types.h"
#include "net/address.h"

namespace sallyport {

// Key of the workers' table, also of the control plane's own records.
struct NeighbourKey {
  std::array<std::uint8_t, 16> address{};
  PortId port{kNoPort};
  Family family{Family::V4};
  std::uint8_t unused{};

  [[nodiscard]] static NeighbourKey of(PortId port, const Address& address) noexcept {
    return {address.bytes, port, address.family, 0};
  }
  [[nodiscard]] Address as_address() const noexcept { return {address, family}; }
  friend auto operator<=>(const NeighbourKey&, const NeighbourKey&) = default;
};
static_assert(sizeof(NeighbourKey) == 20);

// Control thread.
class NeighbourPublisher {
 public:
  virtual ~NeighbourPublisher() = default;
  // Adds or replaces.
  [[nodiscard]] virtual Expected<void> set(const NeighbourKey& key, const MacAddress& mac) = 0;
  virtual void remove(const NeighbourKey& key) noexcept = 0;
};

}  // namespace sallyport
