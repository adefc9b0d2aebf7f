// golden FOLDER: the kernel's packets, both ways. Ends with "N passed, N failed".
#include <fmt/core.h>

#include <catch2/catch.hpp>

#include "tests/golden/golden_check.h"
#include "tests/support/catch_main.h"

using namespace sallyport;

namespace {

struct Tally {
  unsigned passed{};
  unsigned failed{};
};

std::string check(const GoldenCase& golden) {
  if (!golden.fault.empty()) return golden.fault;
  try {
    std::string fault = check_outbound(golden);
    return fault.empty() ? check_inbound(golden) : fault;
  } catch (const Catch::TestFailureException&) {
    return "the gateway could not be set up, or an account does not balance: see above";
  }
}

void run_case(const GoldenCase& golden, Tally& tally) {
  const std::string fault = check(golden);
  if (fault.empty()) {
    ++tally.passed;
    return;
  }
  fmt::print("FAILED {}: {}\n", golden.id, fault);
  ++tally.failed;
}

std::vector<GoldenCase> cases;
Tally tally;

}  // namespace

// The gateways of a case need a test case around them, since they make requirements.
TEST_CASE("golden packets cross both ways") {
  for (const GoldenCase& golden : cases) run_case(golden, tally);
  CHECK(tally.failed == 0);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: golden FOLDER\n");
    return 2;
  }
  auto read = read_golden(argv[1]);
  if (!read) {
    fmt::print(stderr, "{}\n", to_string(read.error()));
    return 2;
  }
  cases = std::move(*read);
  const char* const arguments[] = {argv[0], "--reporter", "compact"};
  const int status = run_tests(3, arguments);
  fmt::print("{} passed, {} failed\n", tally.passed, tally.failed);
  return status;
}
