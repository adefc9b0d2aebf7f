// Files of certificates, revocation lists and public keys: PEM or DER, told apart by their content.
#pragma once

#include <vector>

#include "crypto/certificate.h"
#include "crypto/signature.h"
#include "gateway/config/configuration.h"
#include "gateway/config/document.h"

namespace sallyport {

struct CertificateFile {
  std::filesystem::path path;
  std::vector<Certificate> certificates;  // one at least
};
struct RevocationFile {
  std::filesystem::path path;
  RevocationList list;
};
struct PublicKeyFile {
  std::filesystem::path path;
  PublicKey key;
};
struct OcspFile {
  std::filesystem::path path;
  std::vector<std::uint8_t> response;  // DER
};
struct BundleFile {
  std::filesystem::path path;
  std::vector<std::uint8_t> der;
  std::vector<std::uint8_t> first_certificate;  // in it, DER
};

// Parsers of the path of such a file. Errors stand at the path's place and name the file.
struct ReadCertificateFile {
  const ConfigurationFiles& files;
  [[nodiscard]] Expected<CertificateFile> operator()(const Value& value) const;
};
struct ReadRevocationFile {
  const ConfigurationFiles& files;
  [[nodiscard]] Expected<RevocationFile> operator()(const Value& value) const;
};
// Of a key itself, or of a certificate that holds it.
struct ReadPublicKeyFile {
  const ConfigurationFiles& files;
  [[nodiscard]] Expected<PublicKeyFile> operator()(const Value& value) const;
};

// A successful OCSP response, DER (RFC 6960).
struct ReadOcspFile {
  const ConfigurationFiles& files;
  [[nodiscard]] Expected<OcspFile> operator()(const Value& value) const;
};
// A CertificateBundle, DER (RFC 7296 3.6).
struct ReadBundleFile {
  const ConfigurationFiles& files;
  [[nodiscard]] Expected<BundleFile> operator()(const Value& value) const;
};
// Where an object is to be had by http.
[[nodiscard]] Expected<std::string> read_http_url(const Value& value);

// The paths of such files, in their order.
template <class Files>
[[nodiscard]] std::vector<std::filesystem::path> paths_of(const Files& files) {
  std::vector<std::filesystem::path> paths;
  for (const auto& file : files) paths.push_back(file.path);
  return paths;
}
[[nodiscard]] std::vector<std::string> path_texts(const std::vector<std::filesystem::path>& paths);

}  // namespace sallyport
