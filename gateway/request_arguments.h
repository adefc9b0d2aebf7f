// The arguments of one request of the control protocol. Whatever asks for one throws
// std::invalid_argument where it is not what it must be.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace sallyport {

class RequestArguments {
 public:
  // `arguments`, which outlives it, is an object.
  explicit RequestArguments(const nlohmann::json& arguments);

  [[nodiscard]] bool has(const char* name) const;
  [[nodiscard]] std::string text(const char* name) const;
  [[nodiscard]] std::optional<std::string> optional_text(const char* name) const;
  // Not negative, `most` at most.
  [[nodiscard]] std::optional<std::uint64_t> optional_number(const char* name,
                                                             std::uint64_t most = ~std::uint64_t{
                                                                 0}) const;
  // False where it is not given.
  [[nodiscard]] bool flag(const char* name) const;
  // The one of `names` that is given; throws where none is, or several are.
  [[nodiscard]] std::string only_one_of(std::initializer_list<const char*> names) const;

 private:
  const nlohmann::json& arguments_;
};

}  // namespace sallyport
