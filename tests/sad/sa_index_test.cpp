#include "sad/sa_index.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "tests/sad/sample_sa.h"
#include "tests/sad/sanitized.h"
#include "tests/sad/ticks.h"

namespace sallyport::sa_index_test {
namespace {

using test::address;

struct Index {
  explicit Index(std::size_t capacity)
      : slots(capacity), index(slots, capacity, *std::pmr::new_delete_resource()) {}

  SaSlot fill(std::uint32_t slot, std::uint32_t spi, SaLookup lookup = SaLookup::Spi,
              const Address& destination = {}, const Address& source = {}) {
    InboundSa& sa = slots[slot];
    sa.spi = Spi{spi};
    sa.lookup = lookup;
    sa.destination = destination;
    sa.source = source;
    return SaSlot{slot};
  }
  SaSlot find(std::uint32_t spi, const Address& destination = {},
              const Address& source = {}) const {
    return index.find(Spi{spi}, destination, source);
  }

  std::vector<InboundSa> slots;
  SaIndex index;
};

// RFC 4301 4.1 as it reads: every SA is asked, the most specific match wins.
class ReferenceIndex {
 public:
  bool add(SaSlot slot, const InboundSa& sa) {
    for (const auto& [other, known] : sas_)
      if (known.spi == sa.spi && known.lookup == sa.lookup &&
          (sa.lookup == SaLookup::Spi ||
           (known.destination == sa.destination &&
            (sa.lookup == SaLookup::SpiDestination || known.source == sa.source))))
        return false;
    sas_.emplace(slot, sa);
    return true;
  }
  void remove(SaSlot slot) { sas_.erase(slot); }
  bool has(SaSlot slot) const { return sas_.contains(slot); }
  std::size_t size() const { return sas_.size(); }

  SaSlot find(Spi spi, const Address& destination, const Address& source) const {
    for (const SaLookup lookup :
         {SaLookup::SpiDestinationSource, SaLookup::SpiDestination, SaLookup::Spi})
      for (const auto& [slot, sa] : sas_)
        if (sa.spi == spi && sa.lookup == lookup &&
            (lookup == SaLookup::Spi || sa.destination == destination) &&
            (lookup != SaLookup::SpiDestinationSource || sa.source == source))
          return slot;
    return kNoSa;
  }

 private:
  std::map<SaSlot, InboundSa> sas_;
};

}  // namespace

TEST_CASE("SAD-04, MCAST-01: three SAs share an SPI and the most specific one wins") {
  Index all(4);
  const Address group = address("ff0e::1"), other_group = address("ff0e::2");
  const Address sender = address("2001:db8::1"), other_sender = address("2001:db8::2");
  REQUIRE(all.index.add(all.fill(0, 700)));
  REQUIRE(all.index.add(all.fill(1, 700, SaLookup::SpiDestination, group)));
  REQUIRE(all.index.add(all.fill(2, 700, SaLookup::SpiDestinationSource, group, sender)));
  CHECK(all.find(700, group, sender) == SaSlot{2});
  CHECK(all.find(700, group, other_sender) == SaSlot{1});
  CHECK(all.find(700, other_group, sender) == SaSlot{0});
  CHECK(all.find(701, group, sender) == kNoSa);
  all.index.remove(SaSlot{0});
  CHECK(all.find(700, other_group, sender) == kNoSa);
  all.index.remove(SaSlot{2});
  CHECK(all.find(700, group, sender) == SaSlot{1});
}

TEST_CASE("SAD-04: SAs that share an SPI are not found alone") {
  Index all(4);
  const Address group = address("ff0e::1");
  REQUIRE(all.index.add(all.fill(0, 700)));
  REQUIRE(all.index.add(all.fill(1, 701, SaLookup::SpiDestination, group)));
  CHECK(all.index.find_alone(Spi{700}) == SaSlot{0});
  CHECK(all.index.find_alone(Spi{701}) == kNoSa);  // addresses decide
  CHECK(all.index.find_alone(Spi{702}) == kNoSa);
  REQUIRE(all.index.add(all.fill(2, 700, SaLookup::SpiDestination, group)));
  CHECK(all.index.find_alone(Spi{700}) == kNoSa);
  CHECK(all.find(700) == SaSlot{0});
}

TEST_CASE("SAD-05: a unicast SA is found by its SPI from and to any address") {
  Index all(1);
  REQUIRE(
      all.index.add(all.fill(0, 256, SaLookup::Spi, address("192.0.2.1"), address("192.0.2.2"))));
  CHECK(all.find(256, address("192.0.2.1"), address("192.0.2.2")) == SaSlot{0});
  CHECK(all.find(256, address("203.0.113.9"), address("198.51.100.7")) == SaSlot{0});
  CHECK(all.find(256, address("2001:db8::1"), address("2001:db8::2")) == SaSlot{0});
}

TEST_CASE("SAD-03: SPI 0 and the reserved ones find nothing") {
  Index all(1);
  REQUIRE(all.index.add(all.fill(0, 256)));
  for (std::uint32_t spi = 0; spi < 256; ++spi) CHECK(all.find(spi) == kNoSa);
  all.index.remove(SaSlot{0});
  for (std::uint32_t spi = 0; spi <= 256; ++spi) CHECK(all.find(spi) == kNoSa);
}

TEST_CASE("SAD-04: the index refuses a second SA with the same look-up key, and one too many") {
  Index all(5);
  REQUIRE(all.index.add(all.fill(0, 300)));
  const auto taken = all.index.add(all.fill(1, 300, SaLookup::Spi, address("192.0.2.1")));
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == Error::Code::Exists);
  CHECK(all.index.add(all.fill(1, 300, SaLookup::SpiDestination, address("192.0.2.1"))));
  CHECK(all.index.add(all.fill(2, 300, SaLookup::SpiDestination, address("192.0.2.2"))));
  CHECK_FALSE(all.index.add(all.fill(3, 300, SaLookup::SpiDestination, address("192.0.2.2"))));

