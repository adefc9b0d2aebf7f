#include "dataplane/buffer_pool.h"

#include <rte_mbuf.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <set>
#include <vector>

#include "dataplane/envelope.h"
#include "tests/support/eal.h"

namespace sallyport::buffer_pool_test {
namespace {

constexpr BufferPoolShape kShape{
    .buffers = 511, .room = RTE_MBUF_DEFAULT_BUF_SIZE, .worker_cache = 0, .remedy = "have fewer"};

}  // namespace

TEST_CASE("DP-03: buffers have the room that was asked for, and an envelope each") {
  need_eal();
  const auto pool = make_buffer_pool("test", kShape);
  REQUIRE(pool);
  std::vector<rte_mbuf*> buffers(kShape.buffers);
  REQUIRE(rte_pktmbuf_alloc_bulk(pool->get(), buffers.data(), kShape.buffers) == 0);
  CHECK(rte_pktmbuf_alloc(pool->get()) == nullptr);
  for (rte_mbuf* buffer : buffers) {
    CHECK(buffer->buf_len == kShape.room);
    CHECK(rte_pktmbuf_headroom(buffer) == RTE_PKTMBUF_HEADROOM);
    CHECK(buffer->priv_size == kPrivateBytes);
    std::memset(rte_mbuf_to_priv(buffer), 0xff, kPrivateBytes);
    std::memset(buffer->buf_addr, 0xff, buffer->buf_len);
  }
  for (const rte_mbuf* buffer : buffers) CHECK(buffer->buf_len == kShape.room);
  rte_pktmbuf_free_bulk(buffers.data(), kShape.buffers);
}

TEST_CASE("buffers lie side by side, with hugepages or without, so that they share no few sets") {
  need_eal();
  const auto pool = make_buffer_pool("test", kShape);
  REQUIRE(pool);
  std::vector<rte_mbuf*> buffers(64);
  REQUIRE(rte_pktmbuf_alloc_bulk(pool->get(), buffers.data(), 64) == 0);
  std::set<std::uintptr_t> lines_of_a_page;
  for (const rte_mbuf* buffer : buffers)
    lines_of_a_page.insert(reinterpret_cast<std::uintptr_t>(buffer) % 4096 / 64);
  CHECK(lines_of_a_page.size() > 32);
  rte_pktmbuf_free_bulk(buffers.data(), 64);
}

TEST_CASE("a pool for which there is no memory says what to do") {
  need_eal();
  BufferPoolShape shape = kShape;
  shape.buffers = 100'000'000;
  const auto pool = make_buffer_pool("test", shape);
  REQUIRE_FALSE(pool);
  CHECK(pool.error().code == Error::Code::Exhausted);
  CHECK(pool.error().what.starts_with("no memory for 100000000 buffers (test): "));
  CHECK(pool.error().remedy == "have fewer");
}

}  // namespace sallyport::buffer_pool_test
