#include "gateway/config/keys.h"

#include <fmt/format.h>

#include "gateway/config/key_text.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

struct KeyBytes {
  Secret<128> bytes;
  std::filesystem::path file;  // empty: inline
};

std::unexpected<Error> rekeyed(const Value& value, Error error) {
  error.where = to_string(value.at);
  return std::unexpected(std::move(error));
}

Expected<KeyBytes> read_inline(const Value& value, const Loading& loading) {
  if (!loading.configuration.instance.inline_secrets) {
    return wrong(value, "the key stands in the configuration itself",
                 "{ file = \"...\" }, or [instance] inline_secrets = true", Error::Code::Refused);
  }
  if (auto hidden = loading.files.check_private(*value.at.file); !hidden) {
    return rekeyed(value, std::move(hidden).error());
  }
  auto bytes = parse_key(*value.text());
  if (!bytes) return rekeyed(value, std::move(bytes).error());
  return KeyBytes{std::move(*bytes), {}};
}

Expected<KeyBytes> read_file(const Value& value, Loading& loading) {
  std::filesystem::path file;
  TableReader reader(value, "a key", loading.diagnostics);
  reader.require("file", file, read_path, "the path of a file with hexadecimal digits");
  if (file.empty()) return KeyBytes{};
  auto bytes = loading.files.key(file);
  if (!bytes) return rekeyed(*value.find("file"), std::move(bytes).error());
  return KeyBytes{std::move(*bytes), std::move(file)};
}

// Nothing where the key is missing or wrong; the latter is reported.
std::optional<KeyBytes> read_key(TableReader& reader, std::string_view key, Loading& loading) {
  const Value* value = reader.find(key);
  if (value == nullptr) return std::nullopt;
  auto bytes = value->table() != nullptr ? read_file(*value, loading)
               : value->text() != nullptr
                   ? read_inline(*value, loading)
                   : wrong(*value, shown(*value) + " is not a key", "{ file = \"...\" }");
  if (!bytes) {
    bytes.error().what = fmt::format("{}: {}", key, bytes.error().what);
    reader.diagnostics().error(std::move(bytes).error());
    return std::nullopt;
  }
  return std::move(*bytes);
}

struct Need {
  std::string_view key;
  std::string_view algorithm;
  std::size_t octets;
  std::string_view detail;  // after the number, in the remedy
};

// True where the material has the length that the algorithm takes; what is not is reported.
bool check_length(TableReader& reader, const std::optional<KeyBytes>& given, const Need& need) {
  const std::string remedy = fmt::format("{} octets{}", need.octets, need.detail);
  if (!given) {
    // A value that is there but wrong has been reported.
    if (need.octets != 0 && !reader.has(need.key)) {
      reader.error(need.key, fmt::format("{} is missing: {} takes one", need.key, need.algorithm),
                   remedy);
    }
    return false;
  }
  if (given->bytes.empty()) return false;  // reported
  if (given->bytes.size() == need.octets) return true;
  if (need.octets == 0) {
    reader.error(need.key, fmt::format("{}: {} takes none", need.key, need.algorithm),
                 "leave it out");
  } else {
    reader.error(need.key,
                 fmt::format("{}: {} octets are not what {} takes", need.key, given->bytes.size(),
                             need.algorithm),
                 remedy);
  }
  return false;
}

struct SaltedKey {
  Secret<128> key;
  Secret<4> salt;
  std::filesystem::path key_file, salt_file;
};

// A key with its salt behind it or apart; empty where something is missing or wrong.
SaltedKey read_salted_key(TableReader& reader, Need need, std::size_t salt_octets,
                          Loading& loading) {
  SaltedKey read;
  const auto salt = read_key(reader, "salt", loading);
  const auto key = read_key(reader, need.key, loading);
  const bool with_salt = !reader.has("salt") && salt_octets != 0;
  const std::size_t behind = with_salt ? salt_octets : 0;
  const std::string detail =
      with_salt ? fmt::format(": a key of {} and a salt of {}", need.octets, behind) : "";
  const std::size_t octets = need.octets;
  need.octets += behind;
  need.detail = detail;
  if (check_length(reader, key, need)) {
    read.key = Secret<128>(key->bytes.view().first(octets));
    read.salt = Secret<4>(key->bytes.view().subspan(octets));
    read.key_file = key->file;
  }
  if (!with_salt && check_length(reader, salt, {"salt", need.algorithm, salt_octets, ""})) {
    read.salt = Secret<4>(salt->bytes.view());
    read.salt_file = salt->file;
    if (read.salt_file.empty()) read.key_file.clear();  // half inline is inline
  }
  return read;
}

void read_cipher_key(TableReader& reader, Sa& sa, Loading& loading) {
  const CipherFacts& cipher = facts(sa.transform.cipher);
  const std::string_view name =
      sa.protocol == IpsecProtocol::Ah ? facts(sa.transform.integrity).name : cipher.name;
  KeyFiles& files = loading.configuration.key_files[sa.name];
  SaltedKey read =
      read_salted_key(reader, {"key", name, cipher.key_bytes, ""}, cipher.salt_bytes, loading);
  sa.salt = std::move(read.salt);
  files.salt = read.salt_file;
  if (read.key.empty()) return;
  sa.cipher_key = Secret<32>(read.key.view());
  files.key = read.key_file;
  if (const auto good = validate_key(sa.transform.cipher, sa.cipher_key.view()); !good) {
    reader.error("key", "key: " + good.error().what, good.error().remedy, good.error().code);
  }
}

void read_integrity_key(TableReader& reader, Sa& sa, Loading& loading) {
  const IntegrityFacts& integrity = facts(sa.transform.integrity);
  const std::string_view name =
      sa.transform.integrity == Integrity::None ? facts(sa.transform.cipher).name : integrity.name;
  const auto key = read_key(reader, "integrity_key", loading);
  if (!check_length(reader, key, {"integrity_key", name, integrity.key_bytes, ""})) return;
  sa.integrity_key = Secret<64>(key->bytes.view());
  loading.configuration.key_files[sa.name].integrity_key = key->file;
}

// AH with GMAC: the integrity key is the one with a salt (RFC 4543 5.2).
void read_salted_integrity_key(TableReader& reader, Sa& sa, Loading& loading) {
  const IntegrityFacts& integrity = facts(sa.transform.integrity);
  KeyFiles& files = loading.configuration.key_files[sa.name];
  SaltedKey read =
      read_salted_key(reader, {"integrity_key", integrity.name, integrity.key_bytes, ""},
                      integrity.salt_bytes, loading);
  sa.salt = std::move(read.salt);
  files.salt = read.salt_file;
  sa.integrity_key = Secret<64>(read.key.view());
  files.integrity_key = read.key_file;
  const auto none = read_key(reader, "key", loading);
  static_cast<void>(check_length(reader, none, {"key", integrity.name, 0, ""}));
}

}  // namespace

void read_keys(TableReader& reader, Sa& sa, Loading& loading) {
  if (facts(sa.transform.integrity).ah_only())
    return read_salted_integrity_key(reader, sa, loading);
  read_cipher_key(reader, sa, loading);
  read_integrity_key(reader, sa, loading);
}

}  // namespace sallyport
