// Everything that is wrong with a configuration, gathered so that the operator sees it at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "gateway/config/document.h"

namespace sallyport {

class Diagnostics {
 public:
  void error(Error error) { errors_.push_back(std::move(error)); }
  void error(const Position& at, std::string what, std::string remedy = {},
             Error::Code code = Error::Code::Invalid);
  void warn(const Position& at, std::string what, std::string remedy = {});

  [[nodiscard]] std::size_t error_count() const noexcept { return errors_.size(); }
  // One error that prints as all of them, a line each; at least one was reported.
  [[nodiscard]] Error joined() const;
  [[nodiscard]] std::vector<std::string> warnings() && { return std::move(warnings_); }

 private:
  std::vector<Error> errors_;
  std::vector<std::string> warnings_;
};

// What to type instead of `wrong`: the nearest of `known` by edit distance, or all of them where
// none is near.
[[nodiscard]] std::string suggestion(std::string_view wrong,
                                     const std::vector<std::string_view>& known);

}  // namespace sallyport
