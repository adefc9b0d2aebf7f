// Sequence numbers of bindings that are no more, as long as tokens may be good that made them: no
// update up to them makes a binding again (RFC 6275 5.2.8; RR-11). Control thread.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "net/address.h"

namespace sallyport::mip6 {

class RetiredSequences {
 public:
  using Key = std::pair<Address, Address>;  // home address, ours

  // At most `most` of them, each for `lifetime`.
  RetiredSequences(std::size_t most, Duration lifetime) noexcept
      : most_(most), lifetime_(lifetime) {}

  // In place of the one before; false where there is no room. What is over makes room.
  [[nodiscard]] bool put(const Key& key, std::uint16_t sequence, Instant now);
  [[nodiscard]] std::optional<std::uint16_t> find(const Key& key, Instant now) const;
  void erase(const Key& key);
  void clear();

 private:
  using Order = std::list<Key>;
  struct Entry {
    std::uint16_t sequence{};
    Instant until;
    Order::iterator place;
  };

  std::size_t most_;
  Duration lifetime_;
  std::map<Key, Entry> entries_;
  Order order_;  // the one that ends first, first: all live as long
};

}  // namespace sallyport::mip6
