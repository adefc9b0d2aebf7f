#include "gateway/config/certificate_files.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

struct KeyFile {
  std::filesystem::path path;
  PrivateKey key;
};

// The path of a private key in PEM, which only its owner may read.
struct ReadKeyFile {
  const ConfigurationFiles& files;

  Expected<KeyFile> operator()(const Value& value) const {
    auto path = read_path(value);
    if (!path) return std::unexpected(std::move(path).error());
    const auto bytes = placed(value, files.secret(*path));
    if (!bytes) return std::unexpected(bytes.error());
    const ByteView pem = bytes->view();
    auto key = PrivateKey::from_pem({reinterpret_cast<const char*>(pem.data()), pem.size()});
    if (!key)
      return wrong(value, path->native() + ": " + key.error().what, key.error().remedy,
                   key.error().code);
    return KeyFile{std::move(*path), std::move(*key)};
  }
};

std::optional<KeyFile> read_private_key(TableReader& credential, const ConfigurationFiles& files) {
  constexpr std::string_view kRemedy = "{ file = \"...\" }, a private key in PEM";
  std::optional<KeyFile> key;
  const Value* value = credential.require("key", kRemedy);
  if (value == nullptr) return key;
  if (value->table() == nullptr) {
    credential.error("key", "key: " + std::string(kind_of(*value)) + " is not the file of a key",
                     std::string(kRemedy));
    return key;
  }
  TableReader reader(*value, "key", credential.diagnostics());
  reader.require("file", key, ReadKeyFile{files}, "the path of a private key in PEM");
  return key;
}

CredentialConfig read_credential(TableReader& reader, const ConfigurationFiles& files) {
  CredentialConfig credential;
  std::vector<CertificateFile> chain;
  reader.require("name", credential.name, read_name, "what peers call it");
  std::optional<KeyFile> key = read_private_key(reader, files);
  reader.read("certificates", chain, list_of(ReadCertificateFile{files}));
  if (!key) return credential;
  Credential loaded{credential.name, std::move(key->key), {}};
  for (const CertificateFile& file : chain)
    loaded.chain.insert(loaded.chain.end(), file.certificates.begin(), file.certificates.end());
  if (const auto valid = validate(loaded); !valid)
    reader.error(reader.has("certificates") ? "certificates" : "key", valid.error().what,
                 valid.error().remedy, valid.error().code);
  credential.key_file = std::move(key->path);
  credential.certificate_files = paths_of(chain);
  credential.credential = std::make_shared<const Credential>(std::move(loaded));
  return credential;
}

}  // namespace

void read_credentials(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("credential")) {
    TableReader reader(*element, "[[credential]]", loading.diagnostics);
    CredentialConfig credential = read_credential(reader, loading.files);
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
    out += fields.block("[[credential]]");
  }
}

}  // namespace sallyport
