#include "ike/wire/fragment_assembly.h"

namespace sallyport::ike {
namespace {

// A peer has no more messages under way than its window.
constexpr std::size_t kMostMessages = 16;

}  // namespace

std::optional<Opened> FragmentAssembly::add(MessageId message, Opened fragment) {
  if (fragment.fragments > kMostFragments) return std::nullopt;
  if (!parts_.contains(message) && parts_.size() == kMostMessages) return std::nullopt;
  Parts& parts = parts_[message];
  if (fragment.fragments < parts.total) return std::nullopt;
  if (fragment.fragments > parts.total) parts = {.total = fragment.fragments, .by_number = {}};
  if (parts.by_number.contains(fragment.fragment)) return std::nullopt;
  if (parts.bytes + fragment.plain.size() > kMostBytes) return std::nullopt;
  parts.bytes += fragment.plain.size();
  parts.by_number.emplace(fragment.fragment, std::move(fragment));
  if (parts.by_number.size() < parts.total) return std::nullopt;

  Opened whole{.first = parts.by_number.begin()->second.first};
  whole.plain.reserve(parts.bytes);
  for (const auto& [number, part] : parts.by_number)
    whole.plain.insert(whole.plain.end(), part.plain.begin(), part.plain.end());
  parts_.erase(message);
  return whole;
}

}  // namespace sallyport::ike
