#include "pad/pad.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace sallyport {
namespace {

std::string place(const Peer& peer) { return fmt::format("peer {}", peer.name); }

// The part of `asked` that is in `allowed`; nullopt where none is.
std::optional<AddressRange> common_part(const AddressRange& asked, const AddressRange& allowed) {
  if (asked.first.family != asked.last.family || asked.first.family != allowed.first.family)
    return std::nullopt;
  const AddressRange common{std::max(asked.first, allowed.first),
                            std::min(asked.last, allowed.last)};
  return common.first <= common.last ? std::optional(common) : std::nullopt;
}

// Of one family. Sorted; what overlaps or adjoins becomes one.
std::vector<AddressRange> merged(std::vector<AddressRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<AddressRange> result;
  for (const AddressRange& range : ranges) {
    const auto beyond = result.empty() ? std::nullopt : next(result.back().last);
    const bool joins = !result.empty() && (!beyond || range.first <= *beyond);
    if (joins)
      result.back().last = std::max(result.back().last, range.last);
    else
      result.push_back(range);
  }
  return result;
}

}  // namespace

Expected<Pad> Pad::of(std::vector<Peer> peers) {
  Pad pad;
  std::unordered_set<std::string> names;
  bool open = false;  // behind an entry that lets in whom it does not know
  for (Peer& peer : peers) {
    if (Expected<void> good = validate(peer); !good) {
      Error error = std::move(good.error());
      error.where = place(peer);
      return std::unexpected(std::move(error));
    }
    if (!names.insert(peer.name).second)
      return fail(Error::Code::Exists, "two entries have the same name", "a name of its own",
                  place(peer));
    if (open && !proves_nothing(peer))
      return fail(Error::Code::Invalid, "the entry stands behind one of NULL authentication",
                  "entries that authenticate nobody are the last (AUTH-05)", place(peer));
    open = open || proves_nothing(peer);
    pad.entries_.push_back(std::make_shared<const Peer>(std::move(peer)));
  }
  return pad;
}

Pad::Entry Pad::find(const Identity& asserted) const {
  const ComparableIdentity identity(asserted);
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return std::ranges::any_of(entry->identities, [&](const IdentityPattern& pattern) {
      return pattern.matches(identity);
    });
  });
  return found == entries_.end() ? nullptr : *found;
}

Pad::Entry Pad::by_name(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(
      entries_, [name](const Entry& entry) { return std::string_view(entry->name) == name; });
  return found == entries_.end() ? nullptr : *found;
}

Pad::Entry Pad::at(const Address& remote) const noexcept {
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry->locator.remote == remote; });
  return found == entries_.end() ? nullptr : *found;
}

std::vector<Pad::Entry> Pad::candidates(const Address& remote) const {
  std::vector<Entry> found;
  std::ranges::copy_if(entries_, std::back_inserter(found), [&](const Entry& entry) {
    return !entry->locator.remote || entry->locator.remote == remote;
  });
  return found;
}

std::vector<AddressRange> allowed_claims(const Peer& peer, std::span<const AddressRange> asked,
                                         std::span<const Address> assigned) {
  std::vector<AddressRange> allowed = peer.may_claim;
  for (const Address& address : assigned) allowed.push_back({address, address});
  std::vector<AddressRange> claims;
  for (const AddressRange& range : asked) {
    std::vector<AddressRange> parts;
    for (const AddressRange& one : allowed)
      if (const auto part = common_part(range, one)) parts.push_back(*part);
    for (const AddressRange& part : merged(std::move(parts)))
      if (std::ranges::find(claims, part) == claims.end()) claims.push_back(part);
  }
  return claims;
}

}  // namespace sallyport
