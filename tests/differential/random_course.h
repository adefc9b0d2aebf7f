// Random courses: policies that overlap a lot, edits among packets, packets that come again.
#pragma once

#include "tests/differential/course.h"

namespace sallyport::differential {

// One set of policies, edits and this many packets; the same for the same seed.
[[nodiscard]] Course random_course(std::uint64_t seed, std::size_t packets);

}  // namespace sallyport::differential
