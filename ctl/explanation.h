// The answer of `explain` as a few aligned lines for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sallyport {

// What is missing in `answer` (docs/control-protocol.md) is not told.
[[nodiscard]] std::string format_explanation(const nlohmann::json& answer);

}  // namespace sallyport
