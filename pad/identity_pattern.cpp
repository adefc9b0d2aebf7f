#include "pad/identity_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "crypto/certificate.h"
#include "pad/dn_text.h"

namespace sallyport {
namespace {

constexpr std::string_view kDnPrefix = "dn:";

// What stands behind a prefix that says the type, or the text itself.
std::string_view behind(std::string_view prefix, std::string_view text) noexcept {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// One prefix alone: "email:rfc822:@x" names the mail address "rfc822:@x".
std::string_view behind_mail_prefix(std::string_view text) noexcept {
  return behind(text.starts_with("email:") ? "email:" : "rfc822:", text);
}

bool looks_like_dn(std::string_view text) noexcept {
  if (text.starts_with(kDnPrefix)) return true;
  const std::size_t equals = text.find('=');
  return equals != text.npos && equals < text.find_first_of(":@");
}

// An address in front, and a '/' or '-' behind it.
bool looks_like_range(std::string_view text) {
  const std::size_t mark = text.find_first_of("/-");
  return mark != text.npos && !text.contains('@') &&
         Address::parse(text.substr(0, mark)).has_value();
}

std::optional<Address> address_of(const ComparableIdentity& identity) {
  const ByteView octets(identity.octets);
  if (identity.type == IdType::Ipv4 && octets.size() == 4)
    return Address::v4(load_be<std::uint32_t>(octets.data()));
  if (identity.type == IdType::Ipv6 && octets.size() == 16) return Address::v6(octets.first<16>());
  return std::nullopt;
}

}  // namespace

Expected<IdentityPattern> IdentityPattern::parse(std::string_view text) {
  Expected<Form> form = form_of(text);
  if (!form) return std::unexpected(std::move(form.error()));
  return IdentityPattern(text, std::move(*form));
}

Expected<IdentityPattern::Form> IdentityPattern::form_of(std::string_view text) {
  if (text == "any") return Any{};
  const bool mail = text.find('@', 1) != text.npos;
  if ((text.starts_with("*.") && !mail) || text.starts_with("*@"))
    return fail(Error::Code::Invalid, fmt::format("\"{}\" has a \"*\" in a name", text),
                fmt::format("\"{}\" for all of them", text.substr(1)));
  if (const auto tail = behind("fqdn:", text); tail.starts_with('.') && !mail)
    return sub_tree(IdType::Fqdn, tail);
  if (const auto tail = behind_mail_prefix(text); tail.starts_with('@'))
    return sub_tree(IdType::Rfc822, tail);
  if (looks_like_dn(text) && has_wildcard(behind(kDnPrefix, text)))
    return dn_pattern(behind(kDnPrefix, text));
  if (looks_like_range(text)) return AddressRange::parse(text);
  Expected<Identity> identity = Identity::parse(text);
  if (!identity) return std::unexpected(std::move(identity.error()));
  ComparableIdentity comparable(*identity);
  return Whole{std::move(*identity), std::move(comparable)};
}

Expected<IdentityPattern::Form> IdentityPattern::sub_tree(IdType type, std::string_view tail) {
  // Some name of the sub-tree shows whether the tail can be one's end.
  const std::string member = fmt::format("{}:x{}", type == IdType::Fqdn ? "fqdn" : "email", tail);
  const auto identity = Identity::parse(member);
  if (!identity) return std::unexpected(identity.error());
  const auto lower = ComparableIdentity(*identity).octets;
  return SubTree{type, std::string(lower.begin() + 1, lower.end())};
}

Expected<IdentityPattern::Form> IdentityPattern::dn_pattern(std::string_view text) {
  auto parts = split_rdns(text);
  DnPattern form;
  form.prefix = parts.back() == "*";
  if (form.prefix) parts.pop_back();
  if (parts.empty())
    return fail(Error::Code::Invalid, "\"*\" alone is no pattern of distinguished names",
                "\"any\" for every identity, or the RDNs that a name begins with in front");
  for (const std::string_view part : parts) {
    Expected<Rdn> rdn = rdn_pattern(part);
    if (!rdn) return std::unexpected(std::move(rdn.error()));
    form.rdns.push_back(std::move(*rdn));
  }
  return form;
}

Expected<IdentityPattern::Rdn> IdentityPattern::rdn_pattern(std::string_view text) {
  const bool any_value = is_any_value(text);
  if (!any_value && has_wildcard(text))
    return fail(Error::Code::Invalid, fmt::format("\"{}\" is no pattern of an RDN", text),
                "\"CN=*\" for any value, \"*\" at the end for any RDNs that follow");
  // Two letters are a value that every type takes: a country has no other length.
  const std::string sample(text.substr(0, text.find('=') + 1));
  const auto name = parse_distinguished_name(any_value ? sample + "AA" : std::string(text));
  if (!name)
    return fail(Error::Code::Invalid, fmt::format("\"{}\" is no RDN: {}", text, name.error().what),
                "RDNs like O=Example with commas between them");
  auto rdns = ComparableIdentity({IdType::DistinguishedName, *name}).rdns;
  if (rdns.size() != 1 || (any_value && rdns.front().type.empty()))
    return fail(Error::Code::Invalid, fmt::format("\"{}\" is not one RDN", text),
                "RDNs like O=Example with commas between them");
  return Rdn{std::move(rdns.front()), any_value};
}

bool IdentityPattern::matches(const Identity& identity) const {
  return matches(ComparableIdentity(identity));
}

bool IdentityPattern::matches(const ComparableIdentity& identity) const {
  return std::visit([&](const auto& form) { return holds(form, identity); }, form_);
}

bool IdentityPattern::holds(const Whole& form, const ComparableIdentity& identity) {
  return form.comparable == identity;
}

bool IdentityPattern::holds(const SubTree& form, const ComparableIdentity& identity) {
  if (identity.type != form.type || identity.octets.size() <= form.tail.size()) return false;
  const auto end = ByteView(identity.octets).last(form.tail.size());
  return std::ranges::equal(end, form.tail, {}, {},
                            [](char one) { return static_cast<std::uint8_t>(one); });
}

bool IdentityPattern::holds(const DnPattern& form, const ComparableIdentity& identity) {
  if (identity.type != IdType::DistinguishedName) return false;
  if (identity.rdns.size() < form.rdns.size()) return false;
  if (identity.rdns.size() > form.rdns.size() && !form.prefix) return false;
  return std::ranges::equal(
      form.rdns, std::span(identity.rdns).first(form.rdns.size()),
      [](const Rdn& pattern, const ComparableRdn& rdn) { return holds(pattern, rdn); });
}

bool IdentityPattern::holds(const Rdn& pattern, const ComparableRdn& rdn) {
  return pattern.any_value ? pattern.rdn.type == rdn.type : pattern.rdn == rdn;
}

bool IdentityPattern::holds(const AddressRange& form, const ComparableIdentity& identity) {
  const auto address = address_of(identity);
  return address && form.contains(*address);
}

std::optional<Identity> IdentityPattern::exact() const {
  if (const auto* whole = std::get_if<Whole>(&form_)) return whole->identity;
  const auto* range = std::get_if<AddressRange>(&form_);
  if (range == nullptr || range->first != range->last) return std::nullopt;
  return Identity::of(range->first);
}

}  // namespace sallyport
