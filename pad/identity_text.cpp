// Identities as operators write them and as logs show them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "crypto/certificate.h"
#include "pad/dn_text.h"
#include "pad/identity.h"

namespace sallyport {
namespace {

constexpr std::string_view kNull = "null";

// What stands in front of a text; the first of a type and spelling is the canonical one.
enum class Spelling : std::uint8_t { Escaped, Hex, DnText };
struct Notation {
  std::string_view prefix;
  IdType type;
  Spelling spelling;
};
constexpr std::array kNotations{
    Notation{"fqdn:", IdType::Fqdn, Spelling::Escaped},
    Notation{"email:", IdType::Rfc822, Spelling::Escaped},
    Notation{"rfc822:", IdType::Rfc822, Spelling::Escaped},
    Notation{"dn:", IdType::DistinguishedName, Spelling::DnText},
    Notation{"dn-hex:", IdType::DistinguishedName, Spelling::Hex},
    Notation{"gn-hex:", IdType::GeneralName, Spelling::Hex},
    Notation{"keyid:", IdType::KeyId, Spelling::Escaped},
    Notation{"keyid-hex:", IdType::KeyId, Spelling::Hex},
    Notation{"key-id:", IdType::KeyId, Spelling::Escaped},
};

const Notation* notation_of(std::string_view text) noexcept {
  const auto* row = std::ranges::find_if(
      kNotations, [text](const Notation& one) { return text.starts_with(one.prefix); });
  return row == kNotations.end() ? nullptr : row;
}

std::string_view prefix_of(IdType type, Spelling spelling) noexcept {
  const auto* row = std::ranges::find_if(kNotations, [=](const Notation& one) {
    return one.type == type && one.spelling == spelling;
  });
  return row == kNotations.end() ? std::string_view{} : row->prefix;
}

bool ends_in_number(std::string_view text) noexcept {
  const std::string_view label = text.substr(text.rfind('.') + 1);
  return std::ranges::all_of(label, [](char one) { return one >= '0' && one <= '9'; });
}

// How a text without a prefix is read; nullopt where it needs one.
std::optional<IdType> type_by_look(std::string_view text) {
  if (text.empty() || text == "any" || notation_of(text) != nullptr) return std::nullopt;
  if (text == kNull) return IdType::Null;
  if (const auto address = Address::parse(text))
    return address->family == Family::V4 ? IdType::Ipv4 : IdType::Ipv6;
  const std::size_t equals = text.find('=');
  const std::size_t at = text.find('@');
  if (equals != text.npos && equals < at) return IdType::DistinguishedName;
  if (at != text.npos) return IdType::Rfc822;
  // A mistyped address is not a name.
  if (text.contains(':') || text.contains('/') || ends_in_number(text)) return std::nullopt;
  if (Address::parse(text.substr(0, text.find('-')))) return std::nullopt;
  return IdType::Fqdn;
}

std::optional<std::uint8_t> octet_of(std::string_view digits) noexcept {
  std::uint8_t octet{};
  if (digits.size() != 2) return std::nullopt;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + 2, octet, 16);
  return problem == std::errc{} && end == digits.data() + 2 ? std::optional(octet) : std::nullopt;
}

using Octets = std::vector<std::uint8_t>;

Expected<Octets> unescaped(std::string_view text) {
  Octets octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      octets.push_back(static_cast<std::uint8_t>(text[i]));
      continue;
    }
    const std::string_view escape = text.substr(i, 4);
    const auto octet = escape.starts_with("\\x") ? octet_of(escape.substr(2)) : std::nullopt;
    if (!octet)
      return fail(Error::Code::Invalid, "a backslash stands before something else than xNN",
                  "\\x5c for the backslash itself");
    octets.push_back(*octet);
    i += 3;
  }
  return octets;
}

Expected<Octets> from_hex(std::string_view text) {
  Octets octets;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto octet = octet_of(text.substr(i, 2));
    if (!octet)
      return fail(Error::Code::Invalid, "octets are not in hexadecimal",
                  "two digits an octet, like 0a0b");
    octets.push_back(*octet);
  }
  return octets;
}

Expected<Octets> from_dn_text(std::string_view text) {
  if (has_wildcard(text))
    return fail(Error::Code::Invalid, "a \"*\" in a distinguished name names several parties",
                "the whole name; patterns stand in lists of identities");
  return parse_distinguished_name(text);
}

