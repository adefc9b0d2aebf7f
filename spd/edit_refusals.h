// What every matcher refuses, in the same words.
#pragma once

#include <expected>

#include "base/error.h"
#include "spd/policy.h"

namespace sallyport {

[[nodiscard]] std::unexpected<Error> id_in_use(PolicyId id);
[[nodiscard]] std::unexpected<Error> no_such_id(PolicyId id);
// Of an entry that comes to `count` others, and of one that stands among `count`.
[[nodiscard]] std::unexpected<Error> past_the_end(std::size_t position, std::size_t count);
[[nodiscard]] std::unexpected<Error> past_the_last(std::size_t position, std::size_t count);

}  // namespace sallyport
