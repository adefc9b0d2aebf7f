#include "ike/ports.h"

#include <algorithm>

namespace sallyport::ike {

PolicySource::Entry PolicySource::find(std::string_view name) {
  const std::span<const Entry> all = negotiable();
  const auto found = std::ranges::find(
      all, name, [](const Entry& entry) -> std::string_view { return entry->name; });
  return found == all.end() ? nullptr : *found;
}

std::string_view to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::IkeUp:
      return "ike-up";
    case EventKind::IkeDown:
      return "ike-down";
    case EventKind::IkeRekeyed:
      return "ike-rekeyed";
    case EventKind::IkeFailed:
      return "ike-failed";
    case EventKind::ChildUp:
      return "child-up";
    case EventKind::ChildDown:
      return "child-down";
    case EventKind::ChildRekeyed:
      return "child-rekeyed";
    case EventKind::ChildFailed:
      return "child-failed";
    case EventKind::PeerMoved:
      return "peer-moved";
  }
  return {};
}

}  // namespace sallyport::ike
