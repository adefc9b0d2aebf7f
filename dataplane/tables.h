// What workers read once a turn, and how it is replaced under them (RCU over rte_rcu_qsbr).
#pragma once

#include <rte_rcu_qsbr.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>

#include "base/error.h"
#include "dataplane/binding.h"
#include "dataplane/group_listeners.h"
#include "dataplane/routes.h"
#include "sad/retirement.h"
#include "spd/spd.h"

namespace sallyport {

// One immutable state of everything that is not a slot table.
struct Tables {
  std::shared_ptr<const PolicySet> policies;
  std::shared_ptr<const Routes> routes;
  std::shared_ptr<const MobilityFacts> mobility{};    // null: Mobile IPv6 is off
  std::shared_ptr<const GroupListeners> listeners{};  // null: there are none
};

// One writer (control), one reader per worker.
class PublishedTables final : public Retirement {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<PublishedTables>> create(std::uint16_t workers);
  ~PublishedTables() override;

  // Worker side. What read() gave is valid until the worker's next quiescent().
  [[nodiscard]] const Tables& read() const noexcept {
    return *current_.load(std::memory_order_acquire);
  }
  void quiescent(WorkerId worker) noexcept { rte_rcu_qsbr_quiescent(readers_, worker.value); }
  // A sleeping worker holds nothing and is not waited for.
  void go_offline(WorkerId worker) noexcept { rte_rcu_qsbr_thread_offline(readers_, worker.value); }
  void go_online(WorkerId worker) noexcept { rte_rcu_qsbr_thread_online(readers_, worker.value); }

  // Control side; never blocks.
  void publish(Tables tables);
  [[nodiscard]] bool any_published() const noexcept { return latest_ != nullptr; }
  [[nodiscard]] const Tables& latest() const noexcept { return *latest_; }
  void when_unread(std::function<void()> free) override;
  // Frees what no worker can hold any more; true while something still waits.
  bool poll();
  [[nodiscard]] rte_rcu_qsbr* readers() noexcept { return readers_; }

 private:
  PublishedTables() = default;
  // Of a token that waits: no worker can hold what was unpublished before it was taken.
  [[nodiscard]] bool is_unread(std::uint64_t token) const noexcept;

  struct Waiting {
    std::uint64_t token;
    std::function<void()> free;
  };

  rte_rcu_qsbr* readers_{};
  std::unique_ptr<const Tables> latest_;
  std::atomic<const Tables*> current_{};
  std::deque<Waiting> waiting_;
};

}  // namespace sallyport
