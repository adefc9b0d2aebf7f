#include "tests/pad/test_authority.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

namespace sallyport::test {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Draft = std::unique_ptr<X509, decltype(&X509_free)>;

Key new_key(int rsa_bits) {
  EVP_PKEY* key =
      rsa_bits == 0 ? EVP_EC_gen("P-256") : EVP_RSA_gen(static_cast<unsigned>(rsa_bits));
  REQUIRE(key != nullptr);
  return {key, EVP_PKEY_free};
}

std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  REQUIRE(PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name_of(const std::string& text) {
  const auto der = parse_distinguished_name(text).value();
  const unsigned char* at = der.data();
  return {d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size())), X509_NAME_free};
}

void extend(X509* certificate, int kind, const std::string& value) {
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), X509_EXTENSION_free);
  REQUIRE(extension != nullptr);
  REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
}

Draft draft(const CertificateOrder& order, EVP_PKEY* key) {
  static int serial = 0;
  Draft certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  const std::time_t start = std::chrono::system_clock::to_time_t(kIssued);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), start);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                start + order.life / std::chrono::seconds(1));
  X509_set_subject_name(certificate.get(), name_of(order.subject).get());
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

Certificate sealed(X509* certificate, EVP_PKEY* by) {
  REQUIRE(X509_sign(certificate, by, EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  REQUIRE(length > 0);
  auto read = Certificate::from_der({der, static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  return std::move(read).value();
}

}  // namespace

TestAuthority::TestAuthority(const std::string& subject) : key_(new_key(0)) {
  const Draft certificate =
      draft({.subject = subject, .alternative_names = {}, .life = std::chrono::hours(24 * 365)},
            key_.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  own_.push_back(sealed(certificate.get(), key_.get()));
}

Issued TestAuthority::issue(const CertificateOrder& order) const {
  const Key key = new_key(order.rsa_bits);
  const Draft certificate = draft(order, key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(own_.front().handle()));
  extend(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  if (!order.alternative_names.empty())
    extend(certificate.get(), NID_subject_alt_name, order.alternative_names);
  return {sealed(certificate.get(), key_.get()), pem_of(key.get())};
}

RevocationList TestAuthority::revoke(const std::vector<Certificate>& revoked) const {
  const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(), X509_CRL_free);
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(own_.front().handle()));
  const std::time_t start = std::chrono::system_clock::to_time_t(kIssued);
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(ASN1_TIME_set(nullptr, start),
                                                                   ASN1_TIME_free);
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  for (const Certificate& certificate : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.handle()));
    X509_REVOKED_set_revocationDate(entry, time.get());
    REQUIRE(X509_CRL_add0_revoked(list.get(), entry) == 1);
  }
  ASN1_TIME_set(time.get(), start + 24 * 60 * 60);
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  REQUIRE(X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) > 0);
  unsigned char* der = nullptr;
  const int length = i2d_X509_CRL(list.get(), &der);
  REQUIRE(length > 0);
  auto read = RevocationList::from_der({der, static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  return std::move(read).value();
}

}  // namespace sallyport::test
