// What workers remember of policy, how much, for how long, and in whose favour (SPD-07).
#include "dataplane/flow_cache.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/support/fixed_random.h"

namespace sallyport::flow_cache_test {
namespace {

constexpr std::uint64_t kTicksPerSecond = 1'000'000'000;
constexpr KeyedHash::Key kKey{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
                              0xd6e8feb86659fd93, 0xa0761d6478bd642f, 0xe7037ed1a0b428db,
                              0x8ebc6af09c88c6e3, 0x589965cc75374cc3};

class Cache {
 public:
  explicit Cache(std::size_t capacity, const FlowCacheSettings& settings = {})
      : flows(capacity, settings, KeyedHash(kKey), kTicksPerSecond,
              *std::pmr::new_delete_resource()) {}

  void at(double seconds) {
    flows.set_clock(static_cast<std::uint64_t>(seconds * double{kTicksPerSecond}));
  }
  Flow* find(const FlowKey& key) { return flows.find(key, flows.hash(key)); }
  Flow* remember(const FlowKey& key, PolicyId policy = PolicyId{1}) {
    Flow* const place = flows.place(flows.hash(key));
    if (place != nullptr)
      flows.fill(*place, key, {.policy = policy, .entry = {}, .handle = kNoHandle, .version = 1});
    return place;
  }

