#include "bench/generator/trial.h"

#include <catch2/catch.hpp>

#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "tests/support/eal.h"

namespace sallyport::bench::trial_test {
namespace {

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

// A port whose own frames come back to it, as many at a time as `places`.
class Loop {
 public:
  explicit Loop(unsigned places) {
    need_eal();
    static int number;
    const std::string name = "loop" + std::to_string(number++);
    ring_ = rte_ring_create(name.c_str(), places, SOCKET_ID_ANY, RING_F_EXACT_SZ);
    REQUIRE(ring_ != nullptr);
    REQUIRE(rte_eth_from_rings(name.c_str(), &ring_, 1, &ring_, 1, 0) >= 0);
    pool_ = rte_pktmbuf_pool_create(("pool" + name).c_str(), 2047, 0, 0, 2048, SOCKET_ID_ANY);
    REQUIRE(pool_ != nullptr);
    PortSettings settings;
    settings.name = name;
    settings.device = "net_ring_" + name;
    auto port = Port::open(PortId{0}, std::move(settings), {}, pool_);
    REQUIRE(port);
    port_ = std::move(*port);
  }
  ~Loop() {
    port_.reset();
    rte_mempool_free(pool_);
    rte_ring_free(ring_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] Ends ends() const { return {*port_, *port_, pool_}; }
  [[nodiscard]] unsigned buffers_in_use() const { return rte_mempool_in_use_count(pool_); }

 private:
  rte_ring* ring_{};
  rte_mempool* pool_{};
  std::unique_ptr<Port> port_;
};

Frames frames() {
  auto made = Frames::make({.size = 100,
                            .from = *Address::parse("10.1.0.2"),
                            .to = *Address::parse("10.2.0.2"),
                            .flows = 16,
                            .source = kMac,
                            .gateway = kMac});
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("a wire loses nothing, keeps the order and takes some time") {
  const Loop loop(1024);
  const Outcome outcome =
      run_trial(loop.ends(), frames(), {.rate = 20'000.0, .time = Seconds(0.2), .burst = 8});
  CHECK(outcome.sent > 0);
  CHECK(outcome.sent + outcome.skipped <= outcome.seconds * 20'000 + 1);
  CHECK(outcome.received == outcome.sent);
  CHECK(outcome.refused == 0);
  CHECK(outcome.out_of_order == 0);
  CHECK(outcome.loss() == 0);
  REQUIRE(outcome.latencies);
  CHECK(outcome.latencies->count() == outcome.received);
  CHECK(outcome.latencies->most() > 0);
  CHECK(loop.buffers_in_use() == 0);
}

TEST_CASE("what the device refuses counts as lost") {
  const Loop loop(4);  // less than one burst
  const Outcome outcome = run_trial(loop.ends(), frames(), {.rate = {}, .time = Seconds(0.05)});
  CHECK(outcome.refused > 0);
  CHECK(outcome.received == outcome.sent);
  CHECK(outcome.loss() > 0.5);
  CHECK(outcome.offered() == outcome.sent + outcome.refused);
  CHECK(loop.buffers_in_use() == 0);
}

TEST_CASE("packets of an earlier trial do not count for the next one") {
  const Loop loop(1024);
  const Ends ends = loop.ends();
  const Frames all = frames();
  rte_mbuf* late = rte_pktmbuf_alloc(ends.pool);
  REQUIRE(late != nullptr);
  late->data_len = all.frame_bytes();
  late->pkt_len = all.frame_bytes();
  all.write({.trial = 0, .number = 5, .sent_at = 1}, rte_pktmbuf_mtod(late, std::uint8_t*));
  REQUIRE(rte_eth_tx_burst(ends.out.device_id(), 0, &late, 1) == 1);
  const Outcome outcome = run_trial(ends, all, {.rate = 1000.0, .time = Seconds(0.2)});
  CHECK(outcome.sent > 0);
  CHECK(outcome.received == outcome.sent);
  CHECK(outcome.out_of_order == 0);
  CHECK(loop.buffers_in_use() == 0);
}

}  // namespace sallyport::bench::trial_test
