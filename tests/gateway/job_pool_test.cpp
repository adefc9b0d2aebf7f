#include "gateway/job_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

namespace sallyport::job_pool_test {

TEST_CASE("jobs run elsewhere, what they return runs here") {
  JobPool pool(2);
  const auto here = std::this_thread::get_id();
  std::atomic<std::thread::id> job_ran_in{};
  std::thread::id completion_ran_in;
  pool.submit([&] {
    job_ran_in = std::this_thread::get_id();
    return [&] { completion_ran_in = std::this_thread::get_id(); };
  });
  while (completion_ran_in == std::thread::id()) pool.poll();
  CHECK(completion_ran_in == here);
  CHECK(job_ran_in.load() != here);
}

TEST_CASE("one job that hangs leaves the other threads to others") {
  JobPool pool(2);
  std::atomic<bool> go{};
  unsigned done = 0;
  pool.submit([&]() -> JobPool::Completion {
    while (!go) std::this_thread::yield();
    return [&] { done += 100; };
  });
  for (int i = 0; i < 10; ++i) pool.submit([&] { return [&] { ++done; }; });
  while (done < 10) pool.poll();
  CHECK(done == 10);
  go = true;
  pool.finish();
  CHECK(done == 110);
}

TEST_CASE("finish waits for what completions submit, too; a job may return nothing") {
  JobPool pool(1);
  unsigned done = 0;
  pool.submit([&] {
    return [&] {
      ++done;
      pool.submit([&]() -> JobPool::Completion { return [&] { ++done; }; });
    };
  });
  pool.submit([] { return JobPool::Completion{}; });
  pool.finish();
  CHECK(done == 2);
}

TEST_CASE("a pool that ends runs the jobs, and no completions") {
  std::atomic<unsigned> ran{};
  {
    JobPool pool(1);
    for (int i = 0; i < 20; ++i)
      pool.submit([&]() -> JobPool::Completion {
        ++ran;
        return [] { FAIL("after the end"); };
      });
  }
  CHECK(ran == 20);
}

}  // namespace sallyport::job_pool_test
