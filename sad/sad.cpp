#include "sad/sad.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <vector>

#include "sad/compile_sa.h"
#include "sad/replay_window.h"

namespace sallyport {
namespace {

struct Move {
  Sad::OuterPath to;
  Sad::Publish publish;
};

struct Live {
  Sa sa;
  SaSlot slot;  // the published edition
  SaHolding holding;
  bool moving{};               // the other edition may still be read
  std::unique_ptr<Move> next;  // waits for that
};

// The SAs of one direction.
struct Side {
  std::vector<Live*> live;  // by first edition
  std::uint32_t turn{};     // owners given out so far
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
      : parts(std::move(given)), room(parts.table, parts.keys), path_mtus(parts.table) {
    const SaTable::Capacity capacity = parts.table.capacity();
    sides[index(Direction::Outbound)].live.resize(capacity.outbound);
    sides[index(Direction::Inbound)].live.resize(capacity.inbound);
  }

  Expected<void> check_names_and_keys(const std::vector<Sa>& fresh, const Names& gone) const;
  Expected<void> check_limit(const std::vector<Sa>& fresh, const Names& gone,
                             Direction direction) const;
  WorkerId next_owner(const Sa& sa);
  void fill(const Sa& sa, const SaHolding& holding);
  void fill_inbound(const Sa& sa, const SaHolding& holding, const CompileContext& context);
  void start_inbound(const Sa& sa, const SaHolding& holding);
  SaSlot publish(Sa sa, const SaHolding& holding);
  void retire(const SaHolding& holding);
  void apply(Live& live, const Move& move);
  void finish_move(const std::string& name, std::uint32_t slot);
  SaSlot fill_other_edition(const Live& live);
  std::uint16_t link_mtu(const Sa& sa) const;
  void forget_sender(const Live& live) noexcept;

