#include "sad/sad.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <numeric>
#include <unordered_map>
#include <vector>

#include "sad/compile_sa.h"
#include "sad/dscp_maps.h"
#include "sad/pmr_array.h"
#include "sad/replay_window.h"

namespace sallyport {
namespace {

// What an SA occupies besides its entry; freed when no worker can reach it any more.
struct Holding {
  Direction direction{};
  SaSlot slot{kNoSa};  // first edition
  KeySlot key{kNoKey};
  std::optional<std::uint16_t> dscp_map;
  std::span<CompiledSelector> selectors;  // where they do not fit nearby
  std::span<std::uint64_t> bitmap;        // likewise
};

struct Move {
  Endpoints to;
  Sad::Publish publish;
};

struct Live {
  Sa sa;
  SaSlot slot;  // the published edition
  Holding holding;
  bool moving{};             // the other edition may still be read
  std::optional<Move> next;  // waits for that
};

// The slots of one direction.
struct Side {
  std::vector<std::uint32_t> free;  // the next one at the end
  std::vector<Live*> live;          // by first edition
  std::uint32_t turn{};             // SAs added so far: whose turn it is to own one
  std::size_t size{};
};

constexpr std::uint16_t kUsualMtu = 1500;

bool holds(const std::vector<AddressRange>& ranges, const Address& address) noexcept {
  return ranges.empty() || std::ranges::any_of(ranges, [&](const AddressRange& range) {
           return range.contains(address);
         });
}

bool sends(const Sa& sa, const Sad::OuterFields& outer) noexcept {
  if (sa.protocol != outer.protocol || sa.encapsulation != outer.udp) return false;
  const auto& [local, remote] = sa.endpoints;
  if (!remote.is_unspecified()) return local == outer.source && remote == outer.destination;
  return std::ranges::any_of(sa.selectors, [&](const Selector& selector) {
    return holds(selector.local, outer.source) && holds(selector.remote, outer.destination);
  });
}

constexpr std::size_t index(Direction direction) { return static_cast<std::size_t>(direction); }

}  // namespace

struct Sad::State : std::enable_shared_from_this<State> {
  explicit State(Parts given)
      : parts(std::move(given)), dscp_maps(parts.table), path_mtus(parts.table) {
    const SaTable::Capacity capacity = parts.table.capacity();
    for (const auto& [direction, count] : {std::pair{Direction::Outbound, capacity.outbound},
                                           std::pair{Direction::Inbound, capacity.inbound}}) {
      Side& side = sides[index(direction)];
      side.live.resize(count);
      side.free.resize(count);
      std::iota(side.free.rbegin(), side.free.rend(), 0u);
    }
  }

  Expected<void> take_room(const Sa& sa, Holding& holding);
  void give_back(const Holding& holding) noexcept;
  Expected<void> place(const Sa& sa, Holding& holding);
  Expected<void> place_inbound(const Sa& sa, Holding& holding, const CompileContext& context);
  WorkerId owner_of(const Sa& sa) const;
  void retire(const Holding& holding);
  void apply(Live& live, const Move& move);
  void finish_move(const std::string& name, std::uint32_t slot);
  SaSlot fill_other_edition(const Live& live);
  std::uint16_t link_mtu(const Sa& sa) const;
  void forget_sender(const Live& live) noexcept;

