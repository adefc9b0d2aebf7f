// What docs/control-protocol.md says of a view, beside what a gateway shows.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sallyport::test {

// The page names the fields of these rows, of which there are some, and no others; those that are
// not in every row it marks.
void check_documented(const std::string& view, const nlohmann::json& rows);

}  // namespace sallyport::test
