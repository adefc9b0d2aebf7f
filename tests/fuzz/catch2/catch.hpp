// What test support asks of Catch2, in a fuzz target: an assertion that fails is a find.
#pragma once

#include <cstdlib>
#include <iostream>

namespace sallyport {

inline void require_or_abort(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "failed: " << what << '\n';
  std::abort();
}

}  // namespace sallyport

#define REQUIRE(...) ::sallyport::require_or_abort(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__)
#define CHECK(...) REQUIRE(__VA_ARGS__)
#define FAIL(what) \
  (std::cerr << what << '\n', ::sallyport::require_or_abort(false, "see the line above"))
#define INFO(what) static_cast<void>(0)
