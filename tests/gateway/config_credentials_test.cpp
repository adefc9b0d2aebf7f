// [[authority]] and [[credential]].
#include <algorithm>
#include <catch2/catch.hpp>

#include "crypto/digest.h"
#include "tests/gateway/config_support.h"

namespace sallyport::config_credentials_test {

using namespace test;

namespace {

Configuration good(const std::string& text, const MemoryFiles& files = sample_files()) {
  auto configuration = parse(text, files);
  INFO(text << (configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(*configuration);
}

std::string refusal(const std::string& text, const MemoryFiles& files = sample_files()) {
  const auto configuration = parse(text, files);
  INFO(text);
  REQUIRE_FALSE(configuration);
  return to_string(configuration.error());
}

std::string at(std::string_view where) {
  return "/etc/sallyport/gateway.toml:" + std::string(where) + ": ";
}

std::string text_of(const std::vector<std::uint8_t>& octets) {
  return {octets.begin(), octets.end()};
}

const std::string kAuthority = R"([[authority]]
name = "root"
certificates = ["certificates/root.pem"]
revocation_lists = "certificates/root.crl"
)";
const std::string kCredential = R"([[credential]]
name = "gateway"
key = { file = "keys/gateway.pem" }
certificates = ["certificates/gateway.pem", "certificates/root.pem"]
)";

}  // namespace

TEST_CASE("PAD-07, PAD-12: an authority is certificates and revocation lists in files") {
  const Configuration configuration = good(kAuthority);
  REQUIRE(configuration.authorities.size() == 1);
  const AuthorityConfig& authority = configuration.authorities[0];
  CHECK(authority.name == "root");
  CHECK(authority.certificate_files ==
        std::vector<std::filesystem::path>{"/etc/sallyport/certificates/root.pem"});
  CHECK(authority.revocation_files ==
        std::vector<std::filesystem::path>{"/etc/sallyport/certificates/root.crl"});
  REQUIRE(authority.anchors);
  CHECK(authority.anchors->name == "root");
  REQUIRE(authority.anchors->certificates.size() == 1);
  CHECK_THAT(print_distinguished_name(authority.anchors->certificates[0].subject()),
             Catch::Contains("Example Root"));
  CHECK(authority.anchors->lists.size() == 1);
  CHECK(configuration.warnings ==
        std::vector<std::string>{at("2:8") + "no peer names authority \"root\""});
}

TEST_CASE("CERT-01: certificates may be DER, and a PEM file may hold several") {
  const std::vector<std::uint8_t> der = (*Certificate::from_pem(kRootCertificate)).front().der();
  MemoryFiles files = sample_files();
  files.texts["/etc/sallyport/certificates/root.pem"] = text_of(der);
  const Configuration one = good(kAuthority, files);
  CHECK(one.authorities[0].anchors->certificates[0].der() == der);
  files.texts["/etc/sallyport/certificates/root.pem"] =
      std::string(kRootCertificate) + std::string(kGatewayCertificate);
  const Configuration two = good(kAuthority, files);
  REQUIRE(two.authorities[0].anchors->certificates.size() == 2);
  CHECK(two.authorities[0].anchors->certificates[0].der() == der);
}

TEST_CASE("what an authority refuses") {
  CHECK_THAT(refusal("[[authority]]\nname = \"a\"\n"),
             Catch::StartsWith(at("1:1") + "[[authority]] has no certificates"));
  CHECK_THAT(refusal("[[authority]]\nname = \"a\"\ncertificates = [\"certificates/none.pem\"]\n"),
             Catch::StartsWith(at("3:17") + "certificates: ") && Catch::Contains("No such file"));
  CHECK_THAT(
      refusal("[[authority]]\nname = \"a\"\ncertificates = \"certificates/root.crl\"\n"),
      Catch::StartsWith(at("3:16") + "certificates: /etc/sallyport/certificates/root.crl: "));
  CHECK_THAT(
      refusal("[[authority]]\nname = \"a\"\ncertificates = \"certificates/root.pem\"\n"
              "revocation_lists = \"certificates/root.pem\"\n"),
      Catch::StartsWith(at("4:20") + "revocation_lists: /etc/sallyport/certificates/root.pem: "));
  CHECK_THAT(refusal(kAuthority + kAuthority),
             Catch::StartsWith(at("6:8") + "the name \"root\" is taken at"));
  CHECK_THAT(refusal(kAuthority + "crls = 3\n"),
             Catch::StartsWith(at("5:1") + "unknown key \"crls\" in [[authority]]"));
}

TEST_CASE("CERT-01, CERT-06: a credential is a private key and the certificates for it") {
  const Configuration configuration =
      good(kCredential + "[[credential]]\nname = \"raw\"\nkey = { file = \"keys/ed25519.pem\" }\n");
  REQUIRE(configuration.credentials.size() == 2);
  const CredentialConfig& gateway = configuration.credentials[0];
  CHECK(gateway.name == "gateway");
  CHECK(gateway.key_file == "/etc/sallyport/keys/gateway.pem");
  CHECK(gateway.certificate_files.size() == 2);
  REQUIRE(gateway.credential);
  CHECK(gateway.credential->name == "gateway");
  CHECK(gateway.credential->key.kind() == KeyKind::EcP256);
  REQUIRE(gateway.credential->chain.size() == 2);
  CHECK(gateway.credential->chain[0].dns_names() ==
        std::vector<std::string>{"gateway.example.org"});
  const CredentialConfig& raw = configuration.credentials[1];
  REQUIRE(raw.credential);
  CHECK(raw.credential->chain.empty());
  CHECK(raw.credential->key.kind() == KeyKind::Ed25519);
  CHECK(configuration.warnings.size() == 2);
}

TEST_CASE("what a credential refuses") {
  CHECK_THAT(refusal("[[credential]]\nname = \"c\"\n"),
             Catch::StartsWith(at("1:1") + "[[credential]] has no key"));
  CHECK_THAT(refusal("[[credential]]\nname = \"c\"\nkey = \"keys/gateway.pem\"\n"),
             Catch::StartsWith(at("3:7") + "key: text is not the file of a key") &&
                 Catch::Contains("{ file ="));
  CHECK_THAT(refusal("[[credential]]\nname = \"c\"\nkey = { fiel = \"keys/gateway.pem\" }\n"),
             Catch::Contains("key has no file") && Catch::Contains("did you mean \"file\"?"));
  CHECK_THAT(refusal("[[credential]]\nname = \"c\"\nkey = { file = \"keys/none.pem\" }\n"),
             Catch::StartsWith(at("3:16") + "file: ") && Catch::Contains("No such file"));
  CHECK_THAT(refusal("[[credential]]\nname = \"c\"\nkey = { file = \"keys/psk\" }\n"),
             Catch::StartsWith(at("3:16") + "file: /etc/sallyport/keys/psk: ") &&
                 !Catch::Contains(std::string(kSamplePsk)));
  const std::string mixed = replaced(kCredential, "\"certificates/gateway.pem\", ", "");
  CHECK_THAT(refusal(mixed), Catch::StartsWith(at("4:16")));
  CHECK_THAT(refusal(kCredential + kCredential),
             Catch::StartsWith(at("6:8") + "the name \"gateway\" is taken at"));
}

namespace {

// What is to be published beside the sample's gateway: a bundle of its certificate, and an answer.
MemoryFiles with_published() {
  MemoryFiles files = sample_files();
  const auto der = (*Certificate::from_pem(kGatewayCertificate)).front().der();
  // CertificateBundle: SEQUENCE { [0] certificate }, each of them with a length of two octets.
  const auto sized = [](std::uint8_t tag, std::size_t octets) {
    return std::vector<std::uint8_t>{tag, 0x82, static_cast<std::uint8_t>(octets >> 8),
                                     static_cast<std::uint8_t>(octets)};
  };
  std::vector<std::uint8_t> bundle = sized(0x30, der.size() + 4);
  for (const std::uint8_t octet : sized(0xa0, der.size())) bundle.push_back(octet);
  bundle.insert(bundle.end(), der.begin(), der.end());
  files.texts["/etc/sallyport/certificates/gateway.bundle"] = text_of(bundle);
  return files;
}

const std::string kPublished = R"([[credential]]
name = "gateway"
key = { file = "keys/gateway.pem" }
certificates = "certificates/gateway.pem"
)";

}  // namespace

