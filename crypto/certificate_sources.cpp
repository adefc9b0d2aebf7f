// Whom a certificate names to be asked about its revocation (RFC 5280 4.2.1.13, 4.2.2.1; CERT-05).
#include <algorithm>

#include "base/http_url.h"
#include "crypto/certificate_revocation.h"
#include "crypto/digest.h"

namespace sallyport {
namespace {

// Of each kind: an authority has one or two, and every further one is one more wait.
constexpr std::size_t kMostUrls = 4;

struct FreeTexts {
  void operator()(STACK_OF(OPENSSL_STRING) * texts) const noexcept { X509_email_free(texts); }
};
using Texts = std::unique_ptr<STACK_OF(OPENSSL_STRING), FreeTexts>;

void add_url(std::vector<std::string>& urls, std::string_view url) {
  if (urls.size() < kMostUrls && is_http_url(url) && std::ranges::find(urls, url) == urls.end())
    urls.emplace_back(url);
}

std::vector<std::string> responder_urls(X509* certificate) {
  std::vector<std::string> urls;
  const Texts texts(X509_get1_ocsp(certificate));
  for (int i = 0; i < sk_OPENSSL_STRING_num(texts.get()); ++i)
    add_url(urls, sk_OPENSSL_STRING_value(texts.get(), i));
  return urls;
}

// Lists of the issuer alone that cover every reason: others would cover nothing here.
bool is_whole(const DIST_POINT* point) {
  constexpr int kFullName = 0;
  return point->distpoint != nullptr && point->distpoint->type == kFullName &&
         point->reasons == nullptr && point->CRLissuer == nullptr;
}

std::vector<std::string> distribution_urls(const X509* certificate) {
  std::vector<std::string> urls;
  const DistributionPoints points(static_cast<CRL_DIST_POINTS*>(
      X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
  for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
    const DIST_POINT* point = sk_DIST_POINT_value(points.get(), i);
    if (!is_whole(point)) continue;
    const GENERAL_NAMES* names = point->distpoint->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); ++j) {
      int kind = 0;
      const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, j), &kind);
      if (kind != GEN_URI) continue;
      const ByteView url = octets_of(static_cast<const ASN1_STRING*>(value));
      add_url(urls, {reinterpret_cast<const char*>(url.data()), url.size()});
    }
  }
  return urls;
}

}  // namespace

UncoveredCertificate sources_about(X509* certificate, X509* issuer) {
  return {.issuer_key = sha256({spki_of(issuer)}),
          .ocsp_request = ocsp_request_about(certificate, issuer),
          .ocsp_urls = responder_urls(certificate),
          .list_urls = distribution_urls(certificate)};
}

}  // namespace sallyport