  FlowCache flows;
};

PacketSummary packet(std::uint32_t number) {
  PacketSummary summary;
  store_be<std::uint32_t>(summary.source.data(), number);
  summary.ports_visible = true;
  summary.source_port = static_cast<std::uint16_t>(number * 7);
  return summary;
}

FlowKey key(std::uint32_t number) {
  return FlowKey::of(packet(number), PolicyScope{}, Direction::Outbound);
}

}  // namespace

TEST_CASE("SPD-07: the flow cache is bounded and finds what it holds") {
  Cache cache(16, {.keep_active = {}});
  for (std::uint16_t i = 1; i <= 1000; ++i) {
    Flow* const place = cache.remember(key(i), PolicyId{i});
    REQUIRE(place != nullptr);
    REQUIRE(cache.find(key(i)) == place);
    REQUIRE(place->policy == PolicyId{i});
  }
  CHECK(cache.flows.evictions.read() >= 1000 - 16);
  unsigned held = 0;
  for (std::uint16_t i = 1; i <= 1000; ++i) held += cache.find(key(i)) != nullptr ? 1u : 0u;
  CHECK(held <= 16);
  CHECK(held >= 8);
}

TEST_CASE("SPD-07: a cache line's key has every selector field, scope and direction") {
  const PacketSummary packet;
  const auto changed = [&](auto change) {
    PacketSummary other = packet;
    change(other);
    return FlowKey::of(other, PolicyScope{}, Direction::Outbound);
  };
  const FlowKey base = changed([](PacketSummary&) {});
  CHECK_FALSE(changed([](PacketSummary& p) { p.source[15] ^= 1; }) == base);
  CHECK_FALSE(changed([](PacketSummary& p) { p.destination[0] ^= 1; }) == base);
  CHECK_FALSE(changed([](PacketSummary& p) { p.protocol ^= 1; }) == base);
  CHECK_FALSE(changed([](PacketSummary& p) { p.source_port ^= 1; }) == base);
  CHECK_FALSE(changed([](PacketSummary& p) { p.destination_port ^= 1; }) == base);
  CHECK_FALSE(changed([](PacketSummary& p) { p.family = Family::V6; }) == base);
  CHECK_FALSE(changed([](PacketSummary& p) { p.ports_visible = !p.ports_visible; }) == base);
  CHECK_FALSE(FlowKey::of(packet, PolicyScope{1}, Direction::Outbound) == base);
  CHECK_FALSE(FlowKey::of(packet, PolicyScope{}, Direction::Inbound) == base);
}

TEST_CASE(
    "SPD-07: no two scopes or directions have a mark in common, nor one with what a packet says") {
  std::set<std::uint64_t> marks;
  PacketSummary packet;
  packet.source_port = packet.destination_port = 0xffff;
  packet.protocol = 0xff;
  packet.ports_visible = true;
  std::uint64_t said = packet.other_selectors();
  packet.family = Family::V6;
  said |= packet.other_selectors();
  unsigned wrong = 0;
  for (unsigned scope = 0; scope < 65536; ++scope) {
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
      const auto value = PolicyScope{static_cast<std::uint16_t>(scope)};
      const std::uint64_t mark = FlowKey::mark(value, direction);
      const bool right = marks.insert(mark).second && (mark & said) == 0 &&
                         FlowKey::of(packet, mark).direction() == direction;
      wrong += right ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("SPD-07: a line that was forgotten answers nothing, and is free") {
  Cache cache(2, {});
  cache.remember(key(1));
  Flow* const flow = cache.find(key(1));
  REQUIRE(flow != nullptr);
  FlowCache::forget(*flow);
  CHECK(cache.find(key(1)) == nullptr);
  CHECK(flow->version == 0);
  cache.remember(key(2));
  CHECK(cache.find(key(2)) != nullptr);
  CHECK(cache.flows.evictions.read() == 0);
}

TEST_CASE("SPD-07: a reversed key is that of the packet that answers") {
  FixedRandom random;
  for (int i = 0; i < 1000; ++i) {
    PacketSummary there;
    for (auto* address : {&there.source, &there.destination})
      for (std::uint8_t& octet : *address) octet = static_cast<std::uint8_t>(random.below(256));
    there.family = random.below(2) == 0 ? Family::V4 : Family::V6;
    there.protocol = static_cast<std::uint8_t>(random.below(256));
    there.ports_visible = random.below(2) == 0;
    there.source_port = static_cast<std::uint16_t>(random.below(65536));
    there.destination_port = static_cast<std::uint16_t>(random.below(65536));
    PacketSummary back = there;
    std::swap(back.source, back.destination);
    std::swap(back.source_port, back.destination_port);
    const PolicyScope scope{static_cast<std::uint16_t>(random.below(65536))};
    const FlowKey outbound = FlowKey::of(there, scope, Direction::Outbound);
    const PolicyScope other{static_cast<std::uint16_t>(random.below(65536))};
    REQUIRE(outbound.reversed(other) == FlowKey::of(back, other, Direction::Inbound));
    REQUIRE(outbound.reversed(other).reversed(scope) == outbound);
  }
}

TEST_CASE("SPD-07: a line's life ends when it was set to, however much it is used") {
  Cache cache(64, {.life = std::chrono::seconds(10)});
  cache.at(100);
  Flow* const flow = cache.remember(key(1));
  for (const double now : {100.0, 103.0, 109.9}) {
    cache.at(now);
    REQUIRE(cache.find(key(1)) == flow);
    CHECK_FALSE(cache.flows.is_over(*flow));
  }
  cache.at(110.1);
  CHECK(cache.flows.is_over(*flow));
}

TEST_CASE("SPD-07: what was used lately stays; a new flow takes the place of what was not") {
  Cache cache(2, {.keep_active = std::chrono::seconds(1)});
  cache.at(100);
  REQUIRE(cache.remember(key(1)) != nullptr);
  REQUIRE(cache.remember(key(2)) != nullptr);
  cache.at(100.5);
  CHECK(cache.remember(key(3)) == nullptr);
  CHECK(cache.flows.refused.read() == 1);
  CHECK(cache.find(key(1)) != nullptr);  // in use, from now on for another second
  cache.at(101.4);
  REQUIRE(cache.remember(key(3)) != nullptr);
  CHECK(cache.find(key(1)) != nullptr);
  CHECK(cache.find(key(2)) == nullptr);
  CHECK(cache.flows.evictions.read() == 1);
}

TEST_CASE("SPD-07: 100 000 hostile flows a second do not displace a flow that sends ten packets") {
  Cache cache(65536, {});
  constexpr std::uint32_t kLegitimate = 1000;
  unsigned misses = 0;
  std::uint32_t hostile = 1'000'000;
  for (int tenth = 0; tenth < 30; ++tenth) {
    for (std::uint32_t i = 0; i < 10'000; ++i) {
      cache.at(100 + tenth * 0.1 + i * 0.00001);
      const FlowKey flood = key(++hostile);
      if (cache.find(flood) == nullptr) cache.remember(flood);
      if (i % 10 != 0) continue;
      const FlowKey own = key(i / 10);
      if (cache.find(own) != nullptr) continue;
      ++misses;
      cache.remember(own);
    }
  }
  // Each is asked for once, and a few whose two places the flood had first for as long as it took.
  CHECK(misses < kLegitimate + kLegitimate / 4);
  CHECK(cache.flows.refused.read() + cache.flows.evictions.read() > 100'000);
}

TEST_CASE("a keyed hash spreads keys that differ in one bit, each key of its own otherwise") {
  struct Input {
    std::uint64_t words[5];
  };
  const KeyedHash hash(kKey);
  KeyedHash::Key another = kKey;
  another[3] ^= 1;
  const KeyedHash other(another);
  std::set<std::uint64_t> seen;
  unsigned kept = 0;
  const Input zero{};
  for (unsigned bit = 0; bit < 320; ++bit) {
    Input input{};
    input.words[bit / 64] = std::uint64_t{1} << bit % 64;
    CHECK(seen.insert(hash(input)).second);
    CHECK(hash(input) != other(input));
    kept += static_cast<unsigned>(64 - std::popcount(hash(input) ^ hash(zero)));
  }
  // Half of the bits, give or take.
  CHECK(kept > 320 * 28);
  CHECK(kept < 320 * 36);
}

TEST_CASE("a keyed hash of forty octets spreads them, too, into each of its bits") {
  KeyedHash::Key another = kKey;
  another[2] ^= 1;
  const auto hash = [](const std::uint64_t(&words)[5], const KeyedHash::Key& key = kKey) {
    return KeyedHash(key)(Octets32::load(words), words[4]);
  };
  const std::uint64_t zero[5]{};
  std::set<std::uint32_t> seen;
  std::array<unsigned, 32> changed{};
  FixedRandom random;
  for (unsigned round = 0; round < 20; ++round) {
    std::uint64_t start[5]{};
    if (round != 0)
      for (std::uint64_t& word : start) word = random.u64();
    for (unsigned bit = 0; bit < 320; ++bit) {
      auto input = std::to_array(start);
      input[bit / 64] ^= std::uint64_t{1} << bit % 64;
      std::uint64_t words[5];
      std::ranges::copy(input, words);
      CHECK(hash(words) != hash(words, another));
      if (round == 0) CHECK(seen.insert(hash(words)).second);
      const std::uint32_t difference = hash(words) ^ hash(start);
      for (unsigned i = 0; i < 32; ++i) changed[i] += difference >> i & 1;
    }
  }
  CHECK_FALSE(seen.contains(hash(zero)));
  for (const unsigned times : changed) {
    CHECK(times > 20 * 320 * 4 / 10);
    CHECK(times < 20 * 320 * 6 / 10);
  }
}

}  // namespace sallyport::flow_cache_test
