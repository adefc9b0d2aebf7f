// Distinguished names as text, as DER, and in the form in which they are compared (RFC 4514, 5280).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "crypto/certificate.h"
#include "crypto/openssl_objects.h"

namespace sallyport {
namespace {

using Octets = std::vector<std::uint8_t>;

std::unexpected<Error> refuse_name(std::string what, std::string remedy = {}) {
  return fail(Error::Code::Invalid, std::move(what), std::move(remedy));
}

std::optional<std::uint8_t> hex_digit(char letter) noexcept {
  if (letter >= '0' && letter <= '9') return static_cast<std::uint8_t>(letter - '0');
  const char lower = static_cast<char>(letter | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<std::uint8_t>(lower - 'a' + 10);
  return std::nullopt;
}

// The octet that two hexadecimal digits at the front of `text` stand for.
std::optional<std::uint8_t> hex_octet(std::string_view text) noexcept {
  if (text.size() < 2) return std::nullopt;
  const auto high = hex_digit(text[0]);
  const auto low = hex_digit(text[1]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(*high << 4 | *low);
}

// "type=value", with the escapes of the value undone.
struct Attribute {
  std::string_view type;
  std::string value;
  bool is_der{};  // it was "#" and the hexadecimal form of the value's DER
  char end{};     // '+', ',' or 0 for the end of the text
};

// Takes a name's text apart from its front.
class NameText {
 public:
  explicit NameText(std::string_view text) noexcept : rest_(text) {}

  [[nodiscard]] Expected<Attribute> next() {
    Attribute attribute;
    skip_blanks();
    const std::size_t equals = rest_.find('=');
    attribute.type = rest_.substr(0, std::min(equals, rest_.find_first_of(",+\"\\")));
    if (equals == std::string_view::npos || equals != attribute.type.size())
      return refuse_name(fmt::format("\"{}\" is no \"type=value\"", attribute.type),
                         "a name like \"C=CH, O=Example, CN=vpn\"; commas in values as \"\\,\"");
    while (attribute.type.ends_with(' ')) attribute.type.remove_suffix(1);
    rest_.remove_prefix(equals + 1);
    skip_blanks();
    if (Expected<void> good = read_value(attribute); !good) return std::unexpected(good.error());
    skip_blanks();
    if (rest_.empty()) return attribute;
    attribute.end = rest_.front();
    if (attribute.end != ',' && attribute.end != '+')
      return refuse_name(fmt::format("text stands behind the closed value of {}", attribute.type));
    rest_.remove_prefix(1);
    return attribute;
  }

 private:
  void skip_blanks() noexcept {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }

  Expected<void> read_value(Attribute& attribute) {
    if (rest_.starts_with('#')) return read_der(attribute);
    if (rest_.starts_with('"')) return read_quoted(attribute.value);
    std::size_t kept = 0;  // but for the blanks behind, unless they are escaped
    while (!rest_.empty() && rest_.front() != ',' && rest_.front() != '+') {
      const char letter = rest_.front();
      if (letter == '"')
        return refuse_name(
            fmt::format("a quotation mark stands within the value of {}", attribute.type),
            "\\\" where the mark itself is meant");
      if (letter == '\\') {
        if (Expected<void> good = read_escape(attribute.value); !good) return good;
      } else {
        attribute.value += letter;
        rest_.remove_prefix(1);
      }
      if (letter != ' ') kept = attribute.value.size();
    }
    attribute.value.resize(kept);
    return {};
  }

  // RFC 4514 3: an octet as two hexadecimal digits, or the character itself.
  Expected<void> read_escape(std::string& value) {
    rest_.remove_prefix(1);
    if (rest_.empty()) return refuse_name("the name ends in a backslash");
    const auto octet = hex_octet(rest_);
    value += octet ? static_cast<char>(*octet) : rest_.front();
    rest_.remove_prefix(octet ? 2 : 1);
    return {};
  }

  Expected<void> read_quoted(std::string& value) {
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') {
        if (Expected<void> good = read_escape(value); !good) return good;
        continue;
      }
      value += rest_.front();
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return refuse_name("a quotation mark is not closed");
    rest_.remove_prefix(1);
    return {};
  }

  Expected<void> read_der(Attribute& attribute) {
    attribute.is_der = true;
    rest_.remove_prefix(1);
    while (const auto octet = hex_octet(rest_)) {
      attribute.value += static_cast<char>(*octet);
      rest_.remove_prefix(2);
    }
    return {};
  }

  std::string_view rest_;
};

// Names that operators write besides OpenSSL's own.
struct AliasRow {
  std::string_view alias;
  std::string_view name;
};
constexpr std::array kAliases{
    AliasRow{"E", "emailAddress"}, AliasRow{"Email", "emailAddress"},
    AliasRow{"S", "ST"},           AliasRow{"T", "title"},
    AliasRow{"G", "GN"},
};
// In OpenSSL's spelling; RFC 4514 3 leaves case to the writer.
constexpr std::array<std::string_view, 16> kCommonTypes{
    "C",  "ST",           "L",  "O",     "OU",     "CN",           "DC",       "UID",
    "SN", "emailAddress", "GN", "title", "street", "serialNumber", "initials", "dnQualifier"};

OidObject type_object(std::string_view type) {
  std::string name(type);
  for (const AliasRow& row : kAliases) {
    if (same_letters(row.alias, type)) name = row.name;
  }
  for (const std::string_view common : kCommonTypes) {
    if (same_letters(common, name)) name = common;
  }
  return OidObject(OBJ_txt2obj(name.c_str(), 0));
}

const unsigned char* octets_in(const std::string& text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

NameEntryObject entry_of_der(const ASN1_OBJECT* type, const std::string& der) {
  const AnyObject any(whole_of(d2i_ASN1_TYPE, ASN1_TYPE_free, {octets_in(der), der.size()}));
  if (any == nullptr) return nullptr;
  const int tag = ASN1_TYPE_get(any.get());
  if (tag == V_ASN1_BOOLEAN || tag == V_ASN1_NULL || tag == V_ASN1_OBJECT) return nullptr;
  const ASN1_STRING* contents = any->value.asn1_string;
  return NameEntryObject(X509_NAME_ENTRY_create_by_OBJ(
      nullptr, type, tag, ASN1_STRING_get0_data(contents), ASN1_STRING_length(contents)));
}

Expected<NameEntryObject> entry_of(const Attribute& attribute) {
  const OidObject type = type_object(attribute.type);
  if (type == nullptr)
    return refuse_name(
        fmt::format("\"{}\" is no known attribute of a name", attribute.type),
        "C, ST, L, O, OU, CN, DC, UID, SN, emailAddress, serialNumber and the like, or "
        "an OID like 2.5.4.3");
  NameEntryObject entry = attribute.is_der
                              ? entry_of_der(type.get(), attribute.value)
                              : NameEntryObject(X509_NAME_ENTRY_create_by_OBJ(
                                    nullptr, type.get(), MBSTRING_UTF8, octets_in(attribute.value),
                                    static_cast<int>(attribute.value.size())));
  if (entry == nullptr)
    return refuse_name(
        fmt::format("the value of {} does not fit it: {}", attribute.type, last_openssl_reason()),
        "the length and characters of RFC 5280 A.1: two letters in C, 64 in CN and O");
  return entry;
}

NameObject read_name(ByteView der) {
  return NameObject(whole_of(d2i_X509_NAME, X509_NAME_free, der));
}

bool is_text(const ASN1_STRING* value) noexcept {
  constexpr unsigned long kTexts = B_ASN1_UTF8STRING | B_ASN1_PRINTABLESTRING | B_ASN1_T61STRING |
                                   B_ASN1_IA5STRING | B_ASN1_BMPSTRING | B_ASN1_UNIVERSALSTRING |
                                   B_ASN1_VISIBLESTRING | B_ASN1_NUMERICSTRING;
  return (ASN1_tag2bit(ASN1_STRING_type(value)) & kTexts) != 0;
}

// In UTF-8; nothing where it is no text or breaks its type's rules.
std::optional<std::string> text_of(const ASN1_STRING* value) {
  if (!is_text(value)) return std::nullopt;
  unsigned char* raw = nullptr;
  const int length = ASN1_STRING_to_UTF8(&raw, value);
  if (length < 0) return std::nullopt;
  std::string text(raw, raw + length);
  OPENSSL_free(raw);
  return text;
}

// RFC 4514 2.4, and nothing that a terminal or a log would take for more than text. A star alone is
// a pattern's (PAD-03).
std::string escaped(std::string_view text) {
  if (text == "*") return "\\*";
  std::string printed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    const auto octet = static_cast<std::uint8_t>(letter);
    const bool at_edge =
        (i == 0 && (letter == ' ' || letter == '#')) || (i + 1 == text.size() && letter == ' ');
    if (octet < 0x20 || octet == 0x7f) {
      printed += fmt::format("\\{:02X}", octet);
      continue;
    }
    if (at_edge || std::string_view(",+\"\\<>;=").contains(letter)) printed += '\\';
    printed += letter;
  }
  return printed;
}

std::string hexadecimal(const ASN1_STRING* value) {
  const BioObject out(BIO_new(BIO_s_mem()));
  if (out == nullptr ||
      ASN1_STRING_print_ex(out.get(), value, ASN1_STRFLGS_DUMP_ALL | ASN1_STRFLGS_DUMP_DER) < 0)
    return {};
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string print_type(const ASN1_OBJECT* type) {
  if (const int nid = OBJ_obj2nid(type); nid != NID_undef) return OBJ_nid2sn(nid);
  std::array<char, 256> dotted{};
  OBJ_obj2txt(dotted.data(), static_cast<int>(dotted.size()), type, 1);
  return dotted.data();
}

// Without blanks around, one for each run inside, letters small.
std::string canonical(std::string_view text) {
  std::string folded;
  for (const char letter : text) {
    const bool blank = letter == ' ' || (letter >= '\t' && letter <= '\r');
    if (blank && (folded.empty() || folded.ends_with(' '))) continue;
    folded += blank ? ' ' : lower(letter);
  }
  if (folded.ends_with(' ')) folded.pop_back();
  return folded;
}

void append_counted(Octets& octets, ByteView part) {
  std::array<std::uint8_t, 4> count;
  store_be(count.data(), static_cast<std::uint32_t>(part.size()));
  octets.insert(octets.end(), count.begin(), count.end());
  octets.insert(octets.end(), part.begin(), part.end());
}

// Type, whether it is text (tag 0) or what else, and the value: counted, so that none runs into the
// next.
Octets canonical_attribute(const X509_NAME_ENTRY* entry) {
  const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
  Octets octets;
  append_counted(octets, {OBJ_get0_data(type), OBJ_length(type)});
  if (const std::optional<std::string> text = text_of(value)) {
    const std::string folded = canonical(*text);
    octets.push_back(0);
    append_counted(octets, {octets_in(folded), folded.size()});
  } else {
    octets.push_back(static_cast<std::uint8_t>(ASN1_STRING_type(value)));
    append_counted(octets, octets_of(value));
  }
  return octets;
}

}  // namespace

Expected<Octets> parse_distinguished_name(std::string_view text) {
  const CleanErrorQueue clean;
  const NameObject name(X509_NAME_new());
  if (name == nullptr) return fail(Error::Code::Exhausted, "no memory for a name");
  constexpr int kNewRdn = 0;
  constexpr int kSameRdn = -1;
  NameText rest(text);
  char separator = ',';
  while (separator != '\0') {
    const Expected<Attribute> attribute = rest.next();
    if (!attribute) return std::unexpected(attribute.error());
    const Expected<NameEntryObject> entry = entry_of(*attribute);
    if (!entry) return std::unexpected(entry.error());
    if (X509_NAME_add_entry(name.get(), entry->get(), -1, separator == '+' ? kSameRdn : kNewRdn) !=
        1)
      return fail(Error::Code::Exhausted, "no memory for a name");
    separator = attribute->end;
  }
  Octets der = der_of(i2d_X509_NAME, static_cast<const X509_NAME*>(name.get()));
  if (der.empty()) return refuse_name("OpenSSL does not encode the name: " + last_openssl_reason());
  return der;
}

std::string print_distinguished_name(ByteView der) {
  const CleanErrorQueue clean;
  const NameObject name = read_name(der);
  std::string text;
  int rdn = 0;
  for (int i = 0; i < X509_NAME_entry_count(name.get()); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name.get(), i);
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
    if (i > 0) text += X509_NAME_ENTRY_set(entry) == rdn ? "+" : ", ";
    rdn = X509_NAME_ENTRY_set(entry);
    const std::optional<std::string> readable = text_of(value);
    text += print_type(X509_NAME_ENTRY_get_object(entry)) + "=";
    text += readable ? escaped(*readable) : hexadecimal(value);
  }
  return text;
}

std::vector<Octets> canonical_rdns(ByteView der) {
  const CleanErrorQueue clean;
  const NameObject name = read_name(der);
  std::vector<std::vector<Octets>> attributes;  // by RDN
  int rdn = -1;
  for (int i = 0; i < X509_NAME_entry_count(name.get()); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name.get(), i);
    if (attributes.empty() || X509_NAME_ENTRY_set(entry) != rdn) attributes.emplace_back();
    rdn = X509_NAME_ENTRY_set(entry);
    attributes.back().push_back(canonical_attribute(entry));
  }
  std::vector<Octets> rdns;
  for (std::vector<Octets>& set : attributes) {
    // It is a set: the order in DER goes by the raw values.
    std::ranges::sort(set, [](const Octets& left, const Octets& right) {
      return std::ranges::lexicographical_compare(left, right);
    });
    Octets& joined = rdns.emplace_back();
    for (const Octets& attribute : set)
      joined.insert(joined.end(), attribute.begin(), attribute.end());
  }
  return rdns;
}

}  // namespace sallyport
