// Cached, indexed and decorrelated answers against the ordered list, while policies are edited: a
// hundredth of what scripts/soak runs.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/differential/random_course.h"
#include "tests/differential/worker_answers.h"

namespace sallyport::differential_test {

using namespace differential;

namespace {

constexpr std::size_t kPacketsOfSet = 1000;

std::uint64_t sets_wanted() {
  constexpr std::uint64_t kHundredth = 100;
  const char* const given = std::getenv("SALLYPORT_DIFFERENTIAL_SETS");
  return given == nullptr ? kHundredth : std::strtoull(given, nullptr, 10);
}

bool is_right(const Selector& selector, const SelectorFields& fields) {
  return matches(selector, fields);
}

std::string text_of(const Course& course) {
  std::string text;
  for (const Step& step : course) text += "    " + to_string(step) + "\n";
  return text;
}

// What is wrong, and the shortest course that shows it; empty where nothing is.
std::string fault_of(const Course& course, Answers& answers, const PlainList::Matches& matches) {
  if (!run(course, answers, matches)) return {};
  const Course shortest = shrink(
      course, [&](const Course& shorter) { return run(shorter, answers, matches).has_value(); });
  return *run(shortest, answers, matches) + "\n" + text_of(shortest);
}

}  // namespace

TEST_CASE(
    "SPD-01, SPD-02, SPD-04, SPD-06: workers and the decorrelated SPD say what the list says") {
  WorkerAnswers answers;
  std::uint64_t packets = 0;
  for (std::uint64_t seed = 1; seed <= sets_wanted(); ++seed) {
    const Course course = random_course(seed, kPacketsOfSet);
    const std::string fault = fault_of(course, answers, is_right);
    INFO("set " << seed << ": " << fault);
    REQUIRE(fault.empty());
    packets += kPacketsOfSet;
  }
  fmt::print(
      "{} sets, {} packets and more, {} answered by the cache, {} found stale, {} pieces looked "
      "at\n",
      sets_wanted(), packets, answers.cached(), answers.stale(), answers.pieces());
  CHECK(answers.cached() > packets / 8);
  CHECK(answers.stale() > packets / 1000);
  CHECK(answers.pieces() > packets / 10);
}

TEST_CASE("a difference is found and shrunk to the policies and the packet that it takes") {
  // The list takes any remote port: it is the one that is wrong, and one entry and one packet show
  // it.
  const PlainList::Matches blind = [](Selector selector, const SelectorFields& fields) {
    selector.remote_port = PortSet::any();
    return matches(selector, fields);
  };
  WorkerAnswers answers;
  unsigned found = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Course course = random_course(seed, 300);
    if (!run(course, answers, blind)) continue;
    ++found;
    const auto fails = [&](const Course& shorter) {
      return run(shorter, answers, blind).has_value();
    };
    const Course shortest = shrink(course, fails);
    INFO(text_of(shortest));
    CHECK(fails(shortest));
    CHECK(shortest.size() == 2);
    CHECK(shortest.back().kind == Step::Kind::Ask);
    REQUIRE(shortest.front().policy.selectors.size() == 1);
    CHECK(shortest.front().policy.selectors[0].local.empty());
  }
  CHECK(found >= 3);
}

}  // namespace sallyport::differential_test
