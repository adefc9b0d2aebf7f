// A database with everything around it, on one thread.
#pragma once

#include <memory_resource>
#include <optional>

#include "sad/sad.h"
#include "tests/sad/fakes.h"
#include "tests/sad/sample_sa.h"

namespace sallyport::test {

// Counts what is out, so that nothing is left behind unseen.
class CountingMemory final : public std::pmr::memory_resource {
 public:
  std::size_t out{};
  std::size_t limit{~std::size_t{0}};

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (bytes > limit - out) throw std::bad_alloc();
    out += bytes;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* room, std::size_t bytes, std::size_t alignment) override {
    out -= bytes;
    std::pmr::new_delete_resource()->deallocate(room, bytes, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

struct World {
  explicit World(SaTable::Capacity capacity = {4, 4}, std::uint16_t workers = 1)
      : table(capacity, memory),
        sad(std::in_place, Sad::Parts{table, keys, retirement, random, workers}),
        idle(memory.out) {}

  const OutboundSa& outbound(std::string_view name) {
    return table.outbound(sad->find(name)->slot);
  }
  const InboundSa& inbound(std::string_view name) { return table.inbound(sad->find(name)->slot); }

  CountingMemory memory;
  SaTable table;
  FakeKeyStore keys;
  HeldRetirement retirement;
  SeededRandom random;
  std::optional<Sad> sad;
  std::size_t idle;  // octets that the empty table holds
};

inline Sa outbound_sa(std::string name, std::uint32_t spi = 0x1000) {
  return sample_sa(Direction::Outbound, spi, std::move(name));
}
inline Sa inbound_sa(std::string name, std::uint32_t spi = 0x2000) {
  return sample_sa(Direction::Inbound, spi, std::move(name));
}

// Needs memory of its own: a large window and several rows of selectors.
inline Sa large_inbound_sa(std::string name, std::uint32_t spi = 0x2000) {
  Sa sa = inbound_sa(std::move(name), spi);
  sa.replay_window = 4096;
  sa.selectors.emplace_back();
  return sa;
}

}  // namespace sallyport::test
