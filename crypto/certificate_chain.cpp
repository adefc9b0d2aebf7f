#include "crypto/certificate_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/certificate_revocation.h"
#include "crypto/openssl_objects.h"

namespace sallyport {
namespace {

std::unexpected<Error> refuse(const X509* certificate, std::string_view why,
                              std::string remedy = {}) {
  return fail(Error::Code::Refused,
              fmt::format("the certificate of \"{}\" is refused: {}", name_of(certificate), why),
              std::move(remedy));
}

// No path, or none that ends at an anchor: another set of anchors may have one.
bool leads_nowhere(int problem) {
  switch (problem) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return true;
    default:
      return false;
  }
}

std::string remedy_for(int problem) {
  if (leads_nowhere(problem))
    return "its issuer among the trust anchors, or the certificates in between from the peer";
  switch (problem) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "a renewed certificate; or this host's clock is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the clock of this host or of the certification authority is wrong";
    default:
      return {};
  }
}

bool is_untimely_anchor(X509_STORE_CTX* context, int problem) {
  const bool untimely =
      problem == X509_V_ERR_CERT_HAS_EXPIRED || problem == X509_V_ERR_CERT_NOT_YET_VALID;
  const int last = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
  return untimely && X509_STORE_CTX_get_error_depth(context) == last;
}

// The path from the leaf to an anchor, which is its last certificate.
Expected<OwnedCertificates> build_path(const ChainQuestion& question, X509_STORE* store) {
  const StoreContext context(X509_STORE_CTX_new());
  const CertificateStack others(sk_X509_new_null());
  for (const Certificate& other : question.others) sk_X509_push(others.get(), other.handle());
  if (context == nullptr || others == nullptr ||
      X509_STORE_CTX_init(context.get(), store, question.leaf.handle(), others.get()) != 1)
    return fail(Error::Code::Exhausted, "no memory to verify a certificate");
  set_path_rules(context.get(), question.now);
  if (X509_verify_cert(context.get()) != 1) {
    const int problem = X509_STORE_CTX_get_error(context.get());
    const X509* at_fault = X509_STORE_CTX_get_current_cert(context.get());
    auto refusal = refuse(at_fault != nullptr ? at_fault : question.leaf.handle(),
                          X509_verify_cert_error_string(problem), remedy_for(problem));
    // An authority of the same name with another key is another one, and of two with one key the
    // younger may be in another set.
    if (leads_nowhere(problem) || problem == X509_V_ERR_CERT_SIGNATURE_FAILURE ||
        is_untimely_anchor(context.get(), problem))
      refusal.error().code = Error::Code::NotFound;
    return refusal;
  }
  return OwnedCertificates(X509_STORE_CTX_get1_chain(context.get()));
}

struct Path {
  OwnedCertificates certificates;
  X509_STORE* store;  // that it was found in
};

// A second search where the first has failed: only that one's reasons say whose signature is wrong.
Expected<Path> find_path(const ChainQuestion& question) {
  X509_STORE* store = question.anchors.store_by_name();
  Expected<OwnedCertificates> path = build_path(question, store);
  if (path) return Path{*std::move(path), store};
  X509_STORE* by_key = question.anchors.store_by_key();
  Expected<OwnedCertificates> path_by_key = build_path(question, by_key);
  if (path_by_key) return Path{*std::move(path_by_key), by_key};
  return std::unexpected(std::move(path.error()));
}

// RFC 4945 5.1.3.2.
Expected<void> check_key_usage(X509* leaf) {
  const std::uint32_t usage = X509_get_key_usage(leaf);  // all ones where it is not there
  if ((usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0) return {};
  return refuse(leaf, "its key usage has neither digitalSignature nor nonRepudiation",
                "a certificate whose key may sign (RFC 4945 5.1.3.2)");
}

// RFC 4945 5.1.3.12. What cannot be read is not taken for absent.
Expected<void> check_extended_key_usage(X509* leaf) {
  if (X509_get_ext_by_NID(leaf, NID_ext_key_usage, -1) < 0) return {};
  const KeyPurposes purposes(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(leaf, NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; i < sk_ASN1_OBJECT_num(purposes.get()); ++i) {
    const int purpose = OBJ_obj2nid(sk_ASN1_OBJECT_value(purposes.get(), i));
    if (purpose == NID_ipsec_IKE || purpose == NID_anyExtendedKeyUsage) return {};
  }
  return refuse(leaf, "its extended key usage has neither id-kp-ipsecIKE nor anyExtendedKeyUsage",
                "a certificate with one of them, or without the extension (RFC 4945 5.1.3.12)");
}

// RFC 4945 5.1.3.9: OpenSSL takes authorities without the extension for compatibility.
Expected<void> check_authority(X509* authority) {
  if (X509_check_ca(authority) == 1) return {};
  return refuse(authority, "its basic constraints do not make it a certification authority");
}

Expected<void> check_key_length(X509* certificate, unsigned least_rsa_bits) {
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_RSA_PSS) return {};
  const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(key));
  if (bits >= least_rsa_bits) return {};
  return refuse(certificate,
                fmt::format("its RSA key of {} bits is shorter than {}", bits, least_rsa_bits),
                "a longer key, or a lower limit for this peer");
}

