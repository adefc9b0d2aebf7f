#include "gateway/request_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

namespace sallyport {
namespace {

[[noreturn]] void refuse_argument(std::string_view name, std::string_view must) {
  throw std::invalid_argument(fmt::format("the argument \"{}\" must be {}", name, must));
}

}  // namespace

RequestArguments::RequestArguments(const nlohmann::json& arguments) : arguments_(arguments) {
  if (!arguments.is_object()) throw std::invalid_argument("the arguments must be an object");
}

bool RequestArguments::has(const char* name) const { return arguments_.contains(name); }

std::string RequestArguments::text(const char* name) const {
  auto value = optional_text(name);
  if (!value) refuse_argument(name, "a text");
  return *std::move(value);
}

std::optional<std::string> RequestArguments::optional_text(const char* name) const {
  if (!has(name)) return std::nullopt;
  if (!arguments_[name].is_string()) refuse_argument(name, "a text");
  return arguments_[name].get<std::string>();
}

std::optional<std::uint64_t> RequestArguments::optional_number(const char* name,
                                                               std::uint64_t most) const {
  if (!has(name)) return std::nullopt;
  if (!arguments_[name].is_number_unsigned()) refuse_argument(name, "a number");
  const auto value = arguments_[name].get<std::uint64_t>();
  if (value > most) refuse_argument(name, fmt::format("a number from 0 to {}", most));
  return value;
}

bool RequestArguments::flag(const char* name) const {
  if (!has(name)) return false;
  if (!arguments_[name].is_boolean()) refuse_argument(name, "true or false");
  return arguments_[name].get<bool>();
}

std::string RequestArguments::only_one_of(std::initializer_list<const char*> names) const {
  std::vector<std::string> given;
  for (const char* name : names)
    if (has(name)) given.emplace_back(name);
  if (given.size() == 1) return given.front();
  throw std::invalid_argument(
      fmt::format("the arguments must hold one of {}", fmt::join(names, ", ")));
}

}  // namespace sallyport
