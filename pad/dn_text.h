// The text of distinguished names, cut into its RDNs: for patterns, which stand for several names.
#pragma once

#include <string_view>
#include <vector>

namespace sallyport {

// Between commas that neither a backslash nor quotation marks hide; without blanks around them.
[[nodiscard]] std::vector<std::string_view> split_rdns(std::string_view text);

// "CN=*": any value. A star that is meant is "CN=\*".
[[nodiscard]] bool is_any_value(std::string_view rdn) noexcept;

// A "*" stands for an RDN, for the value of one, or for part of an RDN with several attributes.
[[nodiscard]] bool has_wildcard(std::string_view text);

}  // namespace sallyport
