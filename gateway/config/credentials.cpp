#include "crypto/digest.h"
#include "gateway/config/certificate_files.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

struct PrivateKeyFile {
  std::filesystem::path path;
  PrivateKey key;
};

// The path of a private key in PEM, which only its owner may read.
struct ReadPrivateKeyFile {
  const ConfigurationFiles& files;

  Expected<PrivateKeyFile> operator()(const Value& value) const {
    auto path = read_path(value);
    if (!path) return std::unexpected(std::move(path).error());
    const auto bytes = placed(value, files.secret(*path));
    if (!bytes) return std::unexpected(bytes.error());
    const ByteView pem = bytes->view();
    auto key = PrivateKey::from_pem({reinterpret_cast<const char*>(pem.data()), pem.size()});
    if (!key)
      return wrong(value, path->native() + ": " + key.error().what, key.error().remedy,
                   key.error().code);
    return PrivateKeyFile{std::move(*path), std::move(*key)};
  }
};

std::optional<PrivateKeyFile> read_private_key(TableReader& credential,
                                               const ConfigurationFiles& files) {
  constexpr std::string_view kRemedy = "{ file = \"...\" }, a private key in PEM";
  std::optional<PrivateKeyFile> key;
  const Value* value = credential.require("key", kRemedy);
  if (value == nullptr) return key;
  if (value->table() == nullptr) {
    credential.error("key", "key: " + std::string(kind_of(*value)) + " is not the file of a key",
                     std::string(kRemedy));
    return key;
  }
  TableReader reader(*value, "key", credential.diagnostics());
  reader.require("file", key, ReadPrivateKeyFile{files}, "the path of a private key in PEM");
  return key;
}

PublishedObject published(ByteView object, std::string url) {
  const auto hash = sha1({object});
  return {.url = std::move(url), .hash = {hash.begin(), hash.end()}};
}

// Of each certificate, where there are as many; validate() sees where there are not.
void read_urls(TableReader& reader, Credential& credential) {
  std::vector<std::string> urls;
  reader.read("urls", urls, list_of(read_http_url));
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const auto der =
        i < credential.chain.size() ? credential.chain[i].der() : std::vector<std::uint8_t>();
    credential.published.push_back(published(der, std::move(urls[i])));
  }
}

std::filesystem::path read_bundle(TableReader& parent, Credential& credential,
                                  const ConfigurationFiles& files) {
  const Value* value = parent.find("bundle");
  if (value == nullptr) return {};
  TableReader reader(*value, "bundle", parent.diagnostics());
  BundleFile file;
  std::string url;
  reader.require("file", file, ReadBundleFile{files}, "the path of a CertificateBundle, DER");
  reader.require("url", url, read_http_url, "where the file is published");
  if (file.der.empty() || url.empty()) return {};
  const bool own =
      !credential.chain.empty() && credential.chain.front().der() == file.first_certificate;
  if (!own)
    reader.error("file", "file: its first certificate is not the first of `certificates`",
                 "a bundle of the same certificates in the same order");
  credential.published_bundle = published(file.der, std::move(url));
  return std::move(file.path);
}

std::vector<std::filesystem::path> read_ocsp_responses(TableReader& reader, Credential& credential,
                                                       const ConfigurationFiles& files) {
  std::vector<OcspFile> responses;
  reader.read("ocsp_responses", responses, list_of(ReadOcspFile{files}));
  auto paths = paths_of(responses);
  for (OcspFile& file : responses) credential.ocsp_responses.push_back(std::move(file.response));
  return paths;
}

std::vector<Certificate> known_anchors(const Configuration& configuration) {
  std::vector<Certificate> anchors;
  for (const AuthorityConfig& authority : configuration.authorities)
    anchors.insert(anchors.end(), authority.anchors->certificates.begin(),
                   authority.anchors->certificates.end());
  return anchors;
}

CredentialConfig read_credential(TableReader& reader, const Loading& loading) {
  CredentialConfig credential;
  std::vector<CertificateFile> chain;
  reader.require("name", credential.name, read_name, "what peers call it");
  std::optional<PrivateKeyFile> key = read_private_key(reader, loading.files);
  reader.read("certificates", chain, list_of(ReadCertificateFile{loading.files}));
  if (!key) {
    // What only makes sense with a key is none the worse for it.
    for (const std::string_view field : {"urls", "bundle", "ocsp_responses"})
      static_cast<void>(reader.find(field));
    return credential;
  }
  Credential loaded{credential.name, std::move(key->key), {}};
  for (const CertificateFile& file : chain)
    loaded.chain.insert(loaded.chain.end(), file.certificates.begin(), file.certificates.end());
  loaded.authorities = authorities_of(loaded.chain, known_anchors(loading.configuration));
  read_urls(reader, loaded);
  credential.bundle_file = read_bundle(reader, loaded, loading.files);
  credential.ocsp_files = read_ocsp_responses(reader, loaded, loading.files);
  if (const auto valid = validate(loaded); !valid)
    reader.error(reader.has("certificates") ? "certificates" : "key", valid.error().what,
                 valid.error().remedy, valid.error().code);
  credential.key_file = std::move(key->path);
  credential.certificate_files = paths_of(chain);
  credential.credential = std::make_shared<const Credential>(std::move(loaded));
  return credential;
}

void write_published(const CredentialConfig& config, TomlFields& fields) {
  const Credential& credential = *config.credential;
  std::vector<std::string> urls;
  for (const PublishedObject& object : credential.published) urls.push_back(object.url);
  if (!urls.empty()) fields.add("urls", urls);
  if (credential.published_bundle) {
    TomlFields bundle;
    bundle.add("file", config.bundle_file);
    bundle.add("url", credential.published_bundle->url);
    fields.add("bundle", bundle);
  }
  if (!config.ocsp_files.empty()) fields.add("ocsp_responses", path_texts(config.ocsp_files));
}

}  // namespace

void read_credentials(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("credential")) {
    TableReader reader(*element, "[[credential]]", loading.diagnostics);
    CredentialConfig credential = read_credential(reader, loading);
    names.claim(credential.name, reader);
    loading.configuration.credentials.push_back(std::move(credential));
  }
}

void write_credentials(const Configuration& configuration, std::string& out) {
  for (const CredentialConfig& credential : configuration.credentials) {
    TomlFields key;
    key.add("file", credential.key_file);
    TomlFields fields;
    fields.add("name", credential.name);
    fields.add("key", key);
    if (!credential.certificate_files.empty())
      fields.add("certificates", path_texts(credential.certificate_files));
    write_published(credential, fields);
    out += fields.block("[[credential]]");
  }
}

}  // namespace sallyport
