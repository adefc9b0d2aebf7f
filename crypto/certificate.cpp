#include "crypto/certificate.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>

#include "crypto/digest.h"
#include "crypto/openssl_objects.h"

namespace sallyport {
namespace {

using Octets = std::vector<std::uint8_t>;
using SharedCertificate = std::shared_ptr<X509>;

std::string subject_of(const X509* certificate) {
  return print_distinguished_name(der_of(i2d_X509_NAME, X509_get_subject_name(certificate)));
}

// Everything that later calls rely on: extensions that OpenSSL can read, and a key.
Expected<SharedCertificate> checked(X509* raw) {
  SharedCertificate certificate = raw != nullptr ? SharedCertificate(raw, X509_free) : nullptr;
  if (certificate == nullptr)
    return fail(Error::Code::Invalid,
                fmt::format("this is no X.509 certificate: {}", last_openssl_reason()));
  if (X509_check_purpose(raw, -1, 0) != 1)
    return fail(Error::Code::Invalid,
                fmt::format("the certificate of \"{}\" has malformed extensions", subject_of(raw)));
  if (X509_get0_pubkey(raw) == nullptr)
    return fail(
        Error::Code::Unsupported,
        fmt::format("the certificate of \"{}\" has a key of an unknown kind", subject_of(raw)));
  return certificate;
}

AlternativeNames alternative_names(const X509* certificate) {
  return AlternativeNames(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
}

// The contents of the subjectAltName's entries of one kind.
std::vector<ByteView> entries(const GENERAL_NAMES* names, int kind) {
  std::vector<ByteView> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int own_kind = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &own_kind);
    if (own_kind == kind) found.push_back(octets_of(static_cast<const ASN1_STRING*>(value)));
  }
  return found;
}

// A NUL inside would end the name early for whoever prints or compares it as a C string.
std::vector<std::string> text_entries(const X509* certificate, int kind) {
  const CleanErrorQueue clean;
  const AlternativeNames names = alternative_names(certificate);
  std::vector<std::string> texts;
  for (const ByteView entry : entries(names.get(), kind)) {
    if (!entry.empty() && std::ranges::find(entry, 0) == entry.end())
      texts.emplace_back(entry.begin(), entry.end());
  }
  return texts;
}

}  // namespace

Expected<Certificate> Certificate::from_der(ByteView der) {
  const CleanErrorQueue clean;
  Expected<SharedCertificate> certificate = checked(whole_of(d2i_X509, X509_free, der));
  if (!certificate) return std::unexpected(certificate.error());
  return Certificate(*std::move(certificate));
}

Expected<std::vector<Certificate>> Certificate::from_pem(std::string_view pem) {
  const CleanErrorQueue clean;
  const BioObject text = read_from(pem);
  std::vector<Certificate> certificates;
  while (text != nullptr) {
    X509* raw = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr);
    if (raw == nullptr && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) break;
    Expected<SharedCertificate> certificate = checked(raw);
    if (!certificate) {
      Error error = std::move(certificate.error());
      error.where = fmt::format("certificate {} of the text", certificates.size() + 1);
      return std::unexpected(std::move(error));
    }
    certificates.push_back(Certificate(*std::move(certificate)));
  }
  if (certificates.empty())
    return fail(Error::Code::Invalid, "the text holds no certificate",
                "PEM that begins with -----BEGIN CERTIFICATE-----");
  return certificates;
}

Octets Certificate::der() const {
  const CleanErrorQueue clean;
  return der_of(i2d_X509, static_cast<const X509*>(handle()));
}

PublicKey Certificate::public_key() const {
  return PublicKey(std::shared_ptr<EVP_PKEY>(X509_get_pubkey(handle()), EVP_PKEY_free));
}

Octets Certificate::subject() const {
  const CleanErrorQueue clean;
  return der_of(i2d_X509_NAME, X509_get_subject_name(handle()));
}

Octets Certificate::issuer() const {
  const CleanErrorQueue clean;
  return der_of(i2d_X509_NAME, X509_get_issuer_name(handle()));
}

std::vector<std::string> Certificate::dns_names() const { return text_entries(handle(), GEN_DNS); }

std::vector<std::string> Certificate::mail_addresses() const {
  return text_entries(handle(), GEN_EMAIL);
}

std::vector<Octets> Certificate::ip_addresses() const {
  const CleanErrorQueue clean;
  const AlternativeNames names = alternative_names(handle());
  std::vector<Octets> addresses;
  for (const ByteView entry : entries(names.get(), GEN_IPADD)) {
    if (entry.size() == 4 || entry.size() == 16) addresses.emplace_back(entry.begin(), entry.end());
  }
  return addresses;
}

WallTime Certificate::not_after() const { return wall_time(X509_get0_notAfter(handle())); }

Octets Certificate::key_hash() const {
  const CleanErrorQueue clean;
  const auto hash = sha1({spki_of(handle())});
  return {hash.begin(), hash.end()};
}

bool Certificate::is_issued_by(const Certificate& issuer) const {
  const CleanErrorQueue clean;
  return X509_check_issued(issuer.handle(), handle()) == X509_V_OK &&
         X509_verify(handle(), X509_get0_pubkey(issuer.handle())) == 1;
}

}  // namespace sallyport
