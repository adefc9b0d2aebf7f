#include "spd/interval_matcher.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "spd/linear_matcher.h"
#include "tests/spd/random_policies.h"

using namespace sallyport;
using sallyport::test::RandomPolicies;

namespace {

// The ordered list as plainly as it can be kept.
struct Model {
  struct Entry {
    PolicyId id;
    std::vector<Selector> selectors;
  };
  std::vector<Entry> entries;

  auto at(std::size_t position) { return entries.begin() + static_cast<std::ptrdiff_t>(position); }
  [[nodiscard]] PolicyId match(const SelectorFields& fields) const {
    for (const Entry& entry : entries)
      for (const Selector& selector : entry.selectors)
        if (matches(selector, fields)) return entry.id;
    return kNoPolicy;
  }
  [[nodiscard]] std::vector<Selector> selectors() const {
    std::vector<Selector> all;
    for (const Entry& entry : entries)
      all.insert(all.end(), entry.selectors.begin(), entry.selectors.end());
    return all;
  }
};

// Both matchers and the model, edited alike.
struct Trio {
  LinearMatcher linear;
  IntervalMatcher interval;
  Model model;
  RandomPolicies random;
  std::uint32_t next_id{1};

  explicit Trio(std::uint64_t seed) : random(seed) {}

  void insert() {
    const std::size_t position = random.below(model.entries.size() + 1);
    const PolicyId id{next_id++};
    const std::vector<Selector> selectors = random.selectors(3);
    REQUIRE(linear.insert(position, id, selectors));
    REQUIRE(interval.insert(position, id, selectors));
    model.entries.insert(model.at(position), {id, selectors});
  }
  void remove() {
    const auto gone = model.at(random.below(model.entries.size()));
    REQUIRE(linear.remove(gone->id));
    REQUIRE(interval.remove(gone->id));
    model.entries.erase(gone);
  }
  void move() {
    const auto from = model.at(random.below(model.entries.size()));
    const std::size_t position = random.below(model.entries.size());
    REQUIRE(linear.move(from->id, position));
    REQUIRE(interval.move(from->id, position));
    Model::Entry moved = std::move(*from);
    model.entries.erase(from);
    model.entries.insert(model.at(position), std::move(moved));
  }
  void edit() {
    switch (model.entries.empty() ? 0 : random.below(4)) {
      case 0:
      case 1:
        return insert();
      case 2:
        return remove();
      default:
        return move();
    }
  }
  void compare(int packets) {
    const auto slow = linear.view();
    const auto fast = interval.view();
    const std::vector<Selector> selectors = model.selectors();
    for (int i = 0; i < packets; ++i) {
      const SelectorFields fields = random.packet(selectors);
      const PolicyId expected = model.match(fields);
      if (slow->match(fields) != expected || fast->match(fields) != expected)
        FAIL("packet " << i << " after " << next_id << " insertions");
    }
  }
};

// A host-to-host selector of its own for each number.
Selector pair(std::uint32_t number) {
  const Address local = Address::v4(0x0a000000 + number);
  const Address remote = Address::v4(0x0b000000 + number);
  Selector selector;
  selector.local = {{local, local}};
  selector.remote = {{remote, remote}};
  return selector;
}

SelectorFields pair_packet(std::uint32_t number) {
  return {.local = Address::v4(0x0a000000 + number), .remote = Address::v4(0x0b000000 + number)};
}

void append_pairs(IntervalMatcher& matcher, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const Selector selector = pair(i);
    REQUIRE(matcher.insert(i, PolicyId{i + 1}, std::span(&selector, 1)));
  }
}

}  // namespace

TEST_CASE("SPD-01: random edits leave both matchers and a plain list of one mind") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Trio trio(seed);
    for (int edits = 0; edits < 60; ++edits) {
      trio.edit();
      trio.compare(60);
    }
  }
}

TEST_CASE("SPD-01: edits that split and join segments keep the order") {
  Trio trio(7);
  // 4 096 selectors a segment: three of them, and then few again.
  while (trio.interval.segments() < 4) trio.insert();
  trio.compare(300);
  for (int i = 0; i < 200; ++i) trio.move();
  trio.compare(300);
  while (trio.model.entries.size() > 40) trio.remove();
  CHECK(trio.interval.segments() == 1);
  trio.compare(300);
}

TEST_CASE("SPD-01: refused edits change nothing") {
  const auto refuses = [](PolicyMatcher& matcher) {
    const std::vector<Selector> any(1);
    const Selector first = pair(1);
    REQUIRE(matcher.insert(0, PolicyId{1}, std::span(&first, 1)));
    REQUIRE(matcher.insert(1, PolicyId{2}, any));
    CHECK(matcher.insert(0, PolicyId{2}, any).error().code == Error::Code::Exists);
    CHECK(matcher.insert(3, PolicyId{3}, any).error().code == Error::Code::Invalid);
    CHECK(matcher.move(PolicyId{1}, 2).error().code == Error::Code::Invalid);
    CHECK(matcher.move(PolicyId{3}, 0).error().code == Error::Code::NotFound);
    CHECK(matcher.remove(PolicyId{3}).error().code == Error::Code::NotFound);
    CHECK(matcher.view()->match(pair_packet(1)) == PolicyId{1});
    CHECK(matcher.view()->match(pair_packet(9)) == PolicyId{2});
    CHECK(matcher.view()->match({}) == PolicyId{2});
  };
  LinearMatcher linear;
  refuses(linear);
  IntervalMatcher interval;
  refuses(interval);

  const std::vector<Selector> too_many(IntervalMatcher::kSegmentColumns + 1);
  CHECK(interval.insert(0, PolicyId{4}, too_many).error().code == Error::Code::Exhausted);
  CHECK(interval.insert(0, PolicyId{4}, std::span(too_many).subspan(1)).has_value());
  CHECK(interval.view()->match(pair_packet(1)) == PolicyId{4});
}

