#include "gateway/config/certificate_files.h"

#include "base/bytes.h"
#include "base/http_url.h"
#include "crypto/certificate_chain.h"
#include "gateway/config/loading.h"
#include "gateway/config/value_parsers.h"
#include "ike/auth/certificate_pointers.h"

namespace sallyport {
namespace {

bool is_pem(std::string_view text) { return text.contains("-----BEGIN "); }

struct Text {
  std::filesystem::path path;
  std::string text;
};

Expected<Text> read_whole(const Value& value, const ConfigurationFiles& files) {
  auto path = read_path(value);
  if (!path) return std::unexpected(std::move(path).error());
  auto text = placed(value, files.text(*path));
  if (!text) return std::unexpected(std::move(text).error());
  return Text{std::move(*path), std::move(*text)};
}

// What is wrong with the content of a file, at the place where the file is named.
std::unexpected<Error> wrong_content(const Value& value, const Text& file, const Error& error) {
  return wrong(value, file.path.native() + ": " + error.what, error.remedy, error.code);
}

Expected<std::vector<Certificate>> certificates_in(std::string_view text) {
  if (is_pem(text)) return Certificate::from_pem(text);
  auto certificate = Certificate::from_der(octets_of(text));
  if (!certificate) return std::unexpected(std::move(certificate).error());
  return std::vector{std::move(*certificate)};
}

}  // namespace

Expected<CertificateFile> ReadCertificateFile::operator()(const Value& value) const {
  auto file = read_whole(value, files);
  if (!file) return std::unexpected(std::move(file).error());
  auto certificates = certificates_in(file->text);
  if (!certificates) return wrong_content(value, *file, certificates.error());
  return CertificateFile{std::move(file->path), std::move(*certificates)};
}

Expected<RevocationFile> ReadRevocationFile::operator()(const Value& value) const {
  auto file = read_whole(value, files);
  if (!file) return std::unexpected(std::move(file).error());
  auto list = is_pem(file->text) ? RevocationList::from_pem(file->text)
                                 : RevocationList::from_der(octets_of(file->text));
  if (!list) return wrong_content(value, *file, list.error());
  return RevocationFile{std::move(file->path), std::move(*list)};
}

Expected<PublicKeyFile> ReadPublicKeyFile::operator()(const Value& value) const {
  auto file = read_whole(value, files);
  if (!file) return std::unexpected(std::move(file).error());
  auto key = is_pem(file->text) ? PublicKey::from_pem(file->text)
                                : PublicKey::from_spki(octets_of(file->text));
  if (!key) return wrong_content(value, *file, key.error());
  return PublicKeyFile{std::move(file->path), std::move(*key)};
}

Expected<OcspFile> ReadOcspFile::operator()(const Value& value) const {
  auto file = read_whole(value, files);
  if (!file) return std::unexpected(std::move(file).error());
  const ByteView der = octets_of(file->text);
  if (!end_of_ocsp_response(der))
    return wrong(value, file->path.native() + ": this is no successful OCSP response",
                 "what `openssl ocsp -respout FILE` writes");
  return OcspFile{std::move(file->path), {der.begin(), der.end()}};
}

Expected<BundleFile> ReadBundleFile::operator()(const Value& value) const {
  auto file = read_whole(value, files);
  if (!file) return std::unexpected(std::move(file).error());
  const ByteView der = octets_of(file->text);
  auto bundle = ike::split_bundle(der);
  if (!bundle || bundle->certificates.empty())
    return wrong(value, file->path.native() + ": this is no bundle of certificates",
                 "the DER of a CertificateBundle (RFC 7296 3.6)");
  return BundleFile{
      std::move(file->path), {der.begin(), der.end()}, std::move(bundle->certificates.front())};
}

Expected<std::string> read_http_url(const Value& value) {
  auto text = read_text(value);
  if (text && !is_http_url(*text))
    return wrong(value, shown(value) + " is not a URL that can be fetched",
                 "\"http://...\", of printable ASCII, without a user");
  return text;
}

std::vector<std::string> path_texts(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> texts;
  for (const auto& path : paths) texts.push_back(path.native());
  return texts;
}

}  // namespace sallyport
