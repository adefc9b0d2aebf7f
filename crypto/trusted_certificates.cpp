#include "crypto/certificate_chain.h"
#include "crypto/certificate_revocation.h"
#include "crypto/digest.h"
#include "crypto/openssl_objects.h"

namespace sallyport {
namespace {

// OpenSSL's check_issued goes by names and key identifiers, which need not be there (RFC 4945
// 5.1.3.1): this one tells authorities of one name apart by their keys.
int check_issued_by_key(X509_STORE_CTX* context, X509* certificate, X509* issuer) {
  return openssl_steps().check_issued(context, certificate, issuer) == 1 &&
                 X509_verify(certificate, X509_get0_pubkey(issuer)) == 1
             ? 1
             : 0;
}

StoreObject store_of(const std::vector<Certificate>& certificates) {
  StoreObject store(X509_STORE_new());
  if (store == nullptr) return store;
  for (const Certificate& one : certificates) X509_STORE_add_cert(store.get(), one.handle());
  watch_lists(store.get());
  return store;
}

}  // namespace

struct TrustedCertificates::Content {
  std::vector<Certificate> certificates;
  std::vector<std::uint8_t> key_hashes{};
  Fingerprint fingerprint{};
  StoreObject by_name{};
  StoreObject by_key{};
};

TrustedCertificates::TrustedCertificates() {
  static const TrustedCertificates kNone{std::vector<Certificate>()};
  content_ = kNone.content_;
}

TrustedCertificates::TrustedCertificates(std::initializer_list<Certificate> certificates)
    : TrustedCertificates(std::vector<Certificate>(certificates)) {}

TrustedCertificates::TrustedCertificates(std::vector<Certificate> certificates) {
  const CleanErrorQueue clean;
  auto content = std::make_shared<Content>(Content{.certificates = std::move(certificates)});
  std::vector<std::uint8_t> ders;
  for (const Certificate& one : content->certificates) {
    const auto hash = one.key_hash();
    content->key_hashes.insert(content->key_hashes.end(), hash.begin(), hash.end());
    const auto der = one.der();
    ders.insert(ders.end(), der.begin(), der.end());
  }
  content->fingerprint = sha256({ders});
  content->by_name = store_of(content->certificates);
  content->by_key = store_of(content->certificates);
  if (content->by_key != nullptr)
    X509_STORE_set_check_issued(content->by_key.get(), &check_issued_by_key);
  content_ = std::move(content);
}

const std::vector<Certificate>& TrustedCertificates::all() const noexcept {
  return content_->certificates;
}

const std::vector<std::uint8_t>& TrustedCertificates::key_hashes() const noexcept {
  return content_->key_hashes;
}

const Fingerprint& TrustedCertificates::fingerprint() const noexcept {
  return content_->fingerprint;
}

x509_store_st* TrustedCertificates::store_by_name() const noexcept {
  return content_->by_name.get();
}

x509_store_st* TrustedCertificates::store_by_key() const noexcept { return content_->by_key.get(); }

}  // namespace sallyport
