#include "gateway/config/pre_shared_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "gateway/config/key_text.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<SecretEncoding, 3> kEncodings{{{"text", SecretEncoding::Text},
                                               {"hex", SecretEncoding::Hex},
                                               {"base64", SecretEncoding::Base64}}};
constexpr std::string_view kRemedy = "{ file = \"...\" }";
constexpr std::size_t kLongest = 1024;  // octets
// Fewer can be tried out by whoever takes part in one exchange (RFC 7296 5).
constexpr std::size_t kLeastAdvised = 16;

// RFC 4648 4; blanks and line ends may stand anywhere.
Expected<SecretBytes> parse_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::string_view kWhat = "the key is not base64";
  SecretBytes room(text.size());
  std::size_t digits = 0, padding = 0, size = 0;
  std::uint32_t bits = 0;
  for (const char letter : text) {
    if (is_blank(letter)) continue;
    padding += letter == '=' ? 1 : 0;
    const std::size_t digit = letter == '=' ? 0 : kDigits.find(letter);
    if (digit == kDigits.npos || (padding != 0 && letter != '='))
      return fail(Error::Code::Invalid, std::string(kWhat));
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0})
      room.room()[size++] = static_cast<std::uint8_t>(bits >> shift & 0xff);
    bits = 0;
  }
  if (digits % 4 != 0 || padding > 2)
    return fail(Error::Code::Invalid, std::string(kWhat), "four characters for three octets");
  return SecretBytes(room.view().first(size - padding));
}

// A line end behind the text is the editor's; all else is the key's (RFC 7296 2.15).
std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

Expected<SecretBytes> decoded(std::string_view text, SecretEncoding encoding) {
  switch (encoding) {
    case SecretEncoding::Text:
      return SecretBytes(octets_of(text));
    case SecretEncoding::Base64:
      return parse_base64(text);
    case SecretEncoding::Hex:
      break;
  }
  const auto key = parse_key(text);
  if (!key) return std::unexpected(key.error());
  return SecretBytes(key->view());
}

Expected<PreSharedKey> accepted(const Value& value, Expected<SecretBytes> bytes,
                                SecretSource source, Diagnostics& diagnostics) {
  if (!bytes) return wrong(value, bytes.error().what, bytes.error().remedy, bytes.error().code);
  if (bytes->empty()) return wrong(value, "the key is empty");
  if (bytes->size() > kLongest)
    return wrong(value, fmt::format("the key is longer than {} octets", kLongest));
  if (bytes->size() < kLeastAdvised)
    diagnostics.warn(value.at, fmt::format("a key of {} octets can be guessed", bytes->size()),
                     fmt::format("{} random ones or more", kLeastAdvised));
  return PreSharedKey{std::make_shared<const SecretBytes>(std::move(*bytes)), std::move(source)};
}

Expected<PreSharedKey> read_file(TableReader& reader, const Value& value, Loading& loading) {
  SecretSource source;
  reader.read("encoding", source.encoding, one_of(kEncodings));
  auto path = read_path(value);
  if (!path) return std::unexpected(std::move(path).error());
  source.file = std::move(*path);
  const auto content = placed(value, loading.files.secret(source.file));
  if (!content) return std::unexpected(content.error());
  const ByteView view = content->view();
  std::string_view text(reinterpret_cast<const char*>(view.data()), view.size());
  if (source.encoding == SecretEncoding::Text) text = without_line_end(text);
  auto bytes = decoded(text, source.encoding);
  if (!bytes) bytes.error().what = source.file.native() + ": " + bytes.error().what;
  return accepted(value, std::move(bytes), std::move(source), loading.diagnostics);
}

Expected<PreSharedKey> read_inline(const Value& value, SecretEncoding encoding, Loading& loading) {
  if (!loading.configuration.instance.inline_secrets)
    return wrong(value, "the key stands in the configuration itself",
                 std::string(kRemedy) + ", or [instance] inline_secrets = true",
                 Error::Code::Refused);
  if (const auto hidden = placed(value, loading.files.check_private(*value.at.file)); !hidden)
    return std::unexpected(hidden.error());
  const std::string* text = value.text();
  if (text == nullptr) return wrong(value, std::string(kind_of(value)) + " is not text");
  return accepted(value, decoded(*text, encoding), {}, loading.diagnostics);
}

// Exactly one of file, text, hex and base64 stands in the table.
Expected<PreSharedKey> read_source(TableReader& reader, const Value& table, Loading& loading) {
  const Value* file = reader.find("file");
  const bool encoded = reader.find("encoding") != nullptr;
  std::size_t sources = file == nullptr ? 0 : 1;
  Expected<PreSharedKey> key = wrong(table, "no key", std::string(kRemedy));
  if (file != nullptr) key = read_file(reader, *file, loading);
  for (const auto& [word, encoding] : kEncodings) {
    const Value* value = reader.find(word);
    if (value == nullptr) continue;
    if (++sources == 1) key = read_inline(*value, encoding, loading);
  }
  if (sources > 1) return wrong(table, "the key is there twice", "one of its forms");
  if (encoded && file == nullptr && sources == 1)
    return wrong(table, "encoding is for the key's file", "leave it out");
  return key;
}

}  // namespace

std::optional<PreSharedKey> read_pre_shared_key(TableReader& reader, std::string_view key,
                                                Loading& loading) {
  const Value* value = reader.find(key);
  if (value == nullptr) return std::nullopt;
  if (value->table() == nullptr) {
    reader.error(key, fmt::format("{}: {} is not a key", key, kind_of(*value)),
                 std::string(kRemedy));
    return std::nullopt;
  }
  TableReader table(*value, "a pre-shared key", loading.diagnostics);
  auto read = read_source(table, *value, loading);
  if (read) return std::move(*read);
  read.error().what = fmt::format("{}: {}", key, read.error().what);
  loading.diagnostics.error(std::move(read).error());
  return std::nullopt;
}

Expected<TomlFields> pre_shared_key_fields(const SecretSource& source, const std::string& owner) {
  if (source.file.empty())
    return fail(Error::Code::Refused, fmt::format("the key of {} stands inline", owner),
                "move it to a file: an export never holds a key");
  TomlFields fields;
  fields.add("file", source.file);
  fields.add("encoding", word_for(kEncodings, source.encoding));
  return fields;
}

}  // namespace sallyport
