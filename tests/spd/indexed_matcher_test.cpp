#include "spd/indexed_matcher.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "spd/linear_matcher.h"
#include "tests/spd/pair_policies.h"
#include "tests/spd/random_policies.h"

namespace sallyport::indexed_matcher_test {

using namespace test;

namespace {

// The ordered list as plainly as it can be kept.
struct Model {
  struct Entry {
    PolicyId id;
    std::vector<Selector> selectors;
    bool active{true};
  };
  std::vector<Entry> entries;

  auto at(std::size_t position) { return entries.begin() + static_cast<std::ptrdiff_t>(position); }
  [[nodiscard]] PolicyId match(const SelectorFields& fields) const {
    for (const Entry& entry : entries)
      for (const Selector& selector : entry.selectors)
        if (entry.active && matches(selector, fields)) return entry.id;
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
  IndexedMatcher indexed;
  Model model;
  RandomPolicies random;
  std::uint32_t next_id{1};

  explicit Trio(std::uint64_t seed) : random(seed) {}

  void insert() {
    const std::size_t position = random.below(model.entries.size() + 1);
    const PolicyId id{next_id++};
    const std::vector<Selector> selectors = random.selectors(3);
    REQUIRE(linear.insert(position, id, selectors));
    REQUIRE(indexed.insert(position, id, selectors));
    model.entries.insert(model.at(position), {.id = id, .selectors = selectors});
  }
  void remove() {
    const auto gone = model.at(random.below(model.entries.size()));
    REQUIRE(linear.remove(gone->id));
    REQUIRE(indexed.remove(gone->id));
    model.entries.erase(gone);
  }
  void move() {
    const auto from = model.at(random.below(model.entries.size()));
    const std::size_t position = random.below(model.entries.size());
    REQUIRE(linear.move(from->id, position));
    REQUIRE(indexed.move(from->id, position));
    Model::Entry moved = std::move(*from);
    model.entries.erase(from);
    model.entries.insert(model.at(position), std::move(moved));
  }
  // Now and then one is met by nothing, or is met again.
  void toggle() {
    Model::Entry& entry = *model.at(random.below(model.entries.size()));
    entry.active = !entry.active;
    const auto activity =
        entry.active ? PolicyMatcher::Activity::Active : PolicyMatcher::Activity::Inactive;
    REQUIRE(linear.set_activity(entry.id, activity));
    REQUIRE(indexed.set_activity(entry.id, activity));
  }
  // Leaves some out, moves some, and adds some.
  void replace() {
    std::erase_if(model.entries, [&](const Model::Entry&) { return random.below(4) == 0; });
    for (std::size_t moves = random.below(4); moves > 0 && !model.entries.empty(); --moves)
      std::iter_swap(model.at(random.below(model.entries.size())),
                     model.at(random.below(model.entries.size())));
    for (std::size_t added = random.below(8); added > 0; --added)
      model.entries.insert(model.at(random.below(model.entries.size() + 1)),
                           {.id = PolicyId{next_id++}, .selectors = random.selectors(3)});
    std::vector<PolicyMatcher::Listed> list;
    for (const Model::Entry& entry : model.entries)
      list.push_back(
          {entry.id, entry.selectors,
           entry.active ? PolicyMatcher::Activity::Active : PolicyMatcher::Activity::Inactive});
    REQUIRE(linear.replace(list));
    REQUIRE(indexed.replace(list));
  }
  void edit() {
    switch (model.entries.empty() ? 0 : random.below(6)) {
      case 0:
      case 1:
        return insert();
      case 2:
        return remove();
      case 3:
      case 4:
        return toggle();
      default:
        return move();
    }
  }
  void compare(int packets) {
    const auto slow = linear.view();
    const auto fast = indexed.view();
    const std::vector<Selector> selectors = model.selectors();
    for (int i = 0; i < packets; ++i) {
      const SelectorFields fields = random.packet(selectors);
      const PolicyId expected = model.match(fields);
      if (slow->match(fields) != expected || fast->match(fields) != expected)
        FAIL("packet " << i << " after " << next_id << " insertions");
    }
  }
};

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

TEST_CASE("SPD-01: whole lists in exchange leave both matchers and a plain list of one mind") {
  for (std::uint64_t seed = 100; seed < 110; ++seed) {
    Trio trio(seed);
    for (int edits = 0; edits < 30; ++edits) {
      trio.replace();
      trio.edit();
      trio.compare(60);
    }
  }
}

TEST_CASE(
    "SPD-01: a base that is built while edits go on, and bases that had to be built at once") {
  Trio trio(7);
  // No base yet, and a delta of more than it may be: the view builds one.
  while (trio.indexed.delta() <= IndexedMatcher::kMostDelta) trio.insert();
  trio.compare(200);
  CHECK(trio.indexed.delta() == 0);
  CHECK(trio.indexed.begin_rebuild() == nullptr);
  for (int round = 0; round < 3; ++round) {
    while (trio.indexed.delta() <= IndexedMatcher::kWorthRebuilding) trio.move();
    trio.compare(200);
    const auto rebuild = trio.indexed.begin_rebuild();
    REQUIRE(rebuild != nullptr);
    for (int i = 0; i < 100; ++i) trio.edit();  // they are not in it
    trio.compare(200);
    rebuild->run();
    trio.indexed.finish_rebuild(*rebuild);
    CHECK(trio.indexed.delta() > 0);
    CHECK(trio.indexed.delta() < 300);
    trio.compare(300);
    for (int i = 0; i < 50; ++i) trio.edit();
    trio.compare(300);
  }
  while (trio.model.entries.size() > 40) trio.remove();
  trio.compare(300);
  if (const auto rebuild = trio.indexed.begin_rebuild()) {  // else the view has built a base
    rebuild->run();
    trio.indexed.finish_rebuild(*rebuild);
  }
  CHECK(trio.indexed.dead() == 0);
  CHECK(trio.indexed.delta() == 0);
  trio.compare(300);
}

TEST_CASE("an exchanged list moves the fewest entries out of the base") {
  constexpr std::uint32_t kPolicies = IndexedMatcher::kWorthRebuilding + 100;
  IndexedMatcher matcher;
  append_pairs(matcher, kPolicies);
  const auto rebuild = matcher.begin_rebuild();
  rebuild->run();
  matcher.finish_rebuild(*rebuild);
  REQUIRE(matcher.delta() == 0);
  std::vector<Selector> selectors;
  for (std::uint32_t i = 0; i < kPolicies; ++i) selectors.push_back(pair(i));
  std::vector<PolicyMatcher::Listed> list;
  for (std::uint32_t i = 0; i < kPolicies; ++i)
    list.push_back({PolicyId{i + 1}, std::span(&selectors[i], 1)});
  REQUIRE(matcher.replace(list));
  CHECK(matcher.delta() == 0);
  std::ranges::rotate(list, list.begin() + 1);  // the first one goes to the end
  list.erase(list.begin() + 5);
  REQUIRE(matcher.replace(list));
  CHECK(matcher.delta() == 1);
  CHECK(matcher.dead() == 2);
  const auto view = matcher.view();
  CHECK(view->match(pair_packet(0)) == PolicyId{1});
  CHECK(view->match(pair_packet(6)) == kNoPolicy);
  CHECK(view->match(pair_packet(7)) == PolicyId{8});
}

TEST_CASE("SPD-01: what moves while a base is built stands where it was moved to") {
  IndexedMatcher matcher;
  append_pairs(matcher, IndexedMatcher::kWorthRebuilding + 1);
  constexpr PolicyId kAny{50'000};
  const std::vector<Selector> any(1);
  REQUIRE(matcher.insert(IndexedMatcher::kWorthRebuilding + 1, kAny, any));
  const auto rebuild = matcher.begin_rebuild();
  REQUIRE(rebuild != nullptr);
  REQUIRE(matcher.move(kAny, 0));
  rebuild->run();
  matcher.finish_rebuild(*rebuild);
  CHECK(matcher.delta() == 1);
  CHECK(matcher.dead() == 1);
  CHECK(matcher.view()->match(pair_packet(5)) == kAny);
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
    const std::array<PolicyMatcher::Listed, 2> twice{{{PolicyId{4}, any}, {PolicyId{4}, any}}};
    CHECK(matcher.replace(twice).error().code == Error::Code::Exists);
    CHECK(matcher.view()->match(pair_packet(1)) == PolicyId{1});
    CHECK(matcher.view()->match(pair_packet(9)) == PolicyId{2});
    CHECK(matcher.view()->match({}) == PolicyId{2});
  };
  LinearMatcher linear;
  refuses(linear);
  IndexedMatcher indexed;
  refuses(indexed);
}

TEST_CASE("an edit of a large list leaves its base alone, and old views as they are") {
  constexpr std::uint32_t kPolicies = 12'288;
  IndexedMatcher matcher;
  append_pairs(matcher, kPolicies);
  const auto before = matcher.view();
  CHECK(matcher.delta() == 0);
  REQUIRE(matcher.remove(PolicyId{5001}));
  REQUIRE(matcher.move(PolicyId{7}, 9000));
  CHECK(matcher.delta() == 1);
  CHECK(matcher.dead() == 2);
  const auto after = matcher.view();
  CHECK(matcher.delta() == 1);
  CHECK(before->match(pair_packet(5000)) == PolicyId{5001});
  CHECK(after->match(pair_packet(5000)) == kNoPolicy);
  CHECK(after->match(pair_packet(5001)) == PolicyId{5002});
  CHECK(after->match(pair_packet(6)) == PolicyId{7});
  CHECK(after->match(pair_packet(12287)) == PolicyId{12288});
  // Where an entry of the delta stands decides against those of the base, and among its like.
  const std::vector<Selector> any(1);
  REQUIRE(matcher.insert(100, PolicyId{20'000}, any));
  REQUIRE(matcher.insert(100, PolicyId{20'001}, std::vector{pair(50), pair(200), pair(300)}));
  const auto crossed = matcher.view();
  CHECK(crossed->match(pair_packet(50)) == PolicyId{51});
  CHECK(crossed->match(pair_packet(200)) == PolicyId{20'001});
  CHECK(crossed->match(pair_packet(400)) == PolicyId{20'000});
}

TEST_CASE("an entry of very many ranges, and one of very many selectors") {
  IndexedMatcher matcher;
  std::vector<Selector> long_list(1);
  for (std::uint32_t i = 0; i <= 20'000; ++i)
    long_list[0].local.push_back({Address::v4(4 * i), Address::v4(4 * i + 1)});
  const std::vector<Selector> any(1);
  REQUIRE(matcher.insert(0, PolicyId{1}, long_list));
  REQUIRE(matcher.insert(1, PolicyId{2}, any));
  REQUIRE(matcher.insert(0, PolicyId{3}, std::vector{pair(0)}));
  const auto view = matcher.view();
  CHECK(view->match({.local = Address::v4(4 * 9001 + 1), .remote = {}}) == PolicyId{1});
  CHECK(view->match({.local = Address::v4(4 * 9001 + 2), .remote = {}}) == PolicyId{2});
  CHECK(view->match(pair_packet(0)) == PolicyId{3});
  std::vector<Selector> pairs;
  for (std::uint32_t i = 0; i < kMostSelectors; ++i) pairs.push_back(pair(10 + i));
  REQUIRE(matcher.insert(0, PolicyId{4}, pairs));
  CHECK(matcher.view()->match(pair_packet(10 + 4000)) == PolicyId{4});
}

TEST_CASE("the last values of an axis lie in its last interval, however many there are") {
  const Address last = Address::v4(0xffffffff);
  const Address last6 = Address::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").value();
  for (const std::uint32_t count : {1u, 2u, 15u, 16u, 17u, 40u, 300u, 5000u}) {
    CAPTURE(count);
    IndexedMatcher matcher;
    append_pairs(matcher, count);
    for (std::uint32_t i = 0; i < count; ++i) {  // as many intervals of IPv6
      Address host = last6;
      store_be<std::uint32_t>(host.bytes.data(), 0x20000000 + 2 * i);
      Selector selector;
      selector.local = selector.remote = {{host, host}};
      REQUIRE(matcher.insert(i, PolicyId{10'000 + i}, std::span(&selector, 1)));
    }
    CHECK(matcher.view()->match({.local = last, .remote = last}) == kNoPolicy);
    CHECK(matcher.view()->match({.local = last6, .remote = last6}) == kNoPolicy);
    Selector at_the_end;
    at_the_end.local = {{last, last}};
    REQUIRE(matcher.insert(2 * count, PolicyId{count + 1}, std::span(&at_the_end, 1)));
    CHECK(matcher.view()->match({.local = last, .remote = last}) == PolicyId{count + 1});
    Selector to_the_end;
    to_the_end.remote = {{last6, last6}};
    REQUIRE(matcher.insert(2 * count + 1, PolicyId{count + 2}, std::span(&to_the_end, 1)));
    CHECK(matcher.view()->match({.local = last6, .remote = last6}) == PolicyId{count + 2});
    CHECK(matcher.view()->match(pair_packet(count - 1)) == PolicyId{count});
  }
}

TEST_CASE("an old view answers as it did while the matcher is edited and views are made") {
  constexpr std::uint32_t kPolicies = 150;
  IndexedMatcher matcher;
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

}  // namespace sallyport::indexed_matcher_test