Expected<void> check_rules_of_ike(STACK_OF(X509) * chain, const ChainQuestion& question) {
  X509* leaf = sk_X509_value(chain, 0);
  if (Expected<void> good = check_key_usage(leaf); !good) return good;
  if (question.extended_key_usage == ExtendedKeyUsageRule::Ike)
    if (Expected<void> good = check_extended_key_usage(leaf); !good) return good;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    if (Expected<void> good = check_key_length(certificate, question.least_rsa_bits); !good)
      return good;
    if (i == 0) continue;
    if (Expected<void> good = check_authority(certificate); !good) return good;
  }
  return {};
}

// When the revocation data of one certificate ends that has been counted on; refuses a revoked one,
// and one of which too little is known.
Expected<WallTime> judge(const X509* certificate, const RevocationFinding& list,
                         const RevocationFinding& ocsp, RevocationRule rule) {
  if (list.revoked || ocsp.revoked)
    return refuse(certificate,
                  fmt::format("it has been revoked, says {}",
                              list.revoked ? "the revocation list" : "the OCSP response"));
  if (rule == RevocationRule::Required && !list.good_until && !ocsp.good_until) {
    const std::string& problem = list.problem.empty() ? ocsp.problem : list.problem;
    return refuse(certificate,
                  fmt::format("no current revocation list or OCSP response covers it{}{}",
                              problem.empty() ? "" : ": ", problem),
                  "a current list of its issuer, or revocation checked only where data is there");
  }
  return std::min(list.good_until.value_or(WallTime::max()),
                  ocsp.good_until.value_or(WallTime::max()));
}

// Nothing current tells of it.
bool is_uncovered(const RevocationFinding& list, const RevocationFinding& ocsp) {
  return !list.revoked && !ocsp.revoked && !list.good_until && !ocsp.good_until;
}

struct RevocationVerdict {
  Expected<WallTime> end;
  std::vector<UncoveredCertificate> uncovered;
};

// Of a revoked certificate nobody needs to be asked any more.
RevocationVerdict check_revocation(const ChainQuestion& question, const Path& path) {
  RevocationVerdict verdict{.end = WallTime::max(), .uncovered = {}};
  if (question.revocation == RevocationRule::None) return verdict;
  STACK_OF(X509)* chain = path.certificates.get();
  const std::vector<RevocationFinding> lists = consult_lists(question, chain, path.store);
  const std::vector<RevocationFinding> ocsp = consult_ocsp(question, chain);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    X509* certificate = sk_X509_value(chain, static_cast<int>(i));
    const Expected<WallTime> until = judge(certificate, lists[i], ocsp[i], question.revocation);
    const bool uncovered = is_uncovered(lists[i], ocsp[i]);
    if (!until && !uncovered) return {.end = until, .uncovered = {}};
    if (uncovered && question.sources == RevocationSources::Named)
      verdict.uncovered.push_back(
          sources_about(certificate, sk_X509_value(chain, static_cast<int>(i) + 1)));
    if (!verdict.end) continue;
    verdict.end = until ? std::min(*verdict.end, *until) : until;
  }
  return verdict;
}

}  // namespace

ChainVerdict judge_chain(const ChainQuestion& question) {
  const CleanErrorQueue clean;
  const Expected<Path> path = find_path(question);
  if (!path) return {.chain = std::unexpected(path.error()), .uncovered = {}};
  STACK_OF(X509)* chain = path->certificates.get();
  if (Expected<void> good = check_rules_of_ike(chain, question); !good)
    return {.chain = std::unexpected(std::move(good.error())), .uncovered = {}};
  RevocationVerdict revocation = check_revocation(question, *path);
  if (!revocation.end)
    return {.chain = std::unexpected(std::move(revocation.end.error())),
            .uncovered = std::move(revocation.uncovered)};
  VerifiedChain verified{.valid_until = *revocation.end};
  for (int i = 0; i < sk_X509_num(chain); ++i)
    verified.valid_until =
        std::min(verified.valid_until, wall_time(X509_get0_notAfter(sk_X509_value(chain, i))));
  return {.chain = verified, .uncovered = std::move(revocation.uncovered)};
}

Expected<VerifiedChain> verify_chain(const ChainQuestion& question) {
  return judge_chain(question).chain;
}

}  // namespace sallyport
