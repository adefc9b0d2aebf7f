#include "bench/ike_pki.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "bench/program.h"
#include "tests/support/test_pki.h"

namespace sallyport::bench {
namespace {

constexpr std::string_view kBeginning = "-----BEGIN";

// Valid from yesterday on, for a month: nobody is to find old ones and use them.
TestCertificate certificate(std::string subject, std::string key_pem) {
  const WallTime now = std::chrono::system_clock::now();
  return {.subject = std::move(subject),
          .not_before = now - std::chrono::days(1),
          .not_after = now + std::chrono::days(30),
          .key_pem = std::move(key_pem)};
}

void add_party(IkePki::Parties& parties, const TestAuthority& authority, const std::string& name,
               std::string key_pem) {
  TestCertificate about =
      certificate(fmt::format("C=CH, O=Bench, CN={}", name), std::move(key_pem));
  about.extensions = {{"subjectAltName", "DNS:" + name}};
  const TestIdentity made = authority.issue(about);
  parties.certificates += made.certificate_pem;
  parties.keys += made.key_pem;
}

Expected<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file)
    return fail(Error::Code::Io, fmt::format("cannot read {}", path.string()),
                "--make-identities makes it");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string_view> split(std::string_view pem) {
  std::vector<std::string_view> parts;
  while (!pem.empty()) {
    const std::size_t end = std::min(pem.find(kBeginning, 1), pem.size());
    parts.push_back(pem.substr(0, end));
    pem.remove_prefix(end);
  }
  return parts;
}

Expected<std::vector<std::shared_ptr<const Credential>>> credentials_of(
    const IkePki::Parties& parties, const std::vector<Certificate>& authorities) {
  auto certificates = Certificate::from_pem(parties.certificates);
  if (!certificates) return std::unexpected(certificates.error());
  const std::vector<std::string_view> keys = split(parties.keys);
  if (keys.size() != certificates->size())
    return fail(Error::Code::Invalid, "there are not as many keys as certificates");
  std::vector<std::shared_ptr<const Credential>> credentials;
  std::optional<PrivateKey> key;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i == 0 || keys[i] != keys[i - 1]) {
      auto read = PrivateKey::from_pem(keys[i]);
      if (!read) return std::unexpected(read.error());
      key.emplace(std::move(*read));
    }
    Credential credential{
        .name = std::to_string(i), .key = *key, .chain = {std::move((*certificates)[i])}};
    credential.authorities = authorities_of(credential.chain, authorities);
    credentials.push_back(std::make_shared<const Credential>(std::move(credential)));
  }
  return credentials;
}

}  // namespace

IkePki make_pki(IkeMethod method, unsigned clients) {
  const bool rsa = method == IkeMethod::Rsa;
  const TestKey kind = rsa ? TestKey::Rsa2048 : TestKey::EcP256;
  const TestAuthority authority(certificate("C=CH, O=Bench, CN=Root", make_own_key_pem(kind)));
  IkePki pki{.authority = authority.certificate_pem(), .server = {}, .clients = {}};
  add_party(pki.server, authority, std::string(kServerName), make_own_key_pem(kind));
  const std::string common = rsa ? make_own_key_pem(kind) : std::string();
  for (unsigned i = 0; i < clients; ++i)
    add_party(pki.clients, authority, fmt::format("{}{}", i, kClientDomain),
              rsa ? common : make_own_key_pem(kind));
  return pki;
}

Expected<void> write_pki(const IkePki& pki, const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    return fail(Error::Code::Io, fmt::format("no folder {}: {}", folder.string(),  //
                                             failure.message()));
  const std::pair<const char*, const std::string&> files[] = {
      {"authority.pem", pki.authority},  {"server.pem", pki.server.certificates},
      {"server.key", pki.server.keys},   {"clients.pem", pki.clients.certificates},
      {"clients.key", pki.clients.keys},
  };
  for (const auto& [name, text] : files)
    if (auto written = write_report((folder / name).string(), text); !written) return written;
  return {};
}

Expected<IkePki> read_pki(const std::filesystem::path& folder) {
  IkePki pki;
  const std::pair<const char*, std::string&> files[] = {
      {"authority.pem", pki.authority},  {"server.pem", pki.server.certificates},
      {"server.key", pki.server.keys},   {"clients.pem", pki.clients.certificates},
      {"clients.key", pki.clients.keys},
  };
  for (const auto& [name, text] : files) {
    auto read = read_file(folder / name);
    if (!read) return std::unexpected(read.error());
    text = std::move(*read);
  }
  return pki;
}

IkeIdentities shared_secret() {
  IkeIdentities identities;
  identities.secret = std::make_shared<const SecretBytes>(
      ByteView(reinterpret_cast<const std::uint8_t*>(kSharedSecret.data()), kSharedSecret.size()));
  return identities;
}

Expected<IkeIdentities> identities_of(const IkePki& pki, ike::Side side) {
  auto authorities = Certificate::from_pem(pki.authority);
  if (!authorities) return std::unexpected(authorities.error());
  auto credentials =
      credentials_of(side == ike::Side::Initiator ? pki.clients : pki.server, *authorities);
  if (!credentials) return std::unexpected(credentials.error());
  IkeIdentities identities;
  identities.anchors = std::make_shared<const TrustAnchors>(TrustAnchors{
      .name = "root", .certificates = TrustedCertificates(std::move(*authorities)), .lists = {}});
  identities.credentials = std::move(*credentials);
  return identities;
}

}  // namespace sallyport::bench
