#include "gateway/config/value_parsers.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>

namespace sallyport {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
// In falling order of what an export should prefer.
constexpr Unit kDurations[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
constexpr Unit kSizes[] = {{"TiB", 1ull << 40},
                           {"TB", 1'000'000'000'000},
                           {"GiB", 1ull << 30},
                           {"GB", 1'000'000'000},
                           {"MiB", 1ull << 20},
                           {"MB", 1'000'000},
                           {"KiB", 1ull << 10},
                           {"kB", 1'000},
                           {"B", 1}};

Expected<std::uint64_t> read_quantity(const Value& value, std::span<const Unit> units,
                                      std::string_view example) {
  const std::string remedy = fmt::format("a whole number and its unit, as in \"{}\"", example);
  const std::string* text = value.text();
  if (text == nullptr) return wrong(value, shown(value) + " has no unit", remedy);
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{}) return wrong(value, shown(value) + " is not a quantity", remedy);
  std::string_view unit(rest, end);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  if (unit.empty()) return wrong(value, shown(value) + " has no unit", remedy);
  const auto found = std::ranges::find(units, unit, &Unit::name);
  if (found == units.end()) return wrong(value, shown(value) + " has an unknown unit", remedy);
  if (number == 0) return wrong(value, shown(value) + " is nothing", "leave it out for no limit");
  if (number > std::numeric_limits<std::int64_t>::max() / found->factor) {
    return wrong(value, shown(value) + " is too large");
  }
  return number * found->factor;
}

std::string quantity_text(std::uint64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (number % unit.factor == 0) return fmt::format("{}{}", number / unit.factor, unit.name);
  }
  return {};
}

template <class T>
Expected<T> read_parsed(const Value& value, std::string_view example) {
  const std::string* text = value.text();
  if (text != nullptr) {
    if (auto parsed = T::parse(*text)) return *parsed;
  }
  return wrong(value, shown(value) + " is not " + std::string(example));
}

}  // namespace

std::unexpected<Error> wrong(const Value& value, std::string what, std::string remedy,
                             Error::Code code) {
  return fail(code, std::move(what), std::move(remedy), to_string(value.at));
}

std::string shown(const Value& value) {
  constexpr std::size_t kLongest = 60;
  if (const auto* flag = std::get_if<bool>(&value.data)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) return fmt::to_string(*number);
  const std::string* text = value.text();
  if (text == nullptr) return std::string(kind_of(value));
  const bool printable = std::ranges::none_of(
      *text, [](char letter) { return static_cast<unsigned char>(letter) < ' '; });
  if (!printable || text->size() > kLongest) return "this text";
  return '"' + *text + '"';
}

Expected<bool> read_flag(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.data)) return *flag;
  return wrong(value, shown(value) + " is not a switch", "true or false, without quotes");
}

Expected<std::string> read_text(const Value& value) {
  const std::string* text = value.text();
  if (text == nullptr) return wrong(value, shown(value) + " is not text", "text in quotes");
  if (text->empty()) return wrong(value, "the text is empty");
  if (text->find('\0') != text->npos) return wrong(value, "the text holds a zero character");
  return *text;
}

Expected<std::string> read_name(const Value& value) {
  auto name = read_text(value);
  if (!name) return name;
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || std::string_view("_-.:").contains(letter);
  };
  if (name->size() > 63 || !std::ranges::all_of(*name, allowed) || name->front() == '.') {
    return wrong(value, shown(value) + " is not a name",
                 "1 to 63 letters, digits and \"_-.:\", the first one no dot");
  }
  return name;
}

Expected<Address> read_address(const Value& value) {
  return read_parsed<Address>(value, "an address, as in \"192.0.2.1\" or \"2001:db8::1\"");
}

Expected<Prefix> read_prefix(const Value& value) {
  return read_parsed<Prefix>(value, "a prefix, as in \"192.0.2.0/24\" or \"2001:db8::/32\"");
}

Expected<MacAddress> read_mac(const Value& value) {
  auto mac = read_parsed<MacAddress>(value, "a MAC address, as in \"02:00:00:00:00:01\"");
  if (mac && (mac->bytes[0] & 1) != 0) {
    return wrong(value, shown(value) + " is a group address", "the first octet is even");
  }
  return mac;
}

Expected<std::chrono::seconds> read_duration(const Value& value) {
  const auto seconds = read_quantity(value, kDurations, "8h");
  if (!seconds) return std::unexpected(seconds.error());
  return std::chrono::seconds(*seconds);
}

Expected<std::uint64_t> read_size(const Value& value) {
  return read_quantity(value, kSizes, "64KiB");
}

Expected<std::int64_t> read_integer(const Value& value, std::int64_t first, std::int64_t last) {
  const std::string range = fmt::format("{} to {}", first, last);
  const auto* number = std::get_if<std::int64_t>(&value.data);
  if (number == nullptr) {
    return wrong(value, shown(value) + " is not a whole number", range + ", without quotes");
  }
  if (*number < first || *number > last) {
    return wrong(value, shown(value) + " is out of range", range);
  }
  return *number;
}

std::string duration_text(std::chrono::seconds duration) {
  return quantity_text(static_cast<std::uint64_t>(duration.count()), kDurations);
}

std::string size_text(std::uint64_t bytes) { return quantity_text(bytes, kSizes); }

}  // namespace sallyport
