// The security association database: adds, removes and finds SAs by name; compiles them into the
// slot table and publishes them to workers (RFC 4301 4.4.2).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sad/key_store.h"
#include "sad/path_mtus.h"
#include "sad/retirement.h"
#include "sad/sa.h"
#include "sad/sa_room.h"
#include "sad/sa_table.h"

namespace sallyport {

// Control thread only. Key management and configuration feed it alike (ARCH-14).
class Sad {
 public:
  struct Parts {
    SaTable& table;
    KeyStore& keys;
    Retirement& retirement;
    Random& random;
    std::uint16_t workers{1};  // owners are given out in turn
    // MTU of the link by which packets for an outer address leave.
    std::function<std::uint16_t(const Address& remote)> link_mtu{};  // absent: 1500
    // SAs in each direction; the table may hold more, for what is being replaced. 0: as many.
    std::size_t limit{};
  };
  explicit Sad(Parts parts);
  // No worker reads the table any more.
  ~Sad();
  Sad(const Sad&) = delete;
  Sad& operator=(const Sad&) = delete;

  // SAs with slots, keys and all, which nobody can find yet.
  class Prepared;
  using Names = std::set<std::string, std::less<>>;
  // Validates, installs the keys, fills slots. Refuses a taken name, a taken inbound look-up key
  // (by each other or by a live SA that is not among `gone`), more SAs than there may be; a refusal
  // leaves nothing behind.
  [[nodiscard]] Expected<Prepared> prepare(std::vector<Sa> sas, const Names& gone = {});
  // Makes them live, in their order; what was `gone` has been removed since.
  std::vector<SaSlot> publish(Prepared prepared);
  // Both at once.
  [[nodiscard]] Expected<SaSlot> add(Sa sa);
  // Unpublishes at once; the slot and the keys are freed when unread (DP-04, SAD-12). The handles
  // that lead to an outbound SA have been emptied before.
  [[nodiscard]] Expected<void> remove(std::string_view name);

  // Leads whatever led to an outbound SA to this slot instead (SaHandles::assign).
  using Publish = std::function<void(SaSlot)>;
  // Changes the outer addresses of a live SA; SPI, keys, numbers, counters and window stay as they
  // are (SAD-11). Calls `publish` (outbound only) when the change takes effect: at once, or where
  // the move before is still being read, when it no longer is; a later move supersedes one that
  // waits. Refuses addresses that no such SA may have, an inbound SA that is looked up by them, and
  // an outbound one to a group.
  [[nodiscard]] Expected<void> move_endpoints(std::string_view name, const Endpoints& to,
                                              Publish publish);
  // The same, and whether UDP stands between, with which ports (RFC 7296 2.23, RFC 4555 3.5).
  struct OuterPath {
    Endpoints endpoints;
    std::optional<UdpEncapsulation> encapsulation;
  };
  [[nodiscard]] Expected<void> move(std::string_view name, const OuterPath& to, Publish publish);

  struct Entry {
    const Sa* sa{};
    SaSlot slot{};
  };
  [[nodiscard]] std::optional<Entry> find(std::string_view name) const noexcept;
  // By a slot as workers know it, either edition.
  [[nodiscard]] std::optional<Entry> find(Direction direction, SaSlot slot) const noexcept;
  // The outbound SA that sends packets with these outer fields: what an ICMP error about one of
  // them says of it (RFC 4301 8.2.1). In transport mode its selectors stand in for endpoints.
  struct OuterFields {
    Spi spi{};
    IpsecProtocol protocol{};
    Address source;
    Address destination;
    std::optional<UdpEncapsulation> udp{};
  };
  [[nodiscard]] std::optional<Entry> find_sender(const OuterFields& outer) const noexcept;
  // In name order.
  void for_each(const std::function<void(const Entry&)>& visit) const;
  [[nodiscard]] std::size_t size(Direction direction) const noexcept;
  // An SPI > 255 that no inbound SA of ours uses (SAD-03).
  [[nodiscard]] Spi allocate_spi() noexcept;
  [[nodiscard]] SaTable& table() noexcept;
  [[nodiscard]] PathMtus& path_mtus() noexcept;
  [[nodiscard]] const PathMtus& path_mtus() const noexcept;
  // After routes have changed: asks for the first link of every outbound SA anew.
  void renew_link_mtus();

 private:
  struct State;
  std::shared_ptr<State> state_;  // also watched by what waits for retirement
};

// Dropped unpublished, it gives everything back.
class Sad::Prepared {
 public:
  Prepared(Prepared&&) noexcept = default;
  Prepared& operator=(Prepared&&) = delete;
  ~Prepared();

  // Until they are published their `last_sequence` may still be raised.
  [[nodiscard]] std::vector<Sa>& sas() noexcept { return sas_; }

 private:
  friend class Sad;
  explicit Prepared(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
  std::vector<Sa> sas_;
  std::vector<SaHolding> holdings_;  // of each
};

}  // namespace sallyport
