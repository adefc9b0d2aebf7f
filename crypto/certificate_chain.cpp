#include <fmt/format.h>

#include <algorithm>

#include "crypto/certificate.h"
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

std::string remedy_for(int problem) {
  switch (problem) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "a renewed certificate; or this host's clock is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the clock of this host or of the certification authority is wrong";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "its issuer among the trust anchors, or the certificates in between from the peer";
    default:
      return {};
  }
}

StoreObject store_of(const std::vector<Certificate>& anchors) {
  StoreObject store(X509_STORE_new());
  if (store == nullptr) return store;
  for (const Certificate& anchor : anchors) X509_STORE_add_cert(store.get(), anchor.handle());
  return store;
}

// OpenSSL's check_issued goes by names and key identifiers, which need not be there (RFC 4945
// 5.1.3.1): this one tells authorities of one name apart by their keys.
int check_issued_by_key(X509_STORE_CTX* context, X509* certificate, X509* issuer) {
  return openssl_steps().check_issued(context, certificate, issuer) == 1 &&
                 X509_verify(certificate, X509_get0_pubkey(issuer)) == 1
             ? 1
             : 0;
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
    return refuse(at_fault != nullptr ? at_fault : question.leaf.handle(),
                  X509_verify_cert_error_string(problem), remedy_for(problem));
  }
  return OwnedCertificates(X509_STORE_CTX_get1_chain(context.get()));
}

// A second search where the first has failed: only that one's reasons say whose signature is wrong.
Expected<OwnedCertificates> find_path(const ChainQuestion& question, X509_STORE* store) {
  Expected<OwnedCertificates> path = build_path(question, store);
  if (path) return path;
  X509_STORE_set_check_issued(store, &check_issued_by_key);
  Expected<OwnedCertificates> path_by_key = build_path(question, store);
  return path_by_key ? std::move(path_by_key) : std::move(path);
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

Expected<WallTime> check_revocation(const ChainQuestion& question, STACK_OF(X509) * chain,
                                    X509_STORE* store) {
  WallTime end = WallTime::max();
  if (question.revocation == RevocationRule::None) return end;
  const std::vector<RevocationFinding> lists = consult_lists(question, chain, store);
  const std::vector<RevocationFinding> ocsp = consult_ocsp(question, chain);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Expected<WallTime> until =
        judge(sk_X509_value(chain, static_cast<int>(i)), lists[i], ocsp[i], question.revocation);
    if (!until) return until;
    end = std::min(end, *until);
  }
  return end;
}

}  // namespace

Expected<VerifiedChain> verify_chain(const ChainQuestion& question) {
  const CleanErrorQueue clean;
  const StoreObject store = store_of(question.anchors);
  if (store == nullptr) return fail(Error::Code::Exhausted, "no memory to verify a certificate");
  const Expected<OwnedCertificates> chain = find_path(question, store.get());
  if (!chain) return std::unexpected(chain.error());
  if (Expected<void> good = check_rules_of_ike(chain->get(), question); !good)
    return std::unexpected(good.error());
  const Expected<WallTime> data_end = check_revocation(question, chain->get(), store.get());
  if (!data_end) return std::unexpected(data_end.error());
  VerifiedChain verified{.valid_until = *data_end};
  for (int i = 0; i < sk_X509_num(chain->get()); ++i)
    verified.valid_until = std::min(verified.valid_until,
                                    wall_time(X509_get0_notAfter(sk_X509_value(chain->get(), i))));
  return verified;
}

}  // namespace sallyport
