#include "pad/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "crypto/certificate.h"
#include "pad/der_element.h"

namespace sallyport {
namespace {

constexpr std::size_t kLongest = 1024;
constexpr std::size_t kLongestDomain = 253;  // RFC 1035 2.3.4, without the root's label
constexpr std::size_t kLongestLabel = 63;
constexpr std::uint8_t kDerOid = 0x06;
constexpr std::uint8_t kDerSequence = 0x30;
constexpr std::uint8_t kDerContext = 0x80;
constexpr std::uint8_t kDerClass = 0xc0;
constexpr std::uint8_t kDerNumber = 0x1f;
constexpr std::uint8_t kLastGeneralName = 8;  // registeredID, RFC 5280 4.2.1.6

bool is_digit(std::uint8_t octet) noexcept { return octet >= '0' && octet <= '9'; }

bool is_domain_octet(std::uint8_t octet) noexcept {
  const std::uint8_t folded = lower(octet);
  return is_digit(octet) || (folded >= 'a' && folded <= 'z') || octet == '-' || octet == '_';
}
// RFC 7296 3.5: mail addresses are UTF-8.
bool is_mail_domain_octet(std::uint8_t octet) noexcept {
  return is_domain_octet(octet) || octet >= 0x80;
}
bool is_local_part_octet(std::uint8_t octet) noexcept {
  return (is_printable(octet) && octet != ' ' && octet != '@') || octet >= 0x80;
}

// Labels of octets that are `allowed`, with a dot between them.
bool is_domain(ByteView text, bool (*allowed)(std::uint8_t)) noexcept {
  if (text.empty() || text.size() > kLongestDomain) return false;
  std::size_t label = 0;
  for (const std::uint8_t octet : text) {
    if (octet == '.' ? label == 0 : !allowed(octet)) return false;
    label = octet == '.' ? 0 : label + 1;
    if (label > kLongestLabel) return false;
  }
  return label != 0;
}

bool is_v4(ByteView data) { return data.size() == 4; }
bool is_v6(ByteView data) { return data.size() == 16; }
bool is_fqdn(ByteView data) { return is_domain(data, is_domain_octet); }
bool is_mail(ByteView data) {
  const auto at = std::ranges::find(data, std::uint8_t{'@'});
  const auto local = static_cast<std::size_t>(at - data.begin());
  const bool several = local == 1 && data.front() == '*';  // would be read as a pattern
  return at != data.end() && local != 0 && !several &&
         std::ranges::all_of(data.first(local), is_local_part_octet) &&
         is_domain(data.subspan(local + 1), is_mail_domain_octet);
}
bool is_name(ByteView data) {
  const auto outer = read_der(data);
  return outer && outer->tag == kDerSequence && outer->rest.empty() &&
         !canonical_rdns(data).empty();
}
bool is_general_name(ByteView data) {
  const auto outer = read_der(data);
  return outer && outer->rest.empty() && (outer->tag & kDerClass) == kDerContext &&
         (outer->tag & kDerNumber) <= kLastGeneralName;
}
bool is_key_id(ByteView data) { return !data.empty(); }
bool is_null(ByteView data) { return data.empty(); }

// One row a type (RFC 7296 3.5, 7619 2.2).
struct TypeFacts {
  IdType type;
  std::string_view noun;
  bool (*check)(ByteView);
  std::string_view remedy;
};
constexpr std::array kTypes{
    TypeFacts{IdType::Ipv4, "an IPv4 address", is_v4, "four octets"},
    TypeFacts{IdType::Fqdn, "a domain name", is_fqdn,
              "letters, digits, '-' and '_' with dots between labels, 253 at most"},
    TypeFacts{IdType::Rfc822, "a mail address", is_mail,
              "one '@' with a name in front and a domain behind it, without blanks"},
    TypeFacts{IdType::Ipv6, "an IPv6 address", is_v6, "sixteen octets"},
    TypeFacts{IdType::DistinguishedName, "a distinguished name", is_name,
              "the DER of a Name with at least one RDN"},
    TypeFacts{IdType::GeneralName, "a general name", is_general_name, "the DER of a GeneralName"},
    TypeFacts{IdType::KeyId, "a key ID", is_key_id, "at least one octet"},
    TypeFacts{IdType::Null, "a null identity", is_null, "no data"},
};

const TypeFacts* facts(std::uint8_t type) noexcept {
  const auto* row = std::ranges::find(kTypes, IdType{type}, &TypeFacts::type);
  return row == kTypes.end() ? nullptr : row;
}

// The OIDs of RDNs with one attribute, empty where one has several (RFC 5280 4.1.2.4).
std::vector<std::vector<std::uint8_t>> attribute_types(ByteView name) {
  std::vector<std::vector<std::uint8_t>> types;
  const auto outer = read_der(name);
  auto set = outer ? read_der(outer->contents) : std::nullopt;
  for (; set; set = read_der(set->rest)) {
    const auto attribute = read_der(set->contents);
    const bool single = attribute && attribute->rest.empty();
    const auto oid = single ? read_der(attribute->contents) : std::nullopt;
    const ByteView type = oid && oid->tag == kDerOid ? oid->contents : ByteView{};
    types.emplace_back(type.begin(), type.end());
  }
  return types;
}

std::vector<ComparableRdn> comparable_rdns(ByteView name) {
  std::vector<ComparableRdn> rdns;
  auto types = attribute_types(name);
  auto canonical = canonical_rdns(name);
  types.resize(types.size() == canonical.size() ? types.size() : 0);
  types.resize(canonical.size());
  for (std::size_t i = 0; i < canonical.size(); ++i)
    rdns.push_back({std::move(canonical[i]), std::move(types[i])});
  return rdns;
}

}  // namespace

Expected<Identity> Identity::from_wire(std::uint8_t type, ByteView data) {
  const TypeFacts* row = facts(type);
  if (row == nullptr)
    return fail(Error::Code::Unsupported, fmt::format("identities of type {} are unknown", type),
                "types 1, 2, 3, 5, 9, 10, 11 and 13");
  if (data.size() > kLongest)
    return fail(Error::Code::Invalid, fmt::format("an identity has {} octets", data.size()),
                fmt::format("{} at most", kLongest));
  if (!row->check(data))
    return fail(Error::Code::Invalid,
                fmt::format("{} octets of identity are not {}", data.size(), row->noun),
                std::string(row->remedy));
  return Identity{row->type, {data.begin(), data.end()}};
}

Identity Identity::of(const Address& address) {
  const ByteView wire = address.wire();
  return {address.family == Family::V4 ? IdType::Ipv4 : IdType::Ipv6, {wire.begin(), wire.end()}};
}

bool Identity::is_same_as(const Identity& other) const {
  return type == other.type && ComparableIdentity(*this) == ComparableIdentity(other);
}

ComparableIdentity::ComparableIdentity(const Identity& identity) : type(identity.type) {
  if (type == IdType::DistinguishedName) rdns = comparable_rdns(identity.data);
  if (!rdns.empty()) return;
  octets = identity.data;
  if (type == IdType::Fqdn || type == IdType::Rfc822)
    std::ranges::transform(octets, octets.begin(), lower<std::uint8_t>);
}

}  // namespace sallyport
