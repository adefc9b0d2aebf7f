#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/pre_shared_key.h"
#include "gateway/config/value_parsers.h"
#include "ike/eap/local_users.h"

namespace sallyport {
namespace {

constexpr std::string_view kUsersRemedy =
    "{ name = \"...\", password = { file = \"...\" } } for each";
constexpr std::size_t kLongestName = 256;  // octets (RFC 2759 4)

using ike::LocalUser;
using ike::LocalUsers;

Expected<std::string> read_user_name(const Value& value) {
  auto name = read_text(value);
  if (name && name->size() > kLongestName)
    return wrong(value, shown(value) + " is no name of a user",
                 fmt::format("1 to {} octets", kLongestName));
  return name;
}

Expected<Identity> read_proved_identity(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  return placed(value, Identity::parse(*text));
}

// That of the user's own name, unless it says another.
std::optional<Identity> read_user_identity(TableReader& reader, const std::string& name) {
  std::optional<Identity> identity;
  reader.read("identity", identity, read_proved_identity);
  if (identity || reader.has("identity") || name.empty()) return identity;
  auto own = Identity::parse(name);
  if (own) return std::move(*own);
  reader.error("name", fmt::format("name: {}", own.error().what),
               "identity = \"...\", that its password proves");
  return identity;
}

std::optional<NtHash> read_password(TableReader& reader, SecretSource& source, Loading& loading) {
  auto password = read_pre_shared_key(reader, "password", loading);
  if (!password) {
    static_cast<void>(reader.require("password", "{ file = \"...\" }"));
    return std::nullopt;
  }
  source = std::move(password->source);
  auto hash = nt_hash(password->bytes->view());
  if (hash) return std::move(*hash);
  reader.error("password", "password: " + hash.error().what, hash.error().remedy,
               hash.error().code);
  return std::nullopt;
}

void read_user(const Value& value, AaaConfig& aaa, LocalUsers::Users& users, Loading& loading) {
  TableReader reader(value, "a user", loading.diagnostics);
  AaaUserConfig user;
  reader.require("name", user.name, read_user_name, "as the peer says it in EAP");
  const auto identity = read_user_identity(reader, user.name);
  auto hash = read_password(reader, user.password, loading);
  if (user.name.empty() || !identity || !hash) return;
  user.identity = *identity;
  if (!users.emplace(user.name, LocalUser{std::move(*hash), *identity}).second)
    reader.error("name", fmt::format("name: \"{}\" stands twice", user.name), {},
                 Error::Code::Exists);
  aaa.users.push_back(std::move(user));
}

AaaConfig read_one(TableReader& reader, Loading& loading) {
  AaaConfig aaa;
  LocalUsers::Users users;
  reader.require("name", aaa.name, read_name, "what peers call it");
  reader.read("ask_identity", aaa.ask_identity, read_flag);
  // It says who may have which home address. One beyond this process is not asked before it and we
  // can prove ourselves to each other on the way (BOOT-10).
  for (const std::string_view server : {"radius", "diameter"}) reader.not_available(server);
  if (const Value* value = reader.require("users", kUsersRemedy)) {
    if (value->list() == nullptr) {
      read_user(*value, aaa, users, loading);
    } else {
      for (const Value& one : *value->list()) read_user(one, aaa, users, loading);
      if (value->list()->empty())
        reader.error("users", "users: the list is empty", std::string(kUsersRemedy));
    }
  }
  aaa.authenticator = std::make_shared<LocalUsers>(
      aaa.name, std::move(users),
      aaa.ask_identity ? LocalUsers::IdentityRound::First : LocalUsers::IdentityRound::None);
  return aaa;
}

Expected<TomlFields> user_fields(const AaaUserConfig& user) {
  const auto password = pre_shared_key_fields(user.password, "user " + user.name);
  if (!password) return std::unexpected(password.error());
  TomlFields fields;
  fields.add("name", user.name);
  fields.add("password", *password);
  fields.add("identity", to_string(user.identity));
  return fields;
}

}  // namespace

void read_aaa(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("aaa")) {
    TableReader reader(*element, "[[aaa]]", loading.diagnostics);
    AaaConfig aaa = read_one(reader, loading);
    names.claim(aaa.name, reader);
    loading.configuration.aaa.push_back(std::move(aaa));
  }
}

Expected<void> write_aaa(const Configuration& configuration, std::string& out) {
  for (const AaaConfig& aaa : configuration.aaa) {
    std::vector<TomlFields> users;
    for (const AaaUserConfig& user : aaa.users) {
      auto fields = user_fields(user);
      if (!fields) return std::unexpected(std::move(fields).error());
      users.push_back(std::move(*fields));
    }
    TomlFields fields;
    fields.add("name", aaa.name);
    fields.add("ask_identity", aaa.ask_identity);
    fields.add("users", users);
    out += fields.block("[[aaa]]");
  }
  return {};
}

}  // namespace sallyport
