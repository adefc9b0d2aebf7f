// The security association database: adds, removes and finds SAs by name; compiles them into the
// slot table and publishes them to workers (RFC 4301 4.4.2).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "sad/key_store.h"
#include "sad/retirement.h"
#include "sad/sa.h"
#include "sad/sa_table.h"

namespace sallyport {

// Control thread only.
class Sad {
 public:
  struct Parts {
    SaTable& table;
    KeyStore& keys;
    Retirement& retirement;
    Random& random;
    std::uint16_t workers{1};  // owners are given out in turn
  };
  explicit Sad(Parts parts);
  ~Sad();
  Sad(const Sad&) = delete;
  Sad& operator=(const Sad&) = delete;

  // Validates, installs the keys, fills a slot, publishes it. Refuses a taken name, a taken inbound
  // look-up key, a full table; a refusal leaves nothing behind.
  [[nodiscard]] Expected<SaSlot> add(Sa sa);
  // Unpublishes at once; the slot and the keys are freed when unread (DP-04, SAD-12).
  [[nodiscard]] Expected<void> remove(std::string_view name);

  struct Entry {
    const Sa* sa{};
    SaSlot slot{};
  };
  [[nodiscard]] std::optional<Entry> find(std::string_view name) const noexcept;
  // In name order.
  void for_each(const std::function<void(const Entry&)>& visit) const;
  [[nodiscard]] std::size_t size(Direction direction) const noexcept;
  // An SPI > 255 that no inbound SA of ours uses (SAD-03).
  [[nodiscard]] Spi allocate_spi() noexcept;
  [[nodiscard]] SaTable& table() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sallyport
