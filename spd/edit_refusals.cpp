#include "spd/edit_refusals.h"

#include <fmt/format.h>

namespace sallyport {

std::unexpected<Error> id_in_use(PolicyId id) {
  return fail(Error::Code::Exists, fmt::format("policy id {} is in use", id.value),
              "remove it first");
}

std::unexpected<Error> no_such_id(PolicyId id) {
  return fail(Error::Code::NotFound, fmt::format("there is no policy id {}", id.value));
}

std::unexpected<Error> past_the_end(std::size_t position, std::size_t count) {
  return fail(Error::Code::Invalid,
              fmt::format("position {} lies past the end of {} policies", position, count),
              fmt::format("choose 0 to {}", count));
}

std::unexpected<Error> past_the_last(std::size_t position, std::size_t count) {
  return fail(Error::Code::Invalid,
              fmt::format("position {} lies past the last of {} policies", position, count),
              fmt::format("choose 0 to {}", count - 1));
}

}  // namespace sallyport