  Parts parts;
  SaRoom room;
  PathMtus path_mtus;
  std::map<std::string, Live, std::less<>> by_name;
  std::map<LookupKey, std::string> by_lookup;  // names of inbound SAs
  std::array<Side, 2> sides;
  std::unordered_multimap<std::uint32_t, const Live*> senders;  // outbound, by SPI
  std::unordered_map<std::uint64_t, SaHolding> retiring;
  std::uint64_t next_retirement{};
};

Expected<void> Sad::State::check_names_and_keys(const std::vector<Sa>& fresh,
                                                const Names& gone) const {
  std::set<std::string_view> names;
  std::set<LookupKey> lookups;
  for (const Sa& sa : fresh) {
    const std::string where = "SA " + sa.name;
    if (auto valid = validate(sa); !valid) {
      if (valid.error().where.empty()) valid.error().where = where;
      return valid;
    }
    if (!names.insert(sa.name).second || (by_name.contains(sa.name) && !gone.contains(sa.name)))
      return fail(Error::Code::Exists, "another SA has this name", "choose another name", where);
    if (sa.direction == Direction::Outbound) continue;
    const auto taken = by_lookup.find(lookup_key(sa));
    if (!lookups.insert(lookup_key(sa)).second ||
        (taken != by_lookup.end() && !gone.contains(taken->second)))
      return fail(
          Error::Code::Exists,
          fmt::format("another inbound SA is already looked up by SPI {:#010x}{}", sa.spi.value,
                      sa.lookup == SaLookup::Spi ? "" : " and the same addresses"),
          "choose another SPI, or a look-up by addresses that differ", where);
  }
  return {};
}

Expected<void> Sad::State::check_limit(const std::vector<Sa>& fresh, const Names& gone,
                                       Direction direction) const {
  const Side& side = sides[index(direction)];
  const std::size_t most = parts.limit == 0 ? side.live.size() : parts.limit;
  const auto added = std::ranges::count(fresh, direction, &Sa::direction);
  const auto removed = std::ranges::count_if(gone, [&](const std::string& name) {
    const auto found = by_name.find(name);
    return found != by_name.end() && found->second.sa.direction == direction;
  });
  if (side.size + static_cast<std::size_t>(added) - static_cast<std::size_t>(removed) <= most)
    return {};
  return fail(Error::Code::Exhausted,
              fmt::format("there is room for {} {} SAs and no more", most, to_string(direction)),
              "raise the limit of SAs in [limits]", "SA " + fresh.back().name);
}

// In turn.
WorkerId Sad::State::next_owner(const Sa& sa) {
  const std::uint32_t turn = sides[index(sa.direction)].turn++;
  if (sa.spread && parts.workers > 1) return kEveryWorker;
  return WorkerId{static_cast<std::uint16_t>(turn % std::max<unsigned>(1, parts.workers))};
}

void Sad::State::fill(const Sa& sa, const SaHolding& holding) {
  const CompileContext context{
      .key = holding.key, .owner = next_owner(sa), .dscp_map = holding.dscp_map.value_or(0)};
  if (sa.direction == Direction::Inbound) return fill_inbound(sa, holding, context);
  parts.table.writable_outbound(holding.slot) = compile_outbound(sa, context);
}

void Sad::State::fill_inbound(const Sa& sa, const SaHolding& holding,
                              const CompileContext& context) {
  const std::vector<CompiledSelector> rows = compile_selectors(sa.selectors);
  const std::span<CompiledSelector> selectors =
      holding.selectors.empty() ? parts.table.nearby_selectors(holding.slot) : holding.selectors;
  std::ranges::copy(rows, selectors.begin());
  InboundSa& compiled = parts.table.writable_inbound(holding.slot);
  compiled = compile_inbound(sa, context);
  compiled.selectors = selectors.data();
  compiled.selector_count = static_cast<std::uint32_t>(rows.size());
}

void Sad::State::start_inbound(const Sa& sa, const SaHolding& holding) {
  SaTable& table = parts.table;
  InboundState& state = table.inbound_state(holding.slot);
  state = initial_inbound_state(sa);
  state.bitmap =
      holding.bitmap.empty() ? table.nearby_bitmap(holding.slot).data() : holding.bitmap.data();
  replay_reset(table.inbound(holding.slot), state);
}

void Sad::State::retire(const SaHolding& holding) {
  const std::uint64_t id = next_retirement++;
  retiring.emplace(id, holding);
  parts.retirement.when_unread([watched = weak_from_this(), id] {
    const auto state = watched.lock();
    if (!state) return;
    state->room.give_back(state->retiring.at(id));
    state->retiring.erase(id);
  });
}

SaSlot Sad::State::fill_other_edition(const Live& live) {
  SaTable& table = parts.table;
  const SaSlot other = table.other_edition(live.sa.direction, live.slot);
  if (live.sa.direction == Direction::Outbound) {
    const OutboundSa& old = table.outbound(live.slot);
    table.writable_outbound(other) = compile_outbound(live.sa, {old.key, old.owner, old.dscp_map});
    path_mtus.start(other, link_mtu(live.sa));
    table.writable_outbound(other).live_expiry = table.outbound(live.slot).expiry();
    return other;
  }
  const InboundSa& old = table.inbound(live.slot);
  InboundSa& compiled = table.writable_inbound(other);
  compiled = compile_inbound(live.sa, {.key = old.key, .owner = old.owner});
  compiled.selectors = old.selectors;
  compiled.selector_count = old.selector_count;
  compiled.live_expiry = table.inbound(live.slot).expiry();
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
  live.sa.endpoints = move.to.endpoints;
  live.sa.encapsulation = move.to.encapsulation;
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
  for (const auto& [name, live] : state_->by_name) state_->room.give_back(live.holding);
  for (const auto& [id, holding] : state_->retiring) state_->room.give_back(holding);
}

Sad::Prepared::~Prepared() {
  for (const SaHolding& holding : holdings_) state_->room.give_back(holding);
}

Expected<Sad::Prepared> Sad::prepare(std::vector<Sa> sas, const Names& gone) {
  if (auto good = state_->check_names_and_keys(sas, gone); !good)
    return std::unexpected(std::move(good).error());
  for (const Direction direction : {Direction::Outbound, Direction::Inbound})
    if (auto good = state_->check_limit(sas, gone, direction); !good)
      return std::unexpected(std::move(good).error());
  Prepared prepared(state_);
  for (Sa& sa : sas) {
    auto holding = state_->room.take(sa);
    if (!holding) {
      if (holding.error().where.empty()) holding.error().where = "SA " + sa.name;
      return std::unexpected(std::move(holding).error());
    }
    prepared.holdings_.push_back(*holding);
    state_->fill(sa, *holding);
    prepared.sas_.push_back(std::move(sa));
  }
  return prepared;
}

std::vector<SaSlot> Sad::publish(Prepared prepared) {
  std::vector<SaSlot> slots;
  for (std::size_t i = 0; i < prepared.sas_.size(); ++i)
    slots.push_back(state_->publish(std::move(prepared.sas_[i]), prepared.holdings_[i]));
  prepared.holdings_.clear();
  return slots;
}

SaSlot Sad::State::publish(Sa sa, const SaHolding& holding) {
  const SaSlot slot = holding.slot;
  Side& side = sides[index(sa.direction)];
  ++side.size;
  std::string name = sa.name;
  const auto [entry, added] = by_name.emplace(
      std::move(name), Live{.sa = std::move(sa), .slot = slot, .holding = holding, .next = {}});
  side.live[slot.value] = &entry->second;
  const Sa& live = entry->second.sa;
  if (live.direction == Direction::Outbound) {
    parts.table.outbound_state(slot) = initial_outbound_state(live);
    path_mtus.start(slot, link_mtu(live));
    senders.emplace(live.spi.value, &entry->second);
    return slot;
  }
  start_inbound(live, holding);
  by_lookup.emplace(lookup_key(live), live.name);
  // Nobody has the look-up key, and the index has an entry for every slot.
  static_cast<void>(parts.table.writable_index().add(slot));
  return slot;
}

Expected<SaSlot> Sad::add(Sa sa) {
  std::vector<Sa> one;
  one.push_back(std::move(sa));
  auto prepared = prepare(std::move(one));
  if (!prepared) return std::unexpected(std::move(prepared).error());
  return publish(std::move(*prepared)).front();
}

Expected<void> Sad::remove(std::string_view name) {
  const auto found = state_->by_name.find(name);
  if (found == state_->by_name.end())
    return fail(Error::Code::NotFound, fmt::format("there is no SA named {}", name),
                "see `sallyportctl show sas`");
  const Live& live = found->second;
  Side& side = state_->sides[index(live.sa.direction)];
  if (live.sa.direction == Direction::Inbound) {
    state_->by_lookup.erase(lookup_key(live.sa));
    state_->parts.table.writable_index().remove(live.slot);
  } else {
    state_->forget_sender(live);
  }
  side.live[live.holding.slot.value] = nullptr;
  --side.size;
  const SaHolding holding = live.holding;
  state_->by_name.erase(found);
  state_->retire(holding);
  return {};
}

Expected<void> Sad::move_endpoints(std::string_view name, const Endpoints& to, Publish publish) {
  const auto found = state_->by_name.find(name);
  const auto encapsulation =
      found == state_->by_name.end() ? std::nullopt : found->second.sa.encapsulation;
  return move(name, {to, encapsulation}, std::move(publish));
}

Expected<void> Sad::move(std::string_view name, const OuterPath& to, Publish publish) {
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
      to.endpoints != live.sa.endpoints)
    return fail(Error::Code::Refused, "an SA to a group keeps its outer addresses",
                "negotiate a new one", "SA " + live.sa.name);
  const OuterPath before{std::exchange(live.sa.endpoints, to.endpoints),
                         std::exchange(live.sa.encapsulation, to.encapsulation)};
  auto valid = validate(live.sa);
  live.sa.endpoints = before.endpoints;
  live.sa.encapsulation = before.encapsulation;
  if (!valid) return valid;
  if (live.moving)
    live.next = std::make_unique<Move>(Move{to, std::move(publish)});
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
