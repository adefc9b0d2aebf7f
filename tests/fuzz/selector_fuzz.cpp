// Fuzzes the text of selectors: what parses is printed, and what is printed parses to the same.
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/protocol.h"
#include "net/selector.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

// An error says what is wrong and what would be right.
template <class T>
bool parsed(const Expected<T>& result) {
  if (!result) require(!result.error().what.empty() && !result.error().remedy.empty());
  return result.has_value();
}

void addresses(std::string_view text) {
  if (const auto address = Address::parse(text); parsed(address))
    require(Address::parse(to_string(*address)) == *address);
  if (const auto prefix = Prefix::parse(text); parsed(prefix)) {
    require(Prefix::parse(to_string(*prefix)) == *prefix);
    require(prefix->contains(prefix->first()) && prefix->contains(prefix->last()));
  }
  if (const auto mac = MacAddress::parse(text); parsed(mac))
    require(MacAddress::parse(to_string(*mac)) == *mac);
  if (const auto range = AddressRange::parse(text); parsed(range)) {
    require(AddressRange::parse(to_string(*range)) == *range);
    const Selector selector{.local = {*range}};
    if (parsed(validate(selector))) require(overlaps(selector, selector));
  }
}

void ports(std::string_view text, PortNotation notation) {
  std::vector<std::string> list;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    list.emplace_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  const auto set = PortSet::parse(list, notation);
  if (!parsed(set)) return;
  for (const PortRange& range : set->ranges()) {
    require(range.first <= range.last);
    require(set->contains(range.first) && set->contains(range.last));
  }
  require(set->contains(kNotApplicable));
  require(set->contains(kUnavailable) == set->ranges().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  addresses(text);
  for (const auto notation : {PortNotation::Port, PortNotation::Icmp, PortNotation::Mobility})
    ports(text, notation);
  if (const auto protocol = parse_protocol(text); parsed(protocol))
    require(parse_protocol(protocol_name(*protocol)) == *protocol);
  return 0;
}
