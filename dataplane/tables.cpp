#include "dataplane/tables.h"

#include <rte_malloc.h>

namespace sallyport {

Expected<std::unique_ptr<PublishedTables>> PublishedTables::create(std::uint16_t workers) {
  auto tables = std::unique_ptr<PublishedTables>(new PublishedTables);
  const std::size_t bytes = rte_rcu_qsbr_get_memsize(workers);
  tables->readers_ = static_cast<rte_rcu_qsbr*>(rte_zmalloc("readers", bytes, RTE_CACHE_LINE_SIZE));
  if (tables->readers_ == nullptr || rte_rcu_qsbr_init(tables->readers_, workers) != 0)
    return fail(Error::Code::Exhausted, "no memory for the readers' epochs");
  for (std::uint16_t worker = 0; worker < workers; ++worker)
    rte_rcu_qsbr_thread_register(tables->readers_, worker);
  return tables;
}

PublishedTables::~PublishedTables() {
  for (Waiting& waiting : waiting_) waiting.free();
  rte_free(readers_);
}

void PublishedTables::publish(Tables tables) {
  auto next = std::make_unique<const Tables>(std::move(tables));
  current_.store(next.get(), std::memory_order_release);
  std::shared_ptr<const Tables> old(std::move(latest_));
  latest_ = std::move(next);
  if (old != nullptr) when_unread([old]() mutable { old.reset(); });
}

void PublishedTables::when_unread(std::function<void()> free) {
  waiting_.push_back({rte_rcu_qsbr_start(readers_), std::move(free)});
}

// Nobody has read anything since that was unpublished. A hash table of DPDK's may have found it out
// before, in a library that ThreadSanitizer does not see: each reader's word is read once more.
bool PublishedTables::is_unread(std::uint64_t token) const noexcept {
  if (rte_rcu_qsbr_check(readers_, token, false) != 1) return false;
  for (std::uint32_t reader = 0; reader < readers_->max_threads; ++reader)
    static_cast<void>(__atomic_load_n(&readers_->qsbr_cnt[reader].cnt, __ATOMIC_ACQUIRE));
  return true;
}

bool PublishedTables::poll() {
  while (!waiting_.empty() && is_unread(waiting_.front().token)) {
    const auto free = std::move(waiting_.front().free);
    waiting_.pop_front();
    free();
  }
  return !waiting_.empty();
}

}  // namespace sallyport
