#include "net/selector.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "net/protocol.h"

namespace sallyport {
namespace {

std::string_view name(Family family) { return family == Family::V4 ? "IPv4" : "IPv6"; }

std::optional<unsigned> parse_number(std::string_view text, unsigned largest) noexcept {
  unsigned number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number > largest)
    return std::nullopt;
  return number;
}

// One end of a range, as the values that it may stand for: "3" in ICMP is 3/0 to 3/255.
std::optional<PortRange> parse_port_value(std::string_view text, PortNotation notation) noexcept {
  const auto range = [](unsigned first, unsigned last) {
    return PortRange{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
  };
  if (notation == PortNotation::Port) {
    const auto port = parse_number(text, 0xffff);
    return port ? std::optional(range(*port, *port)) : std::nullopt;
  }
  const std::size_t slash = notation == PortNotation::Icmp ? text.find('/') : text.npos;
  const auto type = parse_number(text.substr(0, slash), 0xff);
  if (!type) return std::nullopt;
  if (notation == PortNotation::Mobility) return range(*type << 8, *type << 8);
  if (slash == text.npos) return range(*type << 8, *type << 8 | 0xff);
  const auto code = parse_number(text.substr(slash + 1), 0xff);
  if (!code) return std::nullopt;
  return range(*type << 8 | *code, *type << 8 | *code);
}

struct NotationFacts {
  std::string_view noun;
  std::string_view remedy;
};

NotationFacts facts(PortNotation notation) noexcept {
  switch (notation) {
    case PortNotation::Icmp:
      return {"an ICMP type", "a type like 8, a type and code like 3/1, or a range like 3/0-3/5"};
    case PortNotation::Mobility:
      return {"a mobility header type", "a number from 0 to 255 or a range like 1-4"};
    case PortNotation::Port:
      break;
  }
  return {"a port", "a number from 0 to 65535 or a range like 1024-2047"};
}

// Refuses what names a group: an end in multicast space, but for the end of the whole space.
Expected<void> validate(const AddressRange& range) {
  if (range.first.family != range.last.family)
    return fail(Error::Code::Invalid,
                fmt::format("the range {} mixes IPv4 and IPv6", to_string(range)),
                "both ends of a range are of one family");
  if (range.last < range.first)
    return fail(Error::Code::Invalid, fmt::format("the range {} runs backwards", to_string(range)),
                "the lower address stands first");
  const bool to_the_end = !next(range.last).has_value();
  if (range.first.is_multicast() || (range.last.is_multicast() && !to_the_end))
    return fail(Error::Code::Invalid, fmt::format("{} names multicast addresses", to_string(range)),
                "a selector holds unicast addresses; IPv4 broadcast is allowed");
  return {};
}

Expected<void> validate_family(const Selector& selector) {
  const std::optional<Family> family = selector.family();
  for (const auto* list : {&selector.local, &selector.remote}) {
    for (const AddressRange& range : *list) {
      if (Expected<void> good = validate(range); !good) return good;
      if (range.first.family != family)
        return fail(Error::Code::Invalid,
                    fmt::format("{} is {} in an entry whose first address is {}", to_string(range),
                                name(range.first.family), name(*family)),
                    "all addresses of one entry are of one family: write two entries");
    }
  }
  return {};
}

Expected<void> validate_ports(const Selector& selector) {
  const bool any = selector.local_port.is_any() && selector.remote_port.is_any();
  const bool lists =
      !selector.local_port.ranges().empty() || !selector.remote_port.ranges().empty();
  if (!selector.protocol && !any)
    return fail(Error::Code::Invalid, "protocol any goes with ports any only",
                "name the protocol that has these ports, or leave the ports out");
  if (selector.protocol && lists && port_meaning(*selector.protocol) == PortMeaning::None)
    return fail(Error::Code::Invalid,
                fmt::format("protocol {} shows no ports", protocol_name(*selector.protocol)),
                "ports any or opaque; lists go with tcp, udp, sctp, dccp, udplite, icmp, icmpv6 "
                "and mobility");
  return {};
}

bool intersect(const std::vector<AddressRange>& left,
               const std::vector<AddressRange>& right) noexcept {
  if (left.empty() || right.empty()) return true;
  return std::ranges::any_of(left, [&](const AddressRange& one) {
    return std::ranges::any_of(right, [&](const AddressRange& other) {
      return one.first.family == other.first.family && one.first <= other.last &&
             other.first <= one.last;
    });
  });
}

// True where a value that a packet shows is in both.
bool intersect(const PortSet& left, const PortSet& right) noexcept {
  if (left.is_opaque() || right.is_opaque()) return false;
  if (left.is_any() || right.is_any()) return true;
  return std::ranges::any_of(left.ranges(), [&](const PortRange& one) {
    return std::ranges::any_of(right.ranges(), [&](const PortRange& other) {
      return one.first <= other.last && other.first <= one.last;
    });
  });
}

bool matches_hidden_ports(const Selector& selector) noexcept {
  return selector.local_port.contains(kUnavailable) && selector.remote_port.contains(kUnavailable);
}

// `protocol` nullopt: any of them.
bool ports_overlap(const Selector& left, const Selector& right,
                   std::optional<std::uint8_t> protocol) noexcept {
  if (matches_hidden_ports(left) && matches_hidden_ports(right)) return true;
  const PortMeaning meaning = protocol ? port_meaning(*protocol) : PortMeaning::Icmp;
  if (meaning == PortMeaning::None) return false;
  const bool local = intersect(left.local_port, right.local_port);
  const bool remote = intersect(left.remote_port, right.remote_port);
  // One value of ICMP or MH stands in the sender's slot and leaves the other one open.
  return meaning == PortMeaning::Ports ? local && remote : local || remote;
}

std::string list_text(const std::vector<AddressRange>& ranges) {
  if (ranges.empty()) return "any";
  std::string text;
  for (const AddressRange& range : ranges) {
    if (!text.empty()) text += ',';
    text += to_string(range);
  }
  return text;
}

// The prefix length, where the range is a prefix.
std::optional<unsigned> prefix_length(const AddressRange& range) noexcept {
  unsigned length = 0;
  for (std::size_t i = 0; i < range.first.wire().size(); ++i) {
    const auto differing = static_cast<std::uint8_t>(range.first.bytes[i] ^ range.last.bytes[i]);
    length += static_cast<unsigned>(std::countl_zero(differing));
    if (differing != 0) break;
  }
  if (AddressRange::of({range.first, static_cast<std::uint8_t>(length)}) != range)
    return std::nullopt;
  return length;
}

}  // namespace

Expected<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    const Expected<Prefix> prefix = Prefix::parse(text);
    if (!prefix) return std::unexpected(prefix.error());
    if (prefix->first() != prefix->address)
      return fail(Error::Code::Invalid, fmt::format("\"{}\" has bits behind its prefix", text),
                  fmt::format("{}/{}", to_string(prefix->first()), prefix->length));
    return of(*prefix);
  }
  const Expected<Address> first = Address::parse(text.substr(0, dash));
  if (!first) return std::unexpected(first.error());
  const Expected<Address> last = Address::parse(text.substr(dash + 1));
  if (!last) return std::unexpected(last.error());
  const AddressRange range{*first, *last};
  if (first->family != last->family || *last < *first)
    return std::unexpected(validate(range).error());
  return range;
}

