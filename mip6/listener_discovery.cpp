#include "mip6/listener_discovery.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "mip6/wire_fields.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Queries of both versions, and all of version 1.
struct ListenerHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  Be16 response;
  Be16 reserved;
  std::uint8_t group[16];
};
// Behind it, in queries of version 2.
struct QueryFields {
  std::uint8_t flags;  // S, QRV
  std::uint8_t interval;
  Be16 sources;
};
struct ReportHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  Be16 reserved;
  Be16 records;
};
struct RecordHeader {
  std::uint8_t kind;
  std::uint8_t auxiliary;  // length, in units of four octets
  Be16 sources;
  std::uint8_t group[16];
};
static_assert(sizeof(ListenerHeader) == 24 && sizeof(QueryFields) == 4);
static_assert(sizeof(ReportHeader) == 8 && sizeof(RecordHeader) == 20);

constexpr std::size_t kAuxiliaryUnit = 4;
constexpr std::uint8_t kSuppress = 0x08;
constexpr std::uint8_t kRobustness = 0x07;

// Numbers as queries have them: as they are below half of the field's range, above it three bits of
// exponent before a mantissa that has a leading one besides (RFC 3810 5.1.3, 5.1.9).
template <unsigned MantissaBits>
struct FloatingCode {
  static constexpr std::uint64_t kExact = std::uint64_t{8} << MantissaBits;  // and up: a code
  static constexpr std::uint64_t kLeading = std::uint64_t{1} << MantissaBits;
  static constexpr std::uint64_t kMost = (2 * kLeading - 1) << 10;

  static constexpr std::uint64_t value(std::uint64_t code) noexcept {
    if (code < kExact) return code;
    return (code % kLeading + kLeading) << (code / kLeading % 8 + 3);
  }
  static constexpr std::uint64_t code(std::uint64_t value) noexcept {
    if (value < kExact) return value;
    const std::uint64_t capped = std::min(value, kMost);
    const unsigned shift = static_cast<unsigned>(std::bit_width(capped)) - MantissaBits - 1;
    return kExact + (shift - 3) * kLeading + ((capped >> shift) - kLeading);
  }
};
using ResponseCode = FloatingCode<12>;
using IntervalCode = FloatingCode<4>;
static_assert(ResponseCode::kMost == std::uint64_t{kMostResponse.count()});
static_assert(IntervalCode::kMost == std::uint64_t{kMostInterval.count()});

Address address_at(ByteView octets) { return Address::v6(octets.first<kIpv6AddressBytes>()); }

std::vector<Address> addresses_in(ByteView octets) {
  std::vector<Address> addresses;
  for (; !octets.empty(); octets = octets.subspan(kIpv6AddressBytes))
    addresses.push_back(address_at(octets));
  return addresses;
}

std::optional<ListenerMessage> parse_query(const ListenerHeader& header, ByteView rest) {
  ListenerQuery query{.version = ListenerVersion::V1,
                      .group = Address::v6(header.group),
                      .response = milliseconds(header.response.get())};
  if (rest.empty()) return query;
  if (rest.size() < sizeof(QueryFields)) return std::nullopt;  // of neither version (RFC 3810 8.1)
  const auto fields = wire::fields_of<QueryFields>(rest);
  rest = rest.subspan(sizeof fields);
  const std::size_t sources = fields.sources.get();
  if (sources > kMostListenerSources || sources * kIpv6AddressBytes > rest.size())
    return std::nullopt;
  query.version = ListenerVersion::V2;
  query.response = milliseconds(ResponseCode::value(header.response.get()));
  query.suppressed = (fields.flags & kSuppress) != 0;
  query.robustness = fields.flags & kRobustness;
  query.interval = seconds(IntervalCode::value(fields.interval));
  query.sources = addresses_in(rest.first(sources * kIpv6AddressBytes));
  return query;
}

std::optional<ListenerMessage> parse_with_group(ByteView icmp) {
  if (icmp.size() < sizeof(ListenerHeader)) return std::nullopt;
  const auto header = wire::fields_of<ListenerHeader>(icmp);
  switch (header.type) {
    case icmp6::kListenerQuery:
      return parse_query(header, icmp.subspan(sizeof header));
    case icmp6::kListenerReport:
      return ListenerReport1{.group = Address::v6(header.group)};
    default:
      return ListenerDone{.group = Address::v6(header.group)};
  }
}

std::optional<ListenerMessage> parse_report(ByteView icmp) {
  if (icmp.size() < sizeof(ReportHeader)) return std::nullopt;
  const std::size_t count = wire::fields_of<ReportHeader>(icmp).records.get();
  if (count > kMostListenerRecords) return std::nullopt;
  ByteView rest = icmp.subspan(sizeof(ReportHeader));
  ListenerReport report;
  std::size_t all_sources = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (rest.size() < sizeof(RecordHeader)) return std::nullopt;
    const auto header = wire::fields_of<RecordHeader>(rest);
    rest = rest.subspan(sizeof header);
    const std::size_t sources = header.sources.get();
    all_sources += sources;
    const std::size_t size = sources * kIpv6AddressBytes + header.auxiliary * kAuxiliaryUnit;
    if (all_sources > kMostListenerSources || size > rest.size()) return std::nullopt;
    if (header.kind >= std::to_underlying(ListenerRecord::Kind::IsInclude) &&
        header.kind <= std::to_underlying(ListenerRecord::Kind::Block))
      report.records.push_back({.kind = static_cast<ListenerRecord::Kind>(header.kind),
                                .group = Address::v6(header.group),
                                .sources = addresses_in(rest.first(sources * kIpv6AddressBytes))});
    rest = rest.subspan(size);
  }
  return report;
}

