#include "gateway/job_pool.h"

#include <utility>

namespace sallyport {

JobPool::JobPool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

JobPool::~JobPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void JobPool::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  changed_.notify_all();
}

void JobPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    Completion completion = job();
    job = nullptr;  // what it holds goes before anybody is told that it has ended
    lock.lock();
    --running_;
    ended_.push_back(std::move(completion));
    changed_.notify_all();
  }
}

std::deque<JobPool::Completion> JobPool::take_ended() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_, {});
}

void JobPool::poll() {
  for (const Completion& completion : take_ended())
    if (completion) completion();
}

bool JobPool::wait_for_ended() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (waiting_.empty() && running_ == 0) || !ended_.empty(); });
  return !ended_.empty();
}

void JobPool::finish() {
  while (wait_for_ended()) poll();
}

}  // namespace sallyport
