// OCSP: what responses say of certificates, and how one asks for them (RFC 6960, 4806; CERT-05).
#include <algorithm>

#include "crypto/certificate_revocation.h"

namespace sallyport {
namespace {

// A response without nextUpdate says that newer ones are always to be had (RFC 6960 4.2.2.1).
constexpr std::chrono::hours kOpenEndedLife{1};
// Of the responder's clock before ours.
constexpr std::chrono::minutes kClockLeeway{5};

// Null where it is malformed, or not a successful one.
OcspBasicResponse read_response(ByteView der) {
  const OcspResponse response(whole_of(d2i_OCSP_RESPONSE, OCSP_RESPONSE_free, der));
  if (response == nullptr ||
      OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return nullptr;
  return OcspBasicResponse(OCSP_response_get1_basic(response.get()));
}

std::vector<OcspBasicResponse> readable_responses(const ChainQuestion& question) {
  std::vector<OcspBasicResponse> responses;
  for (const std::vector<std::uint8_t>& der : question.ocsp_responses)
    if (OcspBasicResponse response = read_response(der); response != nullptr)
      responses.push_back(std::move(response));
  return responses;
}

// Whether `signer` speaks for `issuer`: it is the issuer, or a responder that the issuer has
// certified for that, that is valid now, and that no list of the issuer revokes (RFC 6960 4.2.2.2).
bool may_answer(X509* signer, X509* issuer, const ChainQuestion& question) {
  if (X509_cmp(signer, issuer) == 0) return true;
  const bool certified = X509_check_issued(issuer, signer) == X509_V_OK &&
                         X509_verify(signer, X509_get0_pubkey(issuer)) == 1;
  const bool delegated = (X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) != 0 &&
                         (X509_get_extended_key_usage(signer) & XKU_OCSP_SIGN) != 0 &&
                         (X509_get_key_usage(signer) & KU_DIGITAL_SIGNATURE) != 0;
  if (!certified || !delegated) return false;
  if (wall_time(X509_get0_notBefore(signer)) > question.now ||
      wall_time(X509_get0_notAfter(signer)) < question.now)
    return false;
  return std::ranges::none_of(question.lists, [&](const RevocationList& list) {
    X509_REVOKED* entry = nullptr;
    return X509_CRL_get0_by_cert(list.handle(), &entry, signer) == 1 && list.is_signed_by(issuer);
  });
}

bool is_authentic(OCSP_BASICRESP* response, X509* issuer, const ChainQuestion& question) {
  const CertificateStack with_issuer(sk_X509_new_null());
  if (with_issuer == nullptr || sk_X509_push(with_issuer.get(), issuer) == 0) return false;
  X509* signer = nullptr;
  if (OCSP_resp_get0_signer(response, &signer, with_issuer.get()) != 1) return false;
  if (!may_answer(signer, issuer, question)) return false;
  const CertificateStack with_signer(sk_X509_new_null());
  // The signer has been judged: what is left is the signature.
  return with_signer != nullptr && sk_X509_push(with_signer.get(), signer) > 0 &&
         OCSP_basic_verify(response, with_signer.get(), nullptr, OCSP_NOINTERN | OCSP_NOVERIFY) ==
             1;
}

bool is_about(OCSP_SINGLERESP* answer, const X509* certificate, const X509* issuer) {
  auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(answer));
  ASN1_OBJECT* hash = nullptr;
  if (OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr, id) != 1) return false;
  const EVP_MD* digest = EVP_get_digestbyobj(hash);
  if (digest == nullptr) return false;
  const OcspCertificateId own(OCSP_cert_to_id(digest, certificate, issuer));
  return own != nullptr && OCSP_id_cmp(own.get(), id) == 0;
}

// One answer about one certificate.
struct Answer {
  int status{V_OCSP_CERTSTATUS_UNKNOWN};
  WallTime from{};
  WallTime until{};
};

Answer read_answer(OCSP_SINGLERESP* single) {
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  Answer answer;
  answer.status = OCSP_single_get0_status(single, nullptr, nullptr, &this_update, &next_update);
  answer.from = wall_time(this_update);
  answer.until = next_update != nullptr
                     ? wall_time(next_update)
                     : std::min(answer.from, WallTime::max() - kOpenEndedLife) + kOpenEndedLife;
  return answer;
}

// The newest answer about a certificate that is not from the future.
std::optional<Answer> newest_answer(OCSP_BASICRESP* response, const X509* certificate,
                                    const X509* issuer, WallTime now) {
  std::optional<Answer> newest;
  for (int i = 0; i < OCSP_resp_count(response); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(response, i);
    if (!is_about(single, certificate, issuer)) continue;
    const Answer answer = read_answer(single);
    if (answer.from > now + kClockLeeway) continue;
    if (!newest || answer.from > newest->from) newest = answer;
  }
  return newest;
}

RevocationFinding finding_of(const Answer& answer, WallTime now) {
  switch (answer.status) {
    case V_OCSP_CERTSTATUS_REVOKED:
      return {.revoked = true};
    case V_OCSP_CERTSTATUS_GOOD:
      if (answer.until >= now) return {.good_until = answer.until};
      return {.problem = "the OCSP response has expired"};
    default:
      return {.problem = "the OCSP responder does not know it"};
  }
}

}  // namespace

std::vector<RevocationFinding> consult_ocsp(const ChainQuestion& question, STACK_OF(X509) * chain) {
  const int last = sk_X509_num(chain) - 1;
  std::vector<RevocationFinding> findings(static_cast<std::size_t>(last));
  const std::vector<OcspBasicResponse> responses = readable_responses(question);
  for (int i = 0; i < last; ++i) {
    X509* certificate = sk_X509_value(chain, i);
    X509* issuer = sk_X509_value(chain, i + 1);
    std::optional<Answer> newest;
    for (const OcspBasicResponse& response : responses) {
      const auto answer = newest_answer(response.get(), certificate, issuer, question.now);
      if (!answer || (newest && newest->from >= answer->from)) continue;
      if (is_authentic(response.get(), issuer, question)) newest = answer;
    }
    if (newest) findings[static_cast<std::size_t>(i)] = finding_of(*newest, question.now);
  }
  return findings;
}

// By SHA-1, which names nothing secret and which every responder knows (RFC 5019 2.1.1).
std::vector<std::uint8_t> ocsp_request_about(const X509* certificate, const X509* issuer) {
  const OcspRequest request(OCSP_REQUEST_new());
  OcspCertificateId id(OCSP_cert_to_id(EVP_sha1(), certificate, issuer));
  if (request == nullptr || id == nullptr ||
      OCSP_request_add0_id(request.get(), id.get()) == nullptr)
    return {};
  [[maybe_unused]] const auto* const given_away = id.release();  // the request's now
  return der_of(i2d_OCSP_REQUEST, static_cast<const OCSP_REQUEST*>(request.get()));
}

std::optional<WallTime> end_of_ocsp_response(ByteView der) {
  const CleanErrorQueue clean;
  const OcspBasicResponse response = read_response(der);
  if (response == nullptr || OCSP_resp_count(response.get()) <= 0) return std::nullopt;
  WallTime end = WallTime::max();
  for (int i = 0; i < OCSP_resp_count(response.get()); ++i)
    end = std::min(end, read_answer(OCSP_resp_get0(response.get(), i)).until);
  return end;
}

}  // namespace sallyport