Expected<Octets> octets_of(std::string_view text, Spelling spelling) {
  if (spelling == Spelling::Hex) return from_hex(text);
  return spelling == Spelling::DnText ? from_dn_text(text) : unescaped(text);
}

std::string escaped(ByteView data) {
  std::string text;
  for (const std::uint8_t octet : data) {
    if (is_printable(octet) && octet != '\\')
      text += static_cast<char>(octet);
    else
      text += fmt::format("\\x{:02x}", octet);
  }
  return text;
}

std::string hex(ByteView data) {
  std::string text;
  for (const std::uint8_t octet : data) text += fmt::format("{:02x}", octet);
  return text;
}

// Of an identity that from_wire accepts.
Address address_of(const Identity& identity) {
  const ByteView data(identity.data);
  return identity.type == IdType::Ipv4 ? Address::v4(load_be<std::uint32_t>(data.data()))
                                       : Address::v6(data.first<16>());
}

std::string with_prefix(IdType type, Spelling spelling, std::string_view text) {
  return fmt::format("{}{}", prefix_of(type, spelling), text);
}

std::string name_text(const Identity& identity) {
  std::string text = escaped(identity.data);
  if (type_by_look(text) == identity.type) return text;
  return with_prefix(identity.type, Spelling::Escaped, text);
}

// Octets beyond ASCII as in RFC 4514 2.4.
std::string dn_as_text(const Identity& identity) {
  std::string text;
  for (const char letter : print_distinguished_name(identity.data)) {
    const auto octet = static_cast<std::uint8_t>(letter);
    text += is_printable(octet) ? std::string(1, letter) : fmt::format("\\{:02X}", octet);
  }
  const auto again = from_dn_text(text);
  if (!again || canonical_rdns(*again) != canonical_rdns(identity.data))
    return with_prefix(identity.type, Spelling::Hex, hex(identity.data));
  if (type_by_look(text) == identity.type) return text;
  return with_prefix(identity.type, Spelling::DnText, text);
}

std::string key_id_text(const Identity& identity) {
  if (std::ranges::all_of(identity.data, is_printable))
    return with_prefix(identity.type, Spelling::Escaped, escaped(identity.data));
  return with_prefix(identity.type, Spelling::Hex, hex(identity.data));
}

Expected<Identity> of_type(IdType type, Spelling spelling, std::string_view text) {
  const auto octets = octets_of(text, spelling);
  if (!octets) return std::unexpected(octets.error());
  return Identity::from_wire(static_cast<std::uint8_t>(type), *octets);
}

Expected<Identity> read(std::string_view text) {
  if (const Notation* notation = notation_of(text))
    return of_type(notation->type, notation->spelling, text.substr(notation->prefix.size()));
  const auto type = type_by_look(text);
  if (!type)
    return fail(Error::Code::Invalid, "what kind of identity it is cannot be told",
                "an address, a name, or \"fqdn:\", \"email:\", \"dn:\", \"keyid:\" in front");
  if (const auto address = Address::parse(text)) return Identity::of(*address);
  if (*type == IdType::Null) return Identity{};
  const Spelling spelling =
      *type == IdType::DistinguishedName ? Spelling::DnText : Spelling::Escaped;
  return of_type(*type, spelling, text);
}

}  // namespace

Expected<Identity> Identity::parse(std::string_view text) {
  Expected<Identity> identity = read(text);
  if (identity) return identity;
  Error error = std::move(identity.error());
  error.what = fmt::format("\"{}\" is no identity: {}", escaped(octets_of(text)), error.what);
  if (error.remedy.empty()) error.remedy = "a name like \"C=CH, O=Example, CN=vpn\"";
  return std::unexpected(std::move(error));
}

std::string to_string(const Identity& identity) {
  const auto type = static_cast<std::uint8_t>(identity.type);
  if (!Identity::from_wire(type, identity.data))
    return fmt::format("unreadable:{}:{}", type, hex(identity.data));
  switch (identity.type) {
    case IdType::Ipv4:
    case IdType::Ipv6:
      return to_string(address_of(identity));
    case IdType::DistinguishedName:
      return dn_as_text(identity);
    case IdType::KeyId:
      return key_id_text(identity);
    case IdType::GeneralName:
      return with_prefix(identity.type, Spelling::Hex, hex(identity.data));
    case IdType::Fqdn:
    case IdType::Rfc822:
      return name_text(identity);
    case IdType::Null:
      break;
  }
  return std::string(kNull);
}

}  // namespace sallyport