TEST_CASE("an edit of a large list builds the index of one segment") {
  constexpr std::uint32_t kSegments = 3;
  IntervalMatcher matcher;
  append_pairs(matcher, kSegments * IntervalMatcher::kSegmentColumns);
  CHECK(matcher.segments() == kSegments);
  const auto before = matcher.view();
  const std::size_t built = matcher.bytes();
  // Positions of the middle segment: only its index has to go.
  REQUIRE(matcher.remove(PolicyId{5001}));
  CHECK(matcher.bytes() > built / 2);
  CHECK(matcher.bytes() < built);
  const auto after = matcher.view();
  CHECK(before->match(pair_packet(5000)) == PolicyId{5001});
  CHECK(after->match(pair_packet(5000)) == kNoPolicy);
  CHECK(after->match(pair_packet(5001)) == PolicyId{5002});
  CHECK(after->match(pair_packet(12287)) == PolicyId{12288});
}

TEST_CASE("memory stays within its bound for lists made to need much of it") {
  // Ranges that begin and end in different orders, each axis in its own: nearly every interval has
  // a row that no other one has.
  IntervalMatcher matcher;
  constexpr std::uint32_t kPolicies = IntervalMatcher::kSegmentColumns;
  const auto shuffled = [](std::uint32_t i, std::uint32_t odd) { return i * odd % kPolicies; };
  for (std::uint32_t i = 0; i < kPolicies; ++i) {
    Selector selector;
    selector.local = {{Address::v4(i), Address::v4(8192 + shuffled(i, 3))}};
    selector.remote = {{Address::v4(shuffled(i, 5)), Address::v4(8192 + shuffled(i, 7))}};
    selector.protocol = std::uint8_t{6};
    const auto ports = [&](std::uint32_t first, std::uint32_t last) {
      return PortSet::of({{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}});
    };
    selector.local_port = ports(shuffled(i, 9), 8192 + shuffled(i, 11)).value();
    selector.remote_port = ports(shuffled(i, 13), 8192 + shuffled(i, 15)).value();
    REQUIRE(matcher.insert(i, PolicyId{i + 1}, std::span(&selector, 1)));
  }
  const auto view = matcher.view();
  CHECK(view->match({Address::v4(5000), Address::v4(5000), 6, 5000, 5000}) == PolicyId{1});
  CHECK(view->match({Address::v4(8192 + 3 * 9), Address::v4(8192), 6, 8192, 8192}).value >= 10);
  // Two ends a range and a row of 65 words for each.
  constexpr std::size_t kBound = IntervalMatcher::kSegmentRanges * 2 * 66 * 8;
  CHECK(matcher.segments() == 1);
  CHECK(matcher.bytes() < kBound);
  CHECK(matcher.bytes() > kBound / 2);
}

TEST_CASE("an entry of very many ranges stands in a segment of its own") {
  IntervalMatcher matcher;
  std::vector<Selector> long_list(1);
  for (std::uint32_t i = 0; i <= IntervalMatcher::kSegmentRanges; ++i)
    long_list[0].local.push_back({Address::v4(4 * i), Address::v4(4 * i + 1)});
  const std::vector<Selector> any(1);
  REQUIRE(matcher.insert(0, PolicyId{1}, long_list));
  CHECK(matcher.segments() == 1);
  REQUIRE(matcher.insert(1, PolicyId{2}, any));
  REQUIRE(matcher.insert(0, PolicyId{3}, std::vector{pair(0)}));
  CHECK(matcher.segments() == 3);
  const auto view = matcher.view();
  CHECK(view->match({.local = Address::v4(4 * 9001 + 1), .remote = {}}) == PolicyId{1});
  CHECK(view->match({.local = Address::v4(4 * 9001 + 2), .remote = {}}) == PolicyId{2});
  CHECK(view->match(pair_packet(0)) == PolicyId{3});
}

TEST_CASE("an old view answers as it did while the matcher is edited and views are made") {
  constexpr std::uint32_t kPolicies = 150;
  IntervalMatcher matcher;
  append_pairs(matcher, kPolicies);
  const auto old = matcher.view();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> asked{0};
  const auto read = [&] {
    for (std::uint32_t i = 0; !stop; i = (i + 1) % kPolicies, ++asked)
      if (old->match(pair_packet(i)) != PolicyId{i + 1}) ++wrong;
  };
  std::array<std::jthread, 2> readers{std::jthread(read), std::jthread(read)};
  for (std::uint32_t i = 0; i < kPolicies || asked < 1000; ++i) {
    const PolicyId id{i % kPolicies + 1};
    REQUIRE(matcher.remove(id));
    REQUIRE(matcher.view()->match(pair_packet(i % kPolicies)) == kNoPolicy);
    const Selector selector = pair(i % kPolicies);
    REQUIRE(matcher.insert(0, id, std::span(&selector, 1)));
    REQUIRE(matcher.view()->match(pair_packet(i % kPolicies)) == id);
  }
  stop = true;
  for (std::jthread& reader : readers) reader.join();
  CHECK(wrong == 0);
}