std::string to_string(const AddressRange& range) {
  if (range.first == range.last) return to_string(range.first);
  if (range.first.family == range.last.family)
    if (const auto length = prefix_length(range))
      return fmt::format("{}/{}", to_string(range.first), *length);
  return fmt::format("{}-{}", to_string(range.first), to_string(range.last));
}

Expected<PortRange> PortRange::parse(std::string_view text, PortNotation notation) {
  const auto [noun, remedy] = facts(notation);
  const std::size_t dash = text.find('-');
  const auto first = parse_port_value(text.substr(0, dash), notation);
  const auto last = dash == text.npos ? first : parse_port_value(text.substr(dash + 1), notation);
  if (!first || !last)
    return fail(Error::Code::Invalid, fmt::format("\"{}\" is not {}", text, noun),
                std::string(remedy));
  if (last->last < first->first)
    return fail(Error::Code::Invalid, fmt::format("the range \"{}\" runs backwards", text),
                "the lower value stands first");
  return PortRange{first->first, last->last};
}

Expected<PortSet> PortSet::of(std::vector<PortRange> ranges) {
  if (ranges.empty())
    return fail(Error::Code::Invalid, "an empty list of ports matches nothing",
                "\"any\", \"opaque\" or at least one range");
  std::ranges::sort(ranges);
  std::vector<PortRange> merged;
  for (const PortRange& range : ranges) {
    if (range.last < range.first)
      return fail(Error::Code::Invalid,
                  fmt::format("the range {}-{} runs backwards", range.first, range.last),
                  "the lower value stands first");
    if (!merged.empty() && range.first <= merged.back().last + 1)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  if (merged.front() == PortRange{}) return any();
  return PortSet{Kind::List, std::move(merged)};
}

Expected<PortSet> PortSet::parse(std::span<const std::string> texts, PortNotation notation) {
  std::vector<PortRange> ranges;
  for (const std::string& text : texts) {
    if (text == "any" || text == "opaque") {
      if (texts.size() != 1)
        return fail(Error::Code::Invalid, fmt::format("\"{}\" stands beside other values", text),
                    fmt::format("\"{}\" alone, or a list of ranges", text));
      return text == "any" ? any() : opaque();
    }
    const Expected<PortRange> range = PortRange::parse(text, notation);
    if (!range) return std::unexpected(range.error());
    ranges.push_back(*range);
  }
  return of(std::move(ranges));
}

bool PortSet::contains(PortValue value) const noexcept {
  if (kind_ == Kind::Any || value == kNotApplicable) return true;
  if (kind_ == Kind::Opaque) return value == kUnavailable;
  return std::ranges::any_of(ranges_, [value](const PortRange& range) {
    return range.first <= value && value <= range.last;
  });
}

std::string to_string(const PortSet& ports) {
  if (ports.is_any()) return "any";
  if (ports.is_opaque()) return "opaque";
  std::string text;
  for (const PortRange& range : ports.ranges()) {
    if (!text.empty()) text += ',';
    text += range.first == range.last ? fmt::to_string(range.first)
                                      : fmt::format("{}-{}", range.first, range.last);
  }
  return text;
}

std::optional<Family> Selector::family() const noexcept {
  if (!local.empty()) return local.front().first.family;
  if (!remote.empty()) return remote.front().first.family;
  return std::nullopt;
}

Expected<void> validate(const Selector& selector) {
  if (Expected<void> good = validate_family(selector); !good) return good;
  if (selector.protocol == kProtocolOpaque && selector.family() == Family::V4)
    return fail(Error::Code::Invalid, "protocol opaque is of IPv6 only",
                "an IPv4 packet always shows its protocol: name it, or any");
  return validate_ports(selector);
}

bool matches(const Selector& selector, const SelectorFields& fields) noexcept {
  const auto holds = [](const std::vector<AddressRange>& ranges, const Address& address) {
    return ranges.empty() || std::ranges::any_of(ranges, [&](const AddressRange& range) {
             return range.contains(address);
           });
  };
  return holds(selector.local, fields.local) && holds(selector.remote, fields.remote) &&
         (!selector.protocol || selector.protocol == fields.protocol) &&
         selector.local_port.contains(fields.local_port) &&
         selector.remote_port.contains(fields.remote_port);
}

bool overlaps(const Selector& left, const Selector& right) noexcept {
  const auto one = left.family();
  const auto other = right.family();
  if (one && other && one != other) return false;
  if (left.protocol && right.protocol && left.protocol != right.protocol) return false;
  return intersect(left.local, right.local) && intersect(left.remote, right.remote) &&
         ports_overlap(left, right, left.protocol ? left.protocol : right.protocol);
}

std::string to_string(const Selector& selector) {
  return fmt::format("{} <-> {} {} {} <-> {}", list_text(selector.local),
                     list_text(selector.remote),
                     selector.protocol ? protocol_name(*selector.protocol) : "any",
                     to_string(selector.local_port), to_string(selector.remote_port));
}

}  // namespace sallyport
