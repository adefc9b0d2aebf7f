// Finds the first policy of the ordered list that a packet matches. The interface takes edits, so
// that a large base may stand under a small delta; readers see immutable views.
#pragma once

#include <memory>
#include <span>

#include "base/error.h"
#include "spd/policy.h"

namespace sallyport {

// An immutable ordered set of policies that any number of threads may ask at once.
class PolicyView {
 public:
  virtual ~PolicyView() = default;
  // The first policy in order that matches; kNoPolicy where none does. SPD-S and SPD-O for
  // outbound fields, SPD-I for inbound ones: the roles are in `fields` already (SPD-02, SPD-03).
  [[nodiscard]] virtual PolicyId match(const SelectorFields& fields) const noexcept = 0;
  // On the heap: what this view has for itself, and what later ones may have with it.
  struct Octets {
    std::size_t own{};
    std::size_t shared{};
  };
  [[nodiscard]] virtual Octets octets() const noexcept = 0;
};

// Control thread only. Positions count from 0, the entry that is asked first.
class PolicyMatcher {
 public:
  virtual ~PolicyMatcher() = default;
  // Fails where the id is in use or the position lies past the end.
  [[nodiscard]] virtual Expected<void> insert(std::size_t position, PolicyId id,
                                              std::span<const Selector> selectors) = 0;
  [[nodiscard]] virtual Expected<void> remove(PolicyId id) = 0;
  // `position` is the one that the policy has afterwards.
  [[nodiscard]] virtual Expected<void> move(PolicyId id, std::size_t position) = 0;
  // Whether packets meet the policy, as they do one that was inserted. It keeps its place, and
  // views that differ in this alone have all but a few octets in common.
  enum class Activity : std::uint8_t { Active, Inactive };
  [[nodiscard]] virtual Expected<void> set_activity(PolicyId id, Activity activity) = 0;
  // Makes the list this one. An id that it has already stands for the selectors that it has. Fails,
  // and has done nothing, where an id is there twice or insert() would refuse one.
  struct Listed {
    PolicyId id;
    std::span<const Selector> selectors;
    Activity activity{Activity::Active};
  };
  [[nodiscard]] virtual Expected<void> replace(std::span<const Listed> list) = 0;
  // What the edits so far amount to; the matcher may be edited on while the view is in use.
  [[nodiscard]] virtual std::shared_ptr<const PolicyView> view() = 0;

  // What makes later views faster and may be done by another thread while the matcher is edited on.
  class Rebuild {
   public:
    virtual ~Rebuild() = default;
    // Any thread, once.
    virtual void run() = 0;
  };
  // Null where nothing is worth it.
  [[nodiscard]] virtual std::shared_ptr<Rebuild> begin_rebuild() { return nullptr; }
  // One that begin_rebuild() gave, after it has run.
  virtual void finish_rebuild(const Rebuild&) {}
};

}  // namespace sallyport
