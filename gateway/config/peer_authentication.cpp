#include "gateway/config/peer_authentication.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "crypto/ms_chap.h"
#include "gateway/config/certificate_files.h"
#include "gateway/config/pre_shared_key.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<RevocationRule, 3> kRevocationRules{{{"none", RevocationRule::None},
                                                     {"if-known", RevocationRule::IfKnown},
                                                     {"required", RevocationRule::Required}}};
constexpr Words<ExtendedKeyUsageRule, 2> kExtendedKeyUsageRules{
    {{"ike", ExtendedKeyUsageRule::Ike}, {"ignored", ExtendedKeyUsageRule::Ignored}}};
constexpr unsigned kLeastRsaBits = 1024;
constexpr unsigned kMostRsaBits = 16384;
constexpr unsigned kAdvisedRsaBits = 2048;  // RFC 8247 3.1.1
constexpr std::string_view kRemoteRemedy =
    "{ psk = { file = \"...\" } } or { authorities = [\"...\"] }";
constexpr std::string_view kLoginRemedy = "{ user = \"...\", password = { file = \"...\" } }";
constexpr std::string_view kLocalRemedy =
    "{ psk = { file = \"...\" } } or { credential = \"...\" }";

// The keys of each method but that which names it.
constexpr std::string_view kPublicKeyKeys[] = {
    "authorities",      "raw_keys",           "identity_in_certificate", "revocation",
    "fetch_revocation", "extended_key_usage", "least_rsa_bits"};
constexpr std::string_view kCredentialKeys[] = {"credential", "pkcs1", "legacy"};
constexpr std::string_view kNullKeys[] = {"null"};
constexpr std::string_view kEapKeys[] = {"eap"};

struct Remote {
  RemoteAuthentication authentication;
  RemoteSources sources;
};

void read_authorities_of(TableReader& reader, Remote& remote, const Configuration& configuration) {
  auto& names = remote.sources.authorities;
  reader.read("authorities", names, list_of(name_in(configuration.authorities, "[[authority]]")));
  check_repeats(reader, "authorities", names);
  for (const AuthorityConfig& authority : configuration.authorities) {
    if (std::ranges::find(names, authority.name) != names.end())
      remote.authentication.anchors.push_back(authority.anchors);
  }
}

void read_raw_keys(TableReader& reader, Remote& remote, const ConfigurationFiles& files) {
  std::vector<PublicKeyFile> keys;
  reader.read("raw_keys", keys, list_of(ReadPublicKeyFile{files}));
  remote.sources.raw_key_files = paths_of(keys);
  for (PublicKeyFile& file : keys) remote.authentication.raw_keys.push_back(std::move(file.key));
}

void warn_of_public_key(const RemoteAuthentication& by, TableReader& reader) {
  if (!by.identity_in_certificate && !by.anchors.empty())
    reader.diagnostics().warn(
        reader.at("identity_in_certificate"),
        "identity_in_certificate: whoever has a certificate of these authorities may say that it "
        "is any of the identities",
        "leave it out, but for identities that no certificate holds");
  if (by.least_rsa_bits < kAdvisedRsaBits)
    reader.diagnostics().warn(
        reader.at("least_rsa_bits"),
        fmt::format("least_rsa_bits: RSA keys of {} bits can be broken", by.least_rsa_bits),
        fmt::format("{} or more", kAdvisedRsaBits));
}

void read_public_key(TableReader& reader, Remote& remote, Loading& loading) {
  RemoteAuthentication& by = remote.authentication;
  by.kind = AuthenticationKind::PublicKey;
  read_authorities_of(reader, remote, loading.configuration);
  read_raw_keys(reader, remote, loading.files);
  reader.read("identity_in_certificate", by.identity_in_certificate, read_flag);
  reader.read("revocation", by.revocation, one_of(kRevocationRules));
  reader.read("fetch_revocation", by.fetch_revocation, read_flag);
  reader.read("extended_key_usage", by.extended_key_usage, one_of(kExtendedKeyUsageRules));
  reader.read("least_rsa_bits", by.least_rsa_bits, number(kLeastRsaBits, kMostRsaBits));
  warn_of_public_key(by, reader);
}

