#include "ike/ports.h"

namespace sallyport::ike {

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
