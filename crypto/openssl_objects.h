// Owners of OpenSSL's objects around certificates, and the conversions that crypto/ needs for them.
// For crypto/ and its tests alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/openssl_handles.h"

namespace sallyport {

template <auto kFree>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};
template <class T, auto kFree>
using OpensslObject = std::unique_ptr<T, OpensslDeleter<kFree>>;

using BioObject = OpensslObject<BIO, BIO_free>;
using KeyObject = OpensslPtr<EVP_PKEY>;
using KeyContext = OpensslPtr<EVP_PKEY_CTX>;
using DigestContext = OpensslPtr<EVP_MD_CTX>;
using AlgorithmObject = OpensslObject<X509_ALGOR, X509_ALGOR_free>;
using AnyObject = OpensslObject<ASN1_TYPE, ASN1_TYPE_free>;
using OidObject = OpensslObject<ASN1_OBJECT, ASN1_OBJECT_free>;
using PssObject = OpensslObject<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;
using EcdsaObject = OpensslObject<ECDSA_SIG, ECDSA_SIG_free>;
using NameObject = OpensslObject<X509_NAME, X509_NAME_free>;
using NameEntryObject = OpensslObject<X509_NAME_ENTRY, X509_NAME_ENTRY_free>;
using AlternativeNames = OpensslObject<GENERAL_NAMES, GENERAL_NAMES_free>;
using KeyPurposes = OpensslObject<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using DistributionPoints = OpensslObject<CRL_DIST_POINTS, CRL_DIST_POINTS_free>;
using StoreObject = OpensslObject<X509_STORE, X509_STORE_free>;
using StoreContext = OpensslObject<X509_STORE_CTX, X509_STORE_CTX_free>;
using OcspRequest = OpensslObject<OCSP_REQUEST, OCSP_REQUEST_free>;
using OcspResponse = OpensslObject<OCSP_RESPONSE, OCSP_RESPONSE_free>;
using OcspBasicResponse = OpensslObject<OCSP_BASICRESP, OCSP_BASICRESP_free>;
using OcspCertificateId = OpensslObject<OCSP_CERTID, OCSP_CERTID_free>;

struct FreeOwnedCertificates {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};
struct FreeCertificateStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
struct FreeListStack {
  void operator()(STACK_OF(X509_CRL) * stack) const noexcept { sk_X509_CRL_free(stack); }
};
using OwnedCertificates = std::unique_ptr<STACK_OF(X509), FreeOwnedCertificates>;
using CertificateStack = std::unique_ptr<STACK_OF(X509), FreeCertificateStack>;  // borrows them
using ListStack = std::unique_ptr<STACK_OF(X509_CRL), FreeListStack>;            // borrows them

// Leaves this thread's error queue empty, whatever the calls in between have put there.
class CleanErrorQueue {
 public:
  CleanErrorQueue() noexcept { ERR_clear_error(); }
  CleanErrorQueue(const CleanErrorQueue&) = delete;
  CleanErrorQueue& operator=(const CleanErrorQueue&) = delete;
  ~CleanErrorQueue() { ERR_clear_error(); }
};
// What OpenSSL said last, in its words; "no reason given" where it said nothing.
[[nodiscard]] std::string last_openssl_reason();

// The DER that an i2d function makes; empty where it makes none.
template <class T>
[[nodiscard]] std::vector<std::uint8_t> der_of(int (*encode)(const T*, unsigned char**),
                                               const T* object) {
  const int length = encode(object, nullptr);
  if (length <= 0) return {};
  std::vector<std::uint8_t> der(static_cast<std::size_t>(length));
  unsigned char* end = der.data();
  if (encode(object, &end) != length) return {};
  return der;
}
// What a d2i function reads from all of `der`; null where it fails or leaves octets over.
template <class T>
[[nodiscard]] T* whole_of(T* (*decode)(T**, const unsigned char**, long), void (*release)(T*),
                          ByteView der) {
  const unsigned char* at = der.data();
  T* object = decode(nullptr, &at, static_cast<long>(der.size()));
  if (object == nullptr || at == der.data() + der.size()) return object;
  release(object);
  return nullptr;
}

// The text is read in place and has to stay.
[[nodiscard]] BioObject read_from(std::string_view text);
[[nodiscard]] ByteView octets_of(const ASN1_STRING* string) noexcept;
// DER of the certificate's SubjectPublicKeyInfo.
[[nodiscard]] std::vector<std::uint8_t> spki_of(const X509* certificate);
// Clamped to what the clock can hold (9999-12-31 is beyond it); its minimum where there is no time.
[[nodiscard]] std::chrono::system_clock::time_point wall_time(const ASN1_TIME* time) noexcept;

}  // namespace sallyport