void refuse_beside(TableReader& reader, std::string_view method,
                   std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (reader.find(key) != nullptr)
      reader.error(key, fmt::format("{} has no meaning beside {}", key, method),
                   "one method a table: leave out either");
  }
}

// RFC 7619. What is left out is not what is false.
void read_null(TableReader& reader) {
  bool null = true;
  reader.read("null", null, read_flag);
  if (!null) reader.error("null", "null: false is no method", "true, or another method");
}

void read_psk(TableReader& reader, Remote& remote, Loading& loading) {
  if (auto key = read_pre_shared_key(reader, "psk", loading)) {
    remote.authentication.secret = std::move(key->bytes);
    remote.sources.secret = std::move(key->source);
  }
}

// One of [[aaa]].
void read_eap(TableReader& reader, RemoteAuthentication& by, const Configuration& configuration) {
  by.kind = AuthenticationKind::Eap;
  std::string name;
  reader.read("eap", name, name_in(configuration.aaa, "[[aaa]]"));
  const auto found = std::ranges::find(configuration.aaa, name, &AaaConfig::name);
  if (found != configuration.aaa.end()) by.eap = found->authenticator;
}

Remote read_remote(const Value& value, Loading& loading) {
  Remote remote;
  TableReader reader(value, "auth", loading.diagnostics);
  if (reader.has("psk")) {
    refuse_beside(reader, "psk", kPublicKeyKeys);
    refuse_beside(reader, "psk", kNullKeys);
    refuse_beside(reader, "psk", kEapKeys);
    read_psk(reader, remote, loading);
    return remote;
  }
  if (reader.has("null")) {
    refuse_beside(reader, "null", kPublicKeyKeys);
    refuse_beside(reader, "null", kEapKeys);
    remote.authentication.kind = AuthenticationKind::Null;
    read_null(reader);
    return remote;
  }
  if (reader.has("eap")) {
    refuse_beside(reader, "eap", kPublicKeyKeys);
    read_eap(reader, remote.authentication, loading.configuration);
    return remote;
  }
  const bool known = reader.has("authorities") || reader.has("raw_keys");
  if (value.table() != nullptr && !known)
    loading.diagnostics.error(value.at, "auth: does not say how", std::string(kRemoteRemedy));
  read_public_key(reader, remote, loading);
  return remote;
}

void add(Remote remote, PeerConfig& config) {
  config.peer.remote.push_back(std::move(remote.authentication));
  config.remote_sources.push_back(std::move(remote.sources));
}

void read_auth(TableReader& reader, PeerConfig& config, Loading& loading) {
  const Value* value = reader.require("auth", kRemoteRemedy);
  if (value == nullptr) return;
  if (value->list() == nullptr) {
    add(read_remote(*value, loading), config);
  } else {
    for (const Value& one : *value->list()) add(read_remote(one, loading), config);
  }
  const auto keys = std::ranges::count(config.peer.remote, AuthenticationKind::PreSharedKey,
                                       &RemoteAuthentication::kind);
  if (keys > 1) reader.error("auth", "auth: several keys", "one pre-shared key a peer");
  if (config.peer.remote.empty()) reader.error("auth", "auth: the list is empty");
}

// What a key can do decides how it may sign (RFC 7427 3, RFC 8420).
void check_signatures(const LocalAuthentication& by, const Credential& credential,
                      TableReader& reader) {
  const KeyKind kind = credential.key.kind();
  if (by.pkcs1 && kind != KeyKind::Rsa)
    reader.error("pkcs1", "pkcs1: the credential's key is not one of RSA", "leave it out");
  if (by.legacy && auth_method(SignatureScheme::RsaPkcs1Legacy, kind) == 0 &&
      auth_method(SignatureScheme::EcdsaLegacy, kind) == 0)
    reader.error("legacy", "legacy: the credential's key can sign by RFC 7427 alone",
                 "leave it out, or take a key of RSA or ECDSA");
}