template <class Fields>
void append(Octets& to, const Fields& fields) {
  const ByteView octets = wire::view_of(fields);
  const std::size_t at = to.size();
  to.resize(at + octets.size());
  std::memcpy(&to[at], octets.data(), octets.size());
}

void append(Octets& to, std::span<const Address> addresses) {
  for (const Address& address : addresses)
    to.insert(to.end(), address.bytes.begin(), address.bytes.end());
}

ListenerHeader header_of(std::uint8_t type, const Address& group) {
  ListenerHeader header{};
  header.type = type;
  std::ranges::copy(group.bytes, header.group);
  return header;
}

std::uint64_t count_of(std::int64_t time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(time, 0));
}

Octets build(const ListenerQuery& query) {
  const std::uint64_t response = count_of(query.response.count());
  const bool first = query.version == ListenerVersion::V1;
  ListenerHeader header = header_of(icmp6::kListenerQuery, query.group);
  header.response.set(static_cast<std::uint16_t>(first ? std::min<std::uint64_t>(response, 0xffff)
                                                       : ResponseCode::code(response)));
  Octets octets;
  append(octets, header);
  if (first) return octets;
  const auto sources =
      std::span(query.sources).first(std::min(query.sources.size(), kMostListenerSources));
  QueryFields fields{};
  fields.flags = static_cast<std::uint8_t>((query.suppressed ? kSuppress : 0) |
                                           (query.robustness & kRobustness));
  fields.interval = static_cast<std::uint8_t>(IntervalCode::code(count_of(query.interval.count())));
  fields.sources.set(static_cast<std::uint16_t>(sources.size()));
  append(octets, fields);
  append(octets, sources);
  return octets;
}

Octets build(const ListenerReport1& report) {
  Octets octets;
  append(octets, header_of(icmp6::kListenerReport, report.group));
  return octets;
}

Octets build(const ListenerDone& done) {
  Octets octets;
  append(octets, header_of(icmp6::kListenerDone, done.group));
  return octets;
}

Octets build(const ListenerReport& report) {
  const auto records =
      std::span(report.records).first(std::min(report.records.size(), kMostListenerRecords));
  ReportHeader header{};
  header.type = icmp6::kListenerReport2;
  header.records.set(static_cast<std::uint16_t>(records.size()));
  Octets octets;
  append(octets, header);
  std::size_t room = kMostListenerSources;
  for (const ListenerRecord& record : records) {
    const auto sources = std::span(record.sources).first(std::min(record.sources.size(), room));
    room -= sources.size();
    RecordHeader fields{};
    fields.kind = std::to_underlying(record.kind);
    fields.sources.set(static_cast<std::uint16_t>(sources.size()));
    std::ranges::copy(record.group.bytes, fields.group);
    append(octets, fields);
    append(octets, sources);
  }
  return octets;
}

// RFC 2711 2.1; a PadN of no octets fills the unit.
constexpr std::uint8_t kRouterAlert[8] = {kProtocolIcmpv6, 0, 5, 2, 0, 0, 1, 0};

}  // namespace

bool is_listener_message(ByteView icmp) noexcept {
  return !icmp.empty() && ((icmp[0] >= icmp6::kListenerQuery && icmp[0] <= icmp6::kListenerDone) ||
                           icmp[0] == icmp6::kListenerReport2);
}

std::optional<ListenerMessage> parse_listener_message(ByteView icmp, const Address& source,
                                                      const Address& destination) {
  if (!is_listener_message(icmp) || !icmp_checksum_good(icmp, source, destination))
    return std::nullopt;
  return icmp[0] == icmp6::kListenerReport2 ? parse_report(icmp) : parse_with_group(icmp);
}

Octets build_listener_message(const ListenerMessage& message, const Address& source,
                              const Address& destination) {
  Octets octets = std::visit([](const auto& one) { return build(one); }, message);
  set_icmp_checksum(octets, source, destination);
  return octets;
}

Octets with_router_alert(ByteView icmp) {
  Octets octets(std::size(kRouterAlert) + icmp.size());
  std::ranges::copy(icmp, std::ranges::copy(kRouterAlert, octets.begin()).out);
  return octets;
}

std::optional<ByteView> icmp_behind(std::uint8_t protocol, ByteView octets) noexcept {
  constexpr std::size_t kUnit = 8;
  if (protocol == kProtocolIcmpv6) return octets;
  if (protocol != kProtocolHopByHop || octets.size() < kUnit || octets[0] != kProtocolIcmpv6)
    return std::nullopt;
  const std::size_t header = (octets[1] + std::size_t{1}) * kUnit;
  if (header > octets.size()) return std::nullopt;
  return octets.subspan(header);
}

Address all_listener_routers() noexcept {
  const std::uint8_t wire[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16};
  return Address::v6(wire);
}

std::uint8_t scope_of(const Address& group) noexcept { return group.bytes[1] & 0x0f; }

}  // namespace sallyport::mip6
