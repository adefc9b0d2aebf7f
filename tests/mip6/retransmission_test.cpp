#include "mip6/retransmission.h"

#include <catch2/catch.hpp>

#include "mip6/message_rate.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::retransmission_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// When it was sent, in milliseconds from the first.
std::vector<std::int64_t> sendings(const Retransmission::Pace& pace, Duration during,
                                   int* given_up = nullptr) {
  FakeSurroundings fakes;
  Retransmission retry(fakes.timers);
  std::vector<std::int64_t> times;
  const Instant start = fakes.clock.now();
  retry.start(
      pace,
      [&] {
        times.push_back(
            std::chrono::duration_cast<milliseconds>(fakes.clock.now() - start).count());
      },
      [&] {
        if (given_up != nullptr) ++*given_up;
      });
  fakes.pass(during);
  return times;
}

TEST_CASE("MN-03: the time between doubles up to the longest, which then stays") {
  CHECK(sendings({.first = seconds{1}, .most = seconds{8}}, seconds{35}) ==
        std::vector<std::int64_t>{0, 1000, 3000, 7000, 15000, 23000, 31000});
}

TEST_CASE("MN-03: after the last of so many retries, and its time, it is given up once") {
  int given_up = 0;
  CHECK(sendings({.first = seconds{1}, .most = seconds{32}, .retries = 2}, seconds{60},
                 &given_up) == std::vector<std::int64_t>{0, 1000, 3000});
  CHECK(given_up == 1);
}

TEST_CASE("MN-03: retries until the longest wait is over") {
  CHECK(retries_until_slowest(milliseconds{1500}, seconds{32}) == 5);
  CHECK(retries_until_slowest(seconds{1}, seconds{32}) == 5);
  CHECK(retries_until_slowest(seconds{40}, seconds{32}) == 0);
}

TEST_CASE("MN-03: what is stopped is not sent again") {
  FakeSurroundings fakes;
  Retransmission retry(fakes.timers);
  int sent = 0;
  retry.start({.first = seconds{1}, .most = seconds{1}}, [&] { ++sent; });
  CHECK(retry.active());
  retry.stop();
  CHECK_FALSE(retry.active());
  fakes.pass(seconds{10});
  CHECK(sent == 1);
}

TEST_CASE("MN-03: sending may end or destroy the retransmission") {
  FakeSurroundings fakes;
  auto retry = std::make_unique<Retransmission>(fakes.timers);
  int sent = 0;
  retry->start({.first = seconds{1}, .most = seconds{1}}, [&] {
    if (++sent == 2) retry.reset();
  });
  fakes.pass(seconds{10});
  CHECK(sent == 2);
  CHECK(fakes.timers.size() == 0);
}

TEST_CASE("MN-11: three messages within any second") {
  MessageRate rate;
  const Instant start{};
  CHECK(rate.take(start));
  CHECK(rate.take(start + milliseconds{500}));
  CHECK(rate.take(start + milliseconds{900}));
  CHECK_FALSE(rate.take(start + milliseconds{999}));
  CHECK(rate.take(start + milliseconds{1000}));
  CHECK_FALSE(rate.take(start + milliseconds{1499}));
  CHECK(rate.take(start + milliseconds{1500}));
}

}  // namespace
}  // namespace sallyport::mip6::test::retransmission_test
