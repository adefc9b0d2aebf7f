// The only error type of the control plane: what went wrong, where, and what to do about it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

struct Error {
  enum class Code { Invalid, NotFound, Exists, Exhausted, Refused, Io, Unsupported };

  Code code{Code::Invalid};
  std::string where;   // "gateway.toml:12:3", a table's name, or empty
  std::string what;    // one sentence without a full stop
  std::string remedy;  // what would be right; may be empty
};

// "where: what (remedy)", for logs and terminals.
[[nodiscard]] std::string to_string(const Error& error);
// The word that the control protocol uses for the code ("invalid", "not_found", ...).
[[nodiscard]] std::string_view to_string(Error::Code code);

template <class T>
using Expected = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Error::Code code, std::string what,
                                                 std::string remedy = {}, std::string where = {}) {
  return std::unexpected(Error{code, std::move(where), std::move(what), std::move(remedy)});
}

}  // namespace sallyport
