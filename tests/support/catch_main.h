// Runs the test cases of a program that has a main of its own.
#pragma once

namespace sallyport {

// The arguments are Catch2's; its exit status.
[[nodiscard]] int run_tests(int argc, const char* const* argv);

}  // namespace sallyport
