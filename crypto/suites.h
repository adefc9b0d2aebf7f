// Named sets of algorithms (RFC 4308, RFC 6379): the ESP halves. IKE adds its own.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "crypto/algorithms.h"

namespace sallyport {

struct Suite {
  std::string_view name;           // the RFC's UI name, to the letter
  std::span<const Transform> esp;  // in falling preference
};

[[nodiscard]] std::span<const Suite> all_suites() noexcept;
[[nodiscard]] std::optional<Suite> suite_by_name(std::string_view name) noexcept;

}  // namespace sallyport
