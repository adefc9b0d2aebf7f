#include "net/icmp_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "net/icmp.h"

namespace sallyport {
namespace {

constexpr std::uint16_t value_of(std::uint8_t type, std::uint8_t code) {
  return static_cast<std::uint16_t>(type << 8 | code);
}

struct Named {
  std::string_view name;
  IcmpKind kind;
};
constexpr std::uint16_t kFragmentationNeeded =
    value_of(icmp4::kUnreachable, icmp4::kCodeFragmentationNeeded);
constexpr std::array<Named, 2> kNamed{{
    {"fragmentation-needed", {Family::V4, kFragmentationNeeded, kFragmentationNeeded}},
    // Whatever its code: RFC 4443 3.2 has receivers ignore it.
    {"packet-too-big",
     {Family::V6, value_of(icmp6::kPacketTooBig, 0), value_of(icmp6::kPacketTooBig, 255)}},
}};

std::optional<std::uint8_t> octet(std::string_view text) {
  std::uint8_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<IcmpKind> parse_numbers(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view protocol = text.substr(0, slash);
  if (slash == text.npos || (protocol != "icmp" && protocol != "icmpv6")) return std::nullopt;
  const std::string_view numbers = text.substr(slash + 1);
  const std::size_t second = numbers.find('/');
  const auto type = octet(numbers.substr(0, second));
  const auto code =
      second == numbers.npos ? std::optional<std::uint8_t>{0} : octet(numbers.substr(second + 1));
  if (!type || !code) return std::nullopt;
  const std::uint8_t last = second == numbers.npos ? std::uint8_t{255} : *code;
  return IcmpKind{protocol == "icmp" ? Family::V4 : Family::V6, value_of(*type, *code),
                  value_of(*type, last)};
}

}  // namespace

Expected<IcmpKind> IcmpKind::parse(std::string_view text) {
  const auto named = std::ranges::find(kNamed, text, &Named::name);
  if (named != kNamed.end()) return named->kind;
  if (const auto kind = parse_numbers(text)) return *kind;
  return fail(Error::Code::Invalid, fmt::format("\"{}\" is no kind of ICMP message", text),
              "\"fragmentation-needed\", \"packet-too-big\", \"icmp/TYPE\", \"icmpv6/TYPE\", or "
              "either with \"/CODE\"");
}

std::string to_string(const IcmpKind& kind) {
  const auto named = std::ranges::find(kNamed, kind, &Named::kind);
  if (named != kNamed.end()) return std::string(named->name);
  const char* const protocol = kind.family == Family::V4 ? "icmp" : "icmpv6";
  if (kind.first == kind.last)
    return fmt::format("{}/{}/{}", protocol, kind.first >> 8, kind.first & 0xff);
  return fmt::format("{}/{}", protocol, kind.first >> 8);
}

std::vector<IcmpKind> path_mtu_messages() {
  std::vector<IcmpKind> kinds;
  for (const Named& named : kNamed) kinds.push_back(named.kind);
  return kinds;
}

bool is_one_of(const std::vector<IcmpKind>& kinds, const PacketSummary& message) noexcept {
  return std::ranges::any_of(kinds, [&](const IcmpKind& kind) {
    return kind.family == message.family && kind.first <= message.source_port &&
           message.source_port <= kind.last;
  });
}

}  // namespace sallyport