TEST_CASE("CERT-03: a credential says where its certificates are published") {
  const MemoryFiles files = with_published();
  const Configuration configuration = good(kPublished +
                                               "urls = \"http://example.org/gateway.der\"\n"
                                               "bundle = { file = \"certificates/gateway.bundle\", "
                                               "url = \"http://example.org/bundle\" }\n",
                                           files);
  const Credential& credential = *configuration.credentials[0].credential;
  const std::string& bundle = files.texts.at("/etc/sallyport/certificates/gateway.bundle");
  const auto hash_of = [](const auto& octets) {
    const auto hash =
        sha1({ByteView(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size())});
    return std::vector<std::uint8_t>(hash.begin(), hash.end());
  };
  CHECK(credential.published == std::vector<PublishedObject>{{"http://example.org/gateway.der",
                                                              hash_of(credential.chain[0].der())}});
  CHECK(credential.published_bundle ==
        PublishedObject{"http://example.org/bundle", hash_of(bundle)});
  CHECK(configuration.credentials[0].bundle_file == "/etc/sallyport/certificates/gateway.bundle");

  CHECK_THAT(refusal(kPublished + "urls = \"https://example.org/\"\n"),
             Catch::StartsWith(at("5:8") + "urls: \"https://example.org/\" is not a URL"));
  CHECK_THAT(refusal(kPublished + "urls = [\"http://a/1\", \"http://a/2\"]\n"),
             Catch::Contains("1 certificates and 2 places"));
  CHECK_THAT(refusal(kPublished + "bundle = { file = \"certificates/gateway.bundle\" }\n", files),
             Catch::StartsWith(at("5:10") + "bundle has no url"));
  CHECK_THAT(
      refusal(kPublished + "bundle = { file = \"certificates/root.pem\", url = \"http://a/\" }\n"),
      Catch::StartsWith(at("5:19") + "file: /etc/sallyport/certificates/root.pem: "));
  CHECK_THAT(
      refusal(kPublished + "ocsp_responses = \"certificates/root.crl\"\n"),
      Catch::StartsWith(at("5:18") + "ocsp_responses: /etc/sallyport/certificates/root.crl: "));
}