// One credential, or several in falling preference.
void read_credentials_of(TableReader& reader, PeerConfig& config, Loading& loading) {
  LocalAuthentication& by = config.peer.local;
  const auto& credentials = loading.configuration.credentials;
  by.kind = AuthenticationKind::PublicKey;
  std::vector<std::string>& names = config.local_sources.credentials;
  reader.require("credential", names, list_of(name_in(credentials, "[[credential]]")),
                 kLocalRemedy);
  check_repeats(reader, "credential", names);
  reader.read("pkcs1", by.pkcs1, read_flag);
  reader.read("legacy", by.legacy, read_flag);
  for (const std::string& name : names) {
    const auto found = std::ranges::find(credentials, name, &CredentialConfig::name);
    if (found->credential == nullptr) continue;
    if (by.credential == nullptr)
      by.credential = found->credential;
    else
      by.alternatives.push_back(found->credential);
    check_signatures(by, *found->credential, reader);
  }
}

// Who we are to the peer's authenticator.
void read_login(TableReader& parent, PeerConfig& config, Loading& loading) {
  LocalAuthentication& by = config.peer.local;
  by.kind = AuthenticationKind::Eap;
  const Value* value = parent.find("eap");
  TableReader reader(*value, "eap", loading.diagnostics);
  reader.require("user", by.user, read_text, kLoginRemedy);
  if (auto key = read_pre_shared_key(reader, "password", loading)) {
    by.secret = std::move(key->bytes);
    config.local_sources.secret = std::move(key->source);
    if (const auto hash = nt_hash(by.secret->view()); !hash)
      reader.error("password", "password: " + hash.error().what, hash.error().remedy,
                   hash.error().code);
  } else {
    static_cast<void>(reader.require("password", kLoginRemedy));
  }
}

void read_local_auth(TableReader& peer, PeerConfig& config, Loading& loading) {
  const Value* value = peer.require("local_auth", kLocalRemedy);
  if (value == nullptr) return;
  TableReader reader(*value, "local_auth", loading.diagnostics);
  if (reader.has("psk")) {
    refuse_beside(reader, "psk", kCredentialKeys);
    refuse_beside(reader, "psk", kNullKeys);
    refuse_beside(reader, "psk", kEapKeys);
    if (auto key = read_pre_shared_key(reader, "psk", loading)) {
      config.peer.local.secret = std::move(key->bytes);
      config.local_sources.secret = std::move(key->source);
    }
  } else if (reader.has("null")) {
    refuse_beside(reader, "null", kCredentialKeys);
    refuse_beside(reader, "null", kEapKeys);
    config.peer.local.kind = AuthenticationKind::Null;
    read_null(reader);
  } else if (reader.has("eap")) {
    refuse_beside(reader, "eap", kCredentialKeys);
    read_login(reader, config, loading);
  } else if (value->table() != nullptr) {
    read_credentials_of(reader, config, loading);
  }
}

void read_common_key(TableReader& reader, PeerConfig& config, Loading& loading) {
  for (const std::string_view key : {"auth", "local_auth"}) {
    if (reader.find(key) != nullptr)
      reader.error(key, fmt::format("{}: psk is for both sides", key), "leave out either");
  }
  const auto key = read_pre_shared_key(reader, "psk", loading);
  if (!key) return;
  Remote remote;
  remote.authentication.secret = key->bytes;
  remote.sources.secret = key->source;
  add(std::move(remote), config);
  config.peer.local.secret = key->bytes;
  config.local_sources.secret = key->source;
}

