// Catch2, compiled once for all test programs, and the main of those that bring none.
#define CATCH_CONFIG_RUNNER
#include "tests/support/catch_main.h"

#include <catch2/catch.hpp>

namespace sallyport {

int run_tests(int argc, const char* const* argv) { return Catch::Session().run(argc, argv); }

}  // namespace sallyport

__attribute__((weak)) int main(int argc, char** argv) { return sallyport::run_tests(argc, argv); }