TEST_CASE("CERT-02: a credential knows the authorities that it leads to") {
  const Configuration configuration = good(kAuthority + kPublished);
  const Credential& credential = *configuration.credentials[0].credential;
  const auto root = (*Certificate::from_pem(kRootCertificate)).front().key_hash();
  CHECK(leads_to_any(credential, root));
  CHECK_FALSE(leads_to_any(*good(kPublished).credentials[0].credential, root));
}

TEST_CASE("CERT-05, PAD-12: an authority says where its lists are, and whom to ask by OCSP") {
  const Configuration configuration =
      good(kAuthority +
           "list_urls = [\"http://example.org/a.crl\", \"http://example.net/a.crl\"]\n"
           "ocsp_url = \"http://ocsp.example.org/\"\n");
  const TrustAnchors& anchors = *configuration.authorities[0].anchors;
  CHECK(anchors.list_urls ==
        std::vector<std::string>{"http://example.org/a.crl", "http://example.net/a.crl"});
  CHECK(anchors.ocsp_url == "http://ocsp.example.org/");
  CHECK_THAT(refusal(kAuthority + "ocsp_url = \"ldap://example.org/\"\n"),
             Catch::StartsWith(at("5:12") + "ocsp_url: \"ldap://example.org/\" is not a URL"));
}

}  // namespace sallyport::config_credentials_test
