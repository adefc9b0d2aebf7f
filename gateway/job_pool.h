// Work that takes long or may block, off the control thread: it shares nothing with the loop but
// what it was given and what it returns.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sallyport {

class JobPool {
 public:
  // What a job returns; runs on the control thread, in poll(). May be empty.
  using Completion = std::function<void()>;
  using Job = std::function<Completion()>;

  explicit JobPool(unsigned threads);
  // Waits for the jobs that were submitted; their completions do not run.
  ~JobPool();
  JobPool(const JobPool&) = delete;
  JobPool& operator=(const JobPool&) = delete;

  // Control thread. Jobs start in the order in which they were submitted.
  void submit(Job job);
  // Control thread. Runs the completions of the jobs that have ended since; never blocks.
  void poll();
  // Control thread. Waits for every job, runs every completion: for a stop in good order.
  void finish();

 private:
  void work();
  [[nodiscard]] std::deque<Completion> take_ended();
  // False where nothing has ended and nothing is under way.
  [[nodiscard]] bool wait_for_ended();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;  // these four: under the mutex
  std::deque<Completion> ended_;
  unsigned running_{};
  bool stopping_{};
  std::vector<std::thread> threads_;
};

}  // namespace sallyport
