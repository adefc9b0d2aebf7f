#include "dataplane/fragment_flows.h"

namespace sallyport {
namespace {

std::optional<DropReason> fault_of(const Packet& packet, Fragment& fragment) noexcept {
  switch (read_fragment(packet.bytes(), packet.summary, fragment)) {
    case FragmentVerdict::Good:
      return std::nullopt;
    case FragmentVerdict::Tiny:
      return DropReason::FragmentTiny;
    case FragmentVerdict::TooLong:
      return DropReason::FragmentTooLong;
  }
  return std::nullopt;
}

bool is_over(std::uint64_t until, std::uint64_t now) noexcept {
  return static_cast<std::int64_t>(now - until) >= 0;
}

}  // namespace

FragmentFlows::Answer FragmentFlows::note(Table::Entry& entry, const Fragment& fragment) noexcept {
  Flow& flow = entry.value;
  const auto size = static_cast<std::uint32_t>(fragment.data.size());
  const PieceVerdict verdict = flow.pieces.add({fragment.offset, size, fragment.more});
  // Copies of a fragment pass: the receiver sees whether their octets agree.
  flow.overlapped |= verdict == PieceVerdict::Overlap;
  if (flow.overlapped) return {.reason = DropReason::FragmentOverlap};
  if (verdict == PieceVerdict::TooMany) return {.reason = DropReason::FragmentTooMany};
  const Answer answer{.first = flow.first};
  // Whole: its id may come again, for another datagram.
  if (flow.pieces.complete()) table_.erase(entry);
  return answer;
}

// Runs out of time before it runs out of room, unless there is a flood: then the oldest goes.
void FragmentFlows::make_place(std::uint64_t now) noexcept {
  while (Table::Entry* const oldest = table_.oldest()) {
    if (!table_.full() && !is_over(oldest->until, now)) return;
    table_.erase(*oldest);
  }
}

FragmentFlows::Answer FragmentFlows::remember(const Packet& packet, const FragmentScope& scope,
                                              const FirstFragment& verdict,
                                              std::uint64_t now) noexcept {
  Fragment fragment;
  if (const auto fault = fault_of(packet, fragment)) return {.reason = fault};
  fragment.key.context = scope.context();
  Table::Entry* entry = table_.find(fragment.key);
  if (entry != nullptr && !is_over(entry->until, now)) {
    entry->value.first = verdict;
    return note(*entry, fragment);
  }
  if (entry != nullptr) table_.erase(*entry);
  make_place(now);
  entry = &table_.insert(fragment.key, now + life_ticks_);
  entry->value = {.first = verdict, .pieces = {}, .overlapped = false};
  return note(*entry, fragment);
}

FragmentFlows::Answer FragmentFlows::follow(const Packet& packet, const FragmentScope& scope,
                                            std::uint64_t now) noexcept {
  Fragment fragment;
  const auto fault = fault_of(packet, fragment);
  fragment.key.context = scope.context();
  Table::Entry* const entry = table_.find(fragment.key);
  if (entry == nullptr || is_over(entry->until, now)) return {};
  if (fault) return {.reason = fault};
  return note(*entry, fragment);
}

void FragmentFlows::forget(const Packet& packet, const FragmentScope& scope) noexcept {
  Fragment fragment;
  static_cast<void>(fault_of(packet, fragment));  // its key is whole, whatever else is wrong
  fragment.key.context = scope.context();
  if (Table::Entry* const entry = table_.find(fragment.key)) table_.erase(*entry);
}

std::optional<DropReason> opaque_fault(const Packet& packet, FragmentChecks checks) noexcept {
  // A first fragment that hides its ports.
  if (!packet.summary.later_fragment) return DropReason::FragmentTiny;
  if (packet.summary.family == Family::V6 && checks != FragmentChecks::OpaqueIpv6)
    return DropReason::FamilyNotAllowed;
  Fragment fragment;
  return fault_of(packet, fragment);
}

}  // namespace sallyport
