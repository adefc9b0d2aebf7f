#include "base/error.h"

#include <catch2/catch.hpp>
#include <set>

namespace sallyport::error_test {
namespace {

TEST_CASE("error: says where, what and what would be right") {
  CHECK(to_string(Error{Error::Code::Invalid, "gateway.toml:3:1", "port is unknown",
                        "lan or wan"}) == "gateway.toml:3:1: port is unknown (lan or wan)");
  CHECK(to_string(fail(Error::Code::NotFound, "no such SA").error()) == "no such SA");
}

TEST_CASE("error: every code has a word of its own") {
  std::set<std::string_view> words;
  for (const auto code :
       {Error::Code::Invalid, Error::Code::NotFound, Error::Code::Exists, Error::Code::Exhausted,
        Error::Code::Refused, Error::Code::Io, Error::Code::Unsupported})
    words.insert(to_string(code));
  CHECK(words == std::set<std::string_view>{"invalid", "not_found", "exists", "exhausted",
                                            "refused", "io", "unsupported"});
}

}  // namespace
}  // namespace sallyport::error_test
