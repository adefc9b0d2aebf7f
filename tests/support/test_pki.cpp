#include "tests/support/test_pki.h"

#include <openssl/pem.h>

#include <array>
#include <atomic>
#include <stdexcept>

#include "crypto/openssl_objects.h"

namespace sallyport {
namespace {

using CertificateObject = OpensslObject<X509, X509_free>;
using ListObject = OpensslObject<X509_CRL, X509_CRL_free>;
using RevokedObject = OpensslObject<X509_REVOKED, X509_REVOKED_free>;
using ExtensionObject = OpensslObject<X509_EXTENSION, X509_EXTENSION_free>;
using TimeObject = OpensslObject<ASN1_TIME, ASN1_TIME_free>;

// Tests have no use for half a PKI.
template <class T>
T must(T result, const char* what) {
  if (!result) throw std::runtime_error(std::string(what) + ": " + last_openssl_reason());
  return result;
}

template <class T>
T value_of(Expected<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  return *std::move(result);
}

template <class Write>
std::string pem_of(Write write) {
  const BioObject out(BIO_new(BIO_s_mem()));
  must(write(out.get()) == 1, "PEM");
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

KeyObject generate(TestKey kind) {
  switch (kind) {
    case TestKey::EcP256:
      return KeyObject(EVP_EC_gen("P-256"));
    case TestKey::EcP384:
      return KeyObject(EVP_EC_gen("P-384"));
    case TestKey::EcP521:
      return KeyObject(EVP_EC_gen("P-521"));
    case TestKey::Rsa1024:
      return KeyObject(EVP_RSA_gen(1024U));
    case TestKey::Rsa2048:
      return KeyObject(EVP_RSA_gen(2048U));
    case TestKey::Ed25519:
      return KeyObject(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    case TestKey::Ed448:
      return KeyObject(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"));
    case TestKey::RsaPss2048:
      break;
  }
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY* key = nullptr;
  must(context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1 &&
           EVP_PKEY_generate(context.get(), &key) == 1,
       "RSA-PSS key");
  return KeyObject(key);
}

std::string write_key(TestKey kind) {
  const KeyObject key = must(generate(kind), "key");
  return pem_of([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

KeyObject read_key(const std::string& pem) {
  return must(KeyObject(PEM_read_bio_PrivateKey(read_from(pem).get(), nullptr, nullptr, nullptr)),
              "PEM of a key");
}

NameObject read_name(const std::string& text) {
  const std::vector<std::uint8_t> der = value_of(parse_distinguished_name(text));
  return must(NameObject(whole_of(d2i_X509_NAME, X509_NAME_free, der)), "name");
}

TimeObject time_of(WallTime when) {
  return TimeObject(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(when)));
}

ExtensionObject extension_of(const std::pair<std::string, std::string>& words,
                             X509V3_CTX* context) {
  return must(
      ExtensionObject(X509V3_EXT_conf(nullptr, context, words.first.c_str(), words.second.c_str())),
      words.first.c_str());
}

const EVP_MD* digest_for(const EVP_PKEY* key, const std::string& name) {
  const int kind = EVP_PKEY_get_base_id(key);
  return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nullptr
                                                            : EVP_get_digestbyname(name.c_str());
}

// Signed by `issuer`, or by itself where there is none.
TestIdentity make_identity(const TestCertificate& about, const TestIdentity* issuer) {
  static std::atomic<long> serial{1000};
  const std::string key_pem = about.key_pem.empty() ? make_key_pem(about.key) : about.key_pem;
  const KeyObject key = read_key(key_pem);
  const CertificateObject made = must(CertificateObject(X509_new()), "certificate");
  const NameObject subject = read_name(about.subject);
  X509* signer = issuer != nullptr ? issuer->certificate.handle() : made.get();
  X509_set_version(made.get(), static_cast<long>(about.version) - 1);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_set_subject_name(made.get(), subject.get());
  X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
  X509_set1_notBefore(made.get(), time_of(about.not_before).get());
  X509_set1_notAfter(made.get(), time_of(about.not_after).get());
  X509_set_pubkey(made.get(), key.get());
  X509V3_CTX context;
  X509V3_set_ctx(&context, signer, made.get(), nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  for (const auto& words : about.extensions)
    X509_add_ext(made.get(), extension_of(words, &context).get(), -1);
  const KeyObject signer_key = issuer != nullptr ? read_key(issuer->key_pem) : read_key(key_pem);
  must(X509_sign(made.get(), signer_key.get(), digest_for(signer_key.get(), about.digest)) > 0,
       "signature of a certificate");
  const std::string pem = pem_of([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
  return {.certificate = value_of(Certificate::from_pem(pem)).front(),
          .key = value_of(PrivateKey::from_pem(key_pem)),
          .certificate_pem = pem,
          .key_pem = key_pem};
}

TestCertificate with_authority_extensions(TestCertificate about) {
  if (about.extensions.empty() && about.version == 3)
    about.extensions = {{"basicConstraints", "critical,CA:TRUE"},
                        {"keyUsage", "critical,keyCertSign,cRLSign"},
                        {"subjectKeyIdentifier", "hash"}};
  return about;
}

}  // namespace

WallTime test_now() noexcept {
  return std::chrono::sys_days(std::chrono::year(2026) / std::chrono::June / 1);
}

std::string make_own_key_pem(TestKey kind) { return write_key(kind); }

std::string make_key_pem(TestKey kind) {
  switch (kind) {
    case TestKey::Rsa1024: {
      static const std::string kPem = write_key(kind);
      return kPem;
    }
    case TestKey::Rsa2048: {
      static const std::string kPem = write_key(kind);
      return kPem;
    }
    case TestKey::RsaPss2048: {
      static const std::string kPem = write_key(kind);
      return kPem;
    }
    default:
      return write_key(kind);
  }
}

TestAuthority::TestAuthority(TestCertificate about)
    : own_(make_identity(with_authority_extensions(std::move(about)), nullptr)) {}

TestAuthority TestAuthority::subordinate(TestCertificate about) const {
  return TestAuthority(make_identity(with_authority_extensions(std::move(about)), &own_));
}

TestIdentity TestAuthority::issue(const TestCertificate& about) const {
  return make_identity(about, &own_);
}

std::string TestAuthority::revocation_list_pem(const ListTerms& terms) const {
  const ListObject list = must(ListObject(X509_CRL_new()), "list");
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate().handle()));
  X509_CRL_set1_lastUpdate(list.get(), time_of(terms.this_update).get());
  X509_CRL_set1_nextUpdate(list.get(), time_of(terms.next_update).get());
  for (const Certificate& one : terms.revoked) {
    RevokedObject entry = must(RevokedObject(X509_REVOKED_new()), "entry");
    X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(one.handle()));
    X509_REVOKED_set_revocationDate(entry.get(), time_of(terms.this_update).get());
    X509_CRL_add0_revoked(list.get(), entry.release());
  }
  X509_CRL_sort(list.get());
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate().handle(), nullptr, nullptr, list.get(), 0);
  X509V3_set_ctx_nodb(&context);
  for (const auto& words : terms.extensions)
    X509_CRL_add_ext(list.get(), extension_of(words, &context).get(), -1);
  const KeyObject key = read_key(own_.key_pem);
  must(X509_CRL_sign(list.get(), key.get(), digest_for(key.get(), "SHA256")) > 0,
       "signature of a list");
  return pem_of([&](BIO* out) { return PEM_write_bio_X509_CRL(out, list.get()); });
}

RevocationList TestAuthority::revocation_list(const ListTerms& terms) const {
  return value_of(RevocationList::from_pem(revocation_list_pem(terms)));
}

std::vector<std::uint8_t> TestAuthority::ocsp_response(const Certificate& about,
                                                       const AnswerTerms& terms) const {
  constexpr std::array kStatus{V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
                               V_OCSP_CERTSTATUS_UNKNOWN};
  const OcspBasicResponse basic = must(OcspBasicResponse(OCSP_BASICRESP_new()), "OCSP");
  const OcspCertificateId id(OCSP_cert_to_id(EVP_sha1(), about.handle(), certificate().handle()));
  const TimeObject from = time_of(terms.this_update);
  const TimeObject until = time_of(terms.next_update);
  const TimeObject revoked =
      terms.status == TestStatus::Revoked ? time_of(terms.this_update) : nullptr;
  must(OCSP_basic_add1_status(
           basic.get(), id.get(), kStatus[static_cast<std::size_t>(terms.status)],
           OCSP_REVOKED_STATUS_UNSPECIFIED, revoked.get(), from.get(), until.get()) != nullptr,
       "OCSP status");
  const TestIdentity& signer = terms.responder != nullptr ? *terms.responder : own_;
  const KeyObject key = read_key(signer.key_pem);
  must(OCSP_basic_sign(basic.get(), signer.certificate.handle(), key.get(),
                       digest_for(key.get(), "SHA256"), nullptr, 0) == 1,
       "signature of an OCSP response");
  const OcspResponse response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  return der_of(i2d_OCSP_RESPONSE, static_cast<const OCSP_RESPONSE*>(must(response.get(), "OCSP")));
}

}  // namespace sallyport
