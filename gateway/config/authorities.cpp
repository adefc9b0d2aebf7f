#include "gateway/config/certificate_files.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

AuthorityConfig read_authority(TableReader& reader, const ConfigurationFiles& files) {
  AuthorityConfig authority;
  std::vector<CertificateFile> certificates;
  std::vector<RevocationFile> lists;
  TrustAnchors anchors{{}, {}, {}};
  reader.require("name", authority.name, read_name, "what peers call it");
  reader.require("certificates", certificates, list_of(ReadCertificateFile{files}),
                 "files of certificates that are trusted");
  reader.read("revocation_lists", lists, list_of(ReadRevocationFile{files}));
  reader.read("list_urls", anchors.list_urls, list_of(read_http_url));
  reader.read("ocsp_url", anchors.ocsp_url, read_http_url);
  std::vector<Certificate> trusted;
  for (const CertificateFile& file : certificates)
    trusted.insert(trusted.end(), file.certificates.begin(), file.certificates.end());
  anchors.name = authority.name;
  anchors.certificates = TrustedCertificates(std::move(trusted));
  for (const RevocationFile& file : lists) anchors.lists.push_back(file.list);
  authority.certificate_files = paths_of(certificates);
  authority.revocation_files = paths_of(lists);
  authority.anchors = std::make_shared<const TrustAnchors>(std::move(anchors));
  return authority;
}

}  // namespace

void read_authorities(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("authority")) {
    TableReader reader(*element, "[[authority]]", loading.diagnostics);
    AuthorityConfig authority = read_authority(reader, loading.files);
    names.claim(authority.name, reader);
    loading.configuration.authorities.push_back(std::move(authority));
  }
}

void write_authorities(const Configuration& configuration, std::string& out) {
  for (const AuthorityConfig& authority : configuration.authorities) {
    const TrustAnchors& anchors = *authority.anchors;
    TomlFields fields;
    fields.add("name", authority.name);
    fields.add("certificates", path_texts(authority.certificate_files));
    if (!authority.revocation_files.empty())
      fields.add("revocation_lists", path_texts(authority.revocation_files));
    if (!anchors.list_urls.empty()) fields.add("list_urls", anchors.list_urls);
    if (!anchors.ocsp_url.empty()) fields.add("ocsp_url", anchors.ocsp_url);
    out += fields.block("[[authority]]");
  }
}

}  // namespace sallyport