  Index full(1);
  REQUIRE(full.index.add(full.fill(0, 300)));
  CHECK(full.index.add(SaSlot{0}).error().code == Error::Code::Exhausted);
}

TEST_CASE("SAD-04: through any adding and removing the index finds what the reference finds") {
  constexpr std::uint32_t kCapacity = 256;
  const std::vector<Address> addresses{address("192.0.2.1"), address("192.0.2.2"),
                                       address("239.1.1.1"), address("2001:db8::1")};
  std::mt19937 random(11);
  const auto below = [&](std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); };
  const auto any_address = [&] { return addresses[random() % addresses.size()]; };
  Index all(kCapacity);
  ReferenceIndex reference;
  constexpr std::size_t kRounds = test::kSanitized ? 10'000 : 100'000;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const std::uint32_t number = below(kCapacity);
    const SaSlot slot{number};
    if (reference.has(slot)) {
      all.index.remove(slot);
      reference.remove(slot);
    } else {
      all.fill(number, 256 + below(100), static_cast<SaLookup>(random() % 3), any_address(),
               any_address());
      CHECK(all.index.add(slot).has_value() == reference.add(slot, all.slots[number]));
    }
    for (int k = 0; k < 4; ++k) {
      const Spi spi{255 + below(102)};
      const Address destination = any_address(), source = any_address();
      const SaSlot wanted = reference.find(spi, destination, source);
      hits += wanted != kNoSa;
      if (all.index.find(spi, destination, source) != wanted) {
        CAPTURE(i, spi.value, wanted.value);
        FAIL("the models part");
      }
    }
  }
  CHECK(hits > kRounds);
  CHECK(hits < 4 * kRounds - kRounds / 10);
}

TEST_CASE("SAD-04: a replaced entry leads to the new slot at once, its neighbours stay") {
  Index all(64);
  for (std::uint32_t i = 0; i < 32; ++i) REQUIRE(all.index.add(all.fill(i, 256 + i)));
  for (std::uint32_t i = 0; i < 32; ++i) {
    all.index.replace(SaSlot{i}, all.fill(32 + i, 256 + i));
    for (std::uint32_t k = 0; k < 32; ++k) CHECK(all.find(256 + k) == SaSlot{k <= i ? 32 + k : k});
  }
}

TEST_CASE("DP-04: readers find what stays however much the writer moves about") {
  constexpr std::uint32_t kStay = 24, kAll = 64;
  Index all(kAll);
  std::mt19937 random(13);
  for (std::uint32_t i = 0; i < kAll; ++i) all.fill(i, 1000 + 37 * i);
  for (std::uint32_t i = 0; i < kStay; ++i) REQUIRE(all.index.add(SaSlot{i}));
  std::atomic<bool> done{};
  std::atomic<std::uint64_t> lost{}, searches{};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader)
    readers.emplace_back([&] {
      while (!done.load()) {
        for (std::uint32_t i = 0; i < kStay; ++i) lost += all.find(1000 + 37 * i) != SaSlot{i};
        searches += kStay;
      }
    });
  std::set<std::uint32_t> added;
  for (int i = 0; i < 300'000 || searches < 10'000; ++i) {
    const std::uint32_t slot = kStay + static_cast<std::uint32_t>(random() % (kAll - kStay));
    if (added.erase(slot) == 1)
      all.index.remove(SaSlot{slot});
    else if (all.index.add(SaSlot{slot}))
      added.insert(slot);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(lost == 0);
}

TEST_CASE("bench: ticks of the SA look-up", "[.bench]") {
  for (const std::uint32_t count : {1u, 100u, 10'000u, 1'000'000u}) {
    Index all(count);
    std::mt19937 random(17);
    for (std::uint32_t i = 0; i < count; ++i)
      while (!all.index.add(all.fill(i, static_cast<std::uint32_t>(random() | 256)))) continue;
    std::vector<Spi> asked(1 << 16);
    for (Spi& spi : asked) spi = all.slots[random() % count].spi;
    const Address destination = address("192.0.2.1"), source = address("192.0.2.2");
    std::uint64_t missed = 0;
    const double ticks = test::ticks_per_call([&](std::uint64_t i) {
      missed += all.index.find(asked[i & 0xffff], destination, source) == kNoSa;
    });
    WARN(count << " SAs: " << ticks << " ticks a look-up");
    CHECK(missed == 0);
  }
}

}  // namespace sallyport::sa_index_test