// A key that several share does not tell them apart (RFC 4301 4.4.3.2).
void warn_of_group_key(const Peer& peer, TableReader& reader) {
  const bool by_key = std::ranges::any_of(peer.remote, [](const RemoteAuthentication& by) {
    return by.kind == AuthenticationKind::PreSharedKey;
  });
  const bool several = peer.identities.size() > 1 ||
                       std::ranges::any_of(peer.identities, [](const IdentityPattern& pattern) {
                         return !pattern.exact();
                       });
  if (by_key && several)
    reader.diagnostics().warn(
        reader.at("identities"),
        fmt::format("whoever knows the key of peer \"{}\" may say that it is any of its identities",
                    peer.name),
        "a [[peer]] and a key for each, or certificates");
}

Expected<TomlFields> remote_fields(const RemoteAuthentication& by, const RemoteSources& sources,
                                   const std::string& peer) {
  TomlFields fields;
  if (by.kind == AuthenticationKind::PreSharedKey) {
    const auto key = pre_shared_key_fields(sources.secret, "peer " + peer);
    if (!key) return std::unexpected(key.error());
    fields.add("psk", *key);
    return fields;
  }
  if (by.kind == AuthenticationKind::Null) {
    fields.add("null", true);
    return fields;
  }
  if (by.kind == AuthenticationKind::Eap) {
    fields.add("eap", by.eap->name());
    return fields;
  }
  if (!sources.authorities.empty()) fields.add("authorities", sources.authorities);
  if (!sources.raw_key_files.empty()) fields.add("raw_keys", path_texts(sources.raw_key_files));
  fields.add("identity_in_certificate", by.identity_in_certificate);
  fields.add("revocation", word_for(kRevocationRules, by.revocation));
  fields.add("fetch_revocation", by.fetch_revocation);
  fields.add("extended_key_usage", word_for(kExtendedKeyUsageRules, by.extended_key_usage));
  fields.add("least_rsa_bits", by.least_rsa_bits);
  return fields;
}

Expected<TomlFields> local_fields(const PeerConfig& config) {
  const LocalAuthentication& by = config.peer.local;
  TomlFields fields;
  if (by.kind == AuthenticationKind::PreSharedKey || by.kind == AuthenticationKind::Eap) {
    const auto key = pre_shared_key_fields(config.local_sources.secret, "peer " + config.peer.name);
    if (!key) return std::unexpected(key.error());
    if (by.kind == AuthenticationKind::PreSharedKey) {
      fields.add("psk", *key);
      return fields;
    }
    TomlFields login;
    login.add("user", by.user);
    login.add("password", *key);
    fields.add("eap", login);
    return fields;
  }
  if (by.kind == AuthenticationKind::Null) {
    fields.add("null", true);
    return fields;
  }
  fields.add("credential", config.local_sources.credentials);
  fields.add("pkcs1", by.pkcs1);
  fields.add("legacy", by.legacy);
  return fields;
}

}  // namespace

void read_authentication(TableReader& reader, PeerConfig& config, Loading& loading) {
  if (reader.has("psk")) {
    read_common_key(reader, config, loading);
  } else {
    read_auth(reader, config, loading);
    read_local_auth(reader, config, loading);
  }
  warn_of_group_key(config.peer, reader);
  if (proves_nothing(config.peer))
    reader.diagnostics().warn(
        reader.at("auth"),
        "auth: whoever comes is let in, under the policies that say unauthenticated_peers",
        "another method, where there is one");
}

Expected<void> write_authentication(const PeerConfig& config, TomlFields& fields) {
  std::vector<TomlFields> remote;
  for (std::size_t i = 0; i < config.peer.remote.size(); ++i) {
    auto one = remote_fields(config.peer.remote[i], config.remote_sources[i], config.peer.name);
    if (!one) return std::unexpected(std::move(one).error());
    remote.push_back(std::move(*one));
  }
  const auto local = local_fields(config);
  if (!local) return std::unexpected(local.error());
  fields.add("auth", remote);
  fields.add("local_auth", *local);
  return {};
}

}  // namespace sallyport
