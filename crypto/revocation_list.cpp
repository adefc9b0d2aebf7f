#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>
#include <mutex>

#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/openssl_objects.h"

namespace sallyport {

struct RevocationList::Content {
  OpensslObject<X509_CRL, X509_CRL_free> list;
  Fingerprint fingerprint;
  std::mutex mutex;
  std::vector<Fingerprint> signers;  // keys that have signed it; under the mutex
};

RevocationList::RevocationList(X509_crl_st* list) : content_(std::make_shared<Content>()) {
  content_->list.reset(list);
  content_->fingerprint = sha256({der_of(i2d_X509_CRL, static_cast<const X509_CRL*>(list))});
}

Expected<RevocationList> RevocationList::from_der(ByteView der) {
  const CleanErrorQueue clean;
  X509_CRL* list = whole_of(d2i_X509_CRL, X509_CRL_free, der);
  if (list == nullptr)
    return fail(Error::Code::Invalid,
                fmt::format("this is no certificate revocation list: {}", last_openssl_reason()));
  return RevocationList(list);
}

Expected<RevocationList> RevocationList::from_pem(std::string_view pem) {
  const CleanErrorQueue clean;
  const BioObject text = read_from(pem);
  X509_CRL* list =
      text != nullptr ? PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr) : nullptr;
  if (list == nullptr)
    return fail(Error::Code::Invalid, "the text holds no certificate revocation list",
                "PEM that begins with -----BEGIN X509 CRL-----");
  return RevocationList(list);
}

std::optional<WallTime> RevocationList::next_update() const {
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(handle());
  return next != nullptr ? std::optional(wall_time(next)) : std::nullopt;
}

const Fingerprint& RevocationList::fingerprint() const noexcept { return content_->fingerprint; }

bool RevocationList::is_signed_by(const X509* issuer) const {
  if (X509_NAME_cmp(X509_CRL_get_issuer(handle()), X509_get_subject_name(issuer)) != 0)
    return false;
  const Fingerprint key = sha256({spki_of(issuer)});
  const std::lock_guard lock(content_->mutex);
  if (std::ranges::find(content_->signers, key) != content_->signers.end()) return true;
  if (X509_CRL_verify(handle(), X509_get0_pubkey(issuer)) != 1) return false;
  content_->signers.push_back(key);
  return true;
}

bool RevocationList::has_known_signer() const {
  const std::lock_guard lock(content_->mutex);
  return !content_->signers.empty();
}

X509_crl_st* RevocationList::handle() const noexcept { return content_->list.get(); }

}  // namespace sallyport