  Parts parts;
  DscpMaps dscp_maps;
  PathMtus path_mtus;
  std::map<std::string, Live, std::less<>> by_name;
  std::array<Side, 2> sides;
  std::unordered_multimap<std::uint32_t, const Live*> senders;  // outbound, by SPI
  std::unordered_map<std::uint64_t, Holding> retiring;
  std::uint64_t next_retirement{};
};

// Slot, keys, DSCP map and arrays; on failure `holding` says what was taken so far.
Expected<void> Sad::State::take_room(const Sa& sa, Holding& holding) {
  Side& side = sides[index(sa.direction)];
  if (side.free.empty())
    return fail(Error::Code::Exhausted,
                fmt::format("there is room for {} {} SAs and no more", side.live.size(),
                            to_string(sa.direction)),
                "raise the limit of SAs in [limits]");
  holding.direction = sa.direction;
  holding.slot = SaSlot{side.free.back()};
  side.free.pop_back();
  const auto key = parts.keys.install(
      {sa.transform, sa.cipher_key.view(), sa.salt.view(), sa.integrity_key.view()});
  if (!key) return std::unexpected(key.error());
  holding.key = *key;
  if (sa.direction == Direction::Inbound) return {};
  const auto map = dscp_maps.acquire(sa.header.dscp);
  if (!map) return std::unexpected(map.error());
  holding.dscp_map = *map;
  return {};
}

void Sad::State::give_back(const Holding& holding) noexcept {
  if (holding.key != kNoKey) parts.keys.retire(holding.key);
  if (holding.dscp_map) dscp_maps.release(*holding.dscp_map);
  free_array(parts.table.memory(), holding.selectors);
  free_array(parts.table.memory(), holding.bitmap);
  if (holding.slot != kNoSa) sides[index(holding.direction)].free.push_back(holding.slot.value);
}

// Owners are given out in turn.
WorkerId Sad::State::owner_of(const Sa& sa) const {
  if (sa.spread && parts.workers > 1) return kEveryWorker;
  const std::uint32_t turn = sides[index(sa.direction)].turn;
  return WorkerId{static_cast<std::uint16_t>(turn % std::max<unsigned>(1, parts.workers))};
}

// Everything up to where workers can find the SA; on failure `holding` says what was taken.
Expected<void> Sad::State::place(const Sa& sa, Holding& holding) {
  if (auto taken = take_room(sa, holding); !taken) return taken;
  const CompileContext context{.key = holding.key,
                               .owner = owner_of(sa),
                               .dscp_map = holding.dscp_map.value_or(0),
                               .iv_mask = parts.random.u64()};
  if (sa.direction == Direction::Inbound) return place_inbound(sa, holding, context);
  parts.table.writable_outbound(holding.slot) = compile_outbound(sa, context);
  parts.table.outbound_state(holding.slot) = initial_outbound_state(sa);
  path_mtus.start(holding.slot, link_mtu(sa));
  return {};
}

Expected<void> Sad::State::place_inbound(const Sa& sa, Holding& holding,
                                         const CompileContext& context) {
  SaTable& table = parts.table;
  const std::vector<CompiledSelector> rows = compile_selectors(sa.selectors);
  const std::size_t words = replay_words(sa.replay_window);
  std::span<CompiledSelector> selectors = table.nearby_selectors(holding.slot);
  std::span<std::uint64_t> bitmap = table.nearby_bitmap(holding.slot);
  try {
    if (rows.size() > selectors.size())
      selectors = holding.selectors = make_array<CompiledSelector>(table.memory(), rows.size());
    if (words > bitmap.size())
      bitmap = holding.bitmap = make_array<std::uint64_t>(table.memory(), words);
  } catch (const std::bad_alloc&) {
    return fail(Error::Code::Exhausted, "no memory is left for selectors and replay windows",
                "raise the limit of SAs in [limits], or use smaller windows");
  }
  std::ranges::copy(rows, selectors.begin());
  InboundSa& compiled = table.writable_inbound(holding.slot);
  compiled = compile_inbound(sa, context);
  compiled.selectors = selectors.data();
  compiled.selector_count = static_cast<std::uint32_t>(rows.size());
  InboundState& state = table.inbound_state(holding.slot);
  state = initial_inbound_state(sa);
  state.bitmap = bitmap.data();
  replay_reset(compiled, state);
  return table.writable_index().add(holding.slot);
}

void Sad::State::retire(const Holding& holding) {
  const std::uint64_t id = next_retirement++;
  retiring.emplace(id, holding);
  parts.retirement.when_unread([watched = weak_from_this(), id] {
    const auto state = watched.lock();
    if (!state) return;
    state->give_back(state->retiring.at(id));
    state->retiring.erase(id);
  });
}

SaSlot Sad::State::fill_other_edition(const Live& live) {
  SaTable& table = parts.table;
  const SaSlot other = table.other_edition(live.sa.direction, live.slot);
  if (live.sa.direction == Direction::Outbound) {
    const OutboundSa& old = table.outbound(live.slot);
    table.writable_outbound(other) =
        compile_outbound(live.sa, {old.key, old.owner, old.dscp_map, old.iv_mask});
    path_mtus.start(other, link_mtu(live.sa));
    table.writable_outbound(other).expires = table.outbound_expiry(live.slot);
    return other;
  }
  const InboundSa& old = table.inbound(live.slot);
  InboundSa& compiled = table.writable_inbound(other);
  compiled = compile_inbound(live.sa, {.key = old.key, .owner = old.owner});
  compiled.selectors = old.selectors;
  compiled.selector_count = old.selector_count;
  compiled.expires = table.inbound_expiry(live.slot);
  return other;
}

std::uint16_t Sad::State::link_mtu(const Sa& sa) const {
  return parts.link_mtu ? parts.link_mtu(sa.endpoints.remote) : kUsualMtu;
}

void Sad::State::forget_sender(const Live& live) noexcept {
  path_mtus.forget(live.slot);
  const auto [first, last] = senders.equal_range(live.sa.spi.value);
  senders.erase(
      std::find_if(first, last, [&](const auto& entry) { return entry.second == &live; }));
}

void Sad::State::apply(Live& live, const Move& move) {
  live.sa.endpoints = move.to;
  const SaSlot from = live.slot;
  live.slot = fill_other_edition(live);
  live.moving = true;
  if (live.sa.direction == Direction::Inbound)
    parts.table.writable_index().replace(from, live.slot);
  else if (move.publish)
    move.publish(live.slot);
  parts.retirement.when_unread(
      [watched = weak_from_this(), name = live.sa.name, slot = live.holding.slot.value] {
        if (const auto state = watched.lock()) state->finish_move(name, slot);
      });
}

void Sad::State::finish_move(const std::string& name, std::uint32_t slot) {
  const auto found = by_name.find(name);
  // Removed meanwhile; its slot is not free again before this has run, so that no other SA is
  // meant.
  if (found == by_name.end() || found->second.holding.slot.value != slot) return;
  Live& live = found->second;
  live.moving = false;
  if (!live.next) return;
  const Move next = std::move(*live.next);
  live.next.reset();
  apply(live, next);
}

Sad::Sad(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

Sad::~Sad() {
  for (const auto& [name, live] : state_->by_name) state_->give_back(live.holding);
  for (const auto& [id, holding] : state_->retiring) state_->give_back(holding);
}

Expected<SaSlot> Sad::add(Sa sa) {
  if (auto valid = validate(sa); !valid) return std::unexpected(valid.error());
  const std::string where = "SA " + sa.name;
  if (state_->by_name.contains(sa.name))
    return fail(Error::Code::Exists, "another SA has this name", "choose another name", where);
  Holding holding;
  if (auto placed = state_->place(sa, holding); !placed) {
    state_->give_back(holding);
    if (placed.error().where.empty()) placed.error().where = where;
    return std::unexpected(placed.error());
  }
  Side& side = state_->sides[index(sa.direction)];
  ++side.turn;
  ++side.size;
  const SaSlot slot = holding.slot;
  std::string name = sa.name;
  const auto [entry, added] = state_->by_name.emplace(
      std::move(name), Live{.sa = std::move(sa), .slot = slot, .holding = holding, .next = {}});
  side.live[slot.value] = &entry->second;
  const Sa& added_sa = entry->second.sa;
  if (added_sa.direction == Direction::Outbound)
    state_->senders.emplace(added_sa.spi.value, &entry->second);
  return slot;
}

Expected<void> Sad::remove(std::string_view name) {
  const auto found = state_->by_name.find(name);
  if (found == state_->by_name.end())
    return fail(Error::Code::NotFound, fmt::format("there is no SA named {}", name),
                "see `sallyportctl show sas`");
  const Live& live = found->second;
  Side& side = state_->sides[index(live.sa.direction)];
  if (live.sa.direction == Direction::Inbound)
    state_->parts.table.writable_index().remove(live.slot);
  else
    state_->forget_sender(live);
  side.live[live.holding.slot.value] = nullptr;
  --side.size;
  const Holding holding = live.holding;
  state_->by_name.erase(found);
  state_->retire(holding);
  return {};
}

Expected<void> Sad::move_endpoints(std::string_view name, const Endpoints& to, Publish publish) {
  const auto found = state_->by_name.find(name);
  if (found == state_->by_name.end())
    return fail(Error::Code::NotFound, fmt::format("there is no SA named {}", name),
                "see `sallyportctl show sas`");
  Live& live = found->second;
  if (live.sa.direction == Direction::Inbound && live.sa.lookup != SaLookup::Spi)
    return fail(Error::Code::Refused, "an SA that is looked up by its addresses cannot move",
                "remove it and add it anew", "SA " + live.sa.name);
  // Receivers find the SA by its source (RFC 4301 5.1.2.1 note 3; MCAST-02).
  if (live.sa.direction == Direction::Outbound && live.sa.endpoints.remote.is_multicast() &&
      to != live.sa.endpoints)
    return fail(Error::Code::Refused, "an SA to a group keeps its outer addresses",
                "negotiate a new one", "SA " + live.sa.name);
  const Endpoints before = std::exchange(live.sa.endpoints, to);
  auto valid = validate(live.sa);
  live.sa.endpoints = before;
  if (!valid) return valid;
  if (live.moving)
    live.next = Move{to, std::move(publish)};
  else
    state_->apply(live, {to, std::move(publish)});
  return {};
}

std::optional<Sad::Entry> Sad::find(std::string_view name) const noexcept {
  const auto found = state_->by_name.find(name);
  if (found == state_->by_name.end()) return std::nullopt;
  return Entry{&found->second.sa, found->second.slot};
}

std::optional<Sad::Entry> Sad::find(Direction direction, SaSlot slot) const noexcept {
  const std::vector<Live*>& live = state_->sides[index(direction)].live;
  if (slot.value >= 2 * live.size()) return std::nullopt;
  const Live* const found = live[slot.value % live.size()];
  if (found == nullptr) return std::nullopt;
  return Entry{&found->sa, found->slot};
}

std::optional<Sad::Entry> Sad::find_sender(const OuterFields& outer) const noexcept {
  const auto [first, last] = state_->senders.equal_range(outer.spi.value);
  const auto found =
      std::find_if(first, last, [&](const auto& entry) { return sends(entry.second->sa, outer); });
  if (found == last) return std::nullopt;
  return Entry{&found->second->sa, found->second->slot};
}

void Sad::for_each(const std::function<void(const Entry&)>& visit) const {
  for (const auto& [name, live] : state_->by_name) visit({&live.sa, live.slot});
}

std::size_t Sad::size(Direction direction) const noexcept {
  return state_->sides[index(direction)].size;
}

Spi Sad::allocate_spi() noexcept {
  for (;;) {
    const Spi spi{state_->parts.random.u32()};
    if (spi >= kFirstUsableSpi && !state_->parts.table.index().contains(spi)) return spi;
  }
}

PathMtus& Sad::path_mtus() noexcept { return state_->path_mtus; }
const PathMtus& Sad::path_mtus() const noexcept { return state_->path_mtus; }

void Sad::renew_link_mtus() {
  for (const auto& [name, live] : state_->by_name)
    if (live.sa.direction == Direction::Outbound)
      state_->path_mtus.set_link_mtu(live.slot, state_->link_mtu(live.sa));
}

SaTable& Sad::table() noexcept { return state_->parts.table; }

}  // namespace sallyport
