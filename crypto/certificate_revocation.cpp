#include "crypto/certificate_revocation.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

// What the callbacks of one consultation write, by depth in the chain.
struct Consultation {
  struct Depth {
    bool revoked{};
    bool open_ended{};  // a list without nextUpdate: nobody can tell whether it is current
    int problem{X509_V_OK};
    std::optional<WallTime> next_update{};
  };
  std::vector<Depth> depths;
};

Consultation::Depth& depth_of(X509_STORE_CTX* context) {
  auto* consultation = static_cast<Consultation*>(X509_STORE_CTX_get_app_data(context));
  const auto depth = static_cast<std::size_t>(X509_STORE_CTX_get_error_depth(context));
  return consultation->depths[std::min(depth, consultation->depths.size() - 1)];
}

// OpenSSL's verify_cb. The path itself has been verified before: what goes wrong now is about
// lists, and is judged when all of it is known.
int note_problem(int good, X509_STORE_CTX* context) {
  if (good == 1) return good;
  Consultation::Depth& depth = depth_of(context);
  const int problem = X509_STORE_CTX_get_error(context);
  if (problem == X509_V_ERR_CERT_REVOKED)
    depth.revoked = true;
  else
    depth.problem = problem;
  return 1;
}

// OpenSSL's cert_crl: sees every list that is consulted for a certificate.
int note_list(X509_STORE_CTX* context, X509_CRL* list, X509* certificate) {
  Consultation::Depth& depth = depth_of(context);
  if (const ASN1_TIME* next = X509_CRL_get0_nextUpdate(list); next != nullptr)
    depth.next_update = std::min(depth.next_update.value_or(WallTime::max()), wall_time(next));
  else
    depth.open_ended = true;
  return openssl_steps().check_list(context, list, certificate);
}

// Only lists that an authority of the path has signed: OpenSSL might prefer a forged one to them,
// and forged ones may come from the peer.
ListStack authentic_lists(const ChainQuestion& question, STACK_OF(X509) * chain) {
  ListStack lists(sk_X509_CRL_new_null());
  for (const RevocationList& list : question.lists) {
    for (int i = 1; i < sk_X509_num(chain); ++i) {
      if (!list.is_signed_by(sk_X509_value(chain, i))) continue;
      sk_X509_CRL_push(lists.get(), list.handle());
      break;
    }
  }
  return lists;
}

RevocationFinding finding_of(const Consultation::Depth& depth) {
  if (depth.revoked) return {.revoked = true};
  if (depth.problem != X509_V_OK) return {.problem = X509_verify_cert_error_string(depth.problem)};
  if (depth.open_ended) return {.problem = "the list does not say when the next one comes"};
  return {.good_until = depth.next_update};
}

}  // namespace

std::string name_of(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  if (X509_NAME_entry_count(subject) > 0)
    return print_distinguished_name(der_of(i2d_X509_NAME, subject));
  std::string text = "serial ";
  for (const std::uint8_t octet : octets_of(X509_get0_serialNumber(certificate)))
    text += fmt::format("{:02x}", octet);
  return text;
}

const PathSteps& openssl_steps() {
  static const PathSteps kSteps = [] {
    const StoreObject store(X509_STORE_new());
    const StoreContext context(X509_STORE_CTX_new());
    PathSteps steps;
    if (X509_STORE_CTX_init(context.get(), store.get(), nullptr, nullptr) != 1) return steps;
    steps.check_issued = X509_STORE_CTX_get_check_issued(context.get());
    steps.check_list = X509_STORE_CTX_get_cert_crl(context.get());
    return steps;
  }();
  return kSteps;
}

void set_path_rules(X509_STORE_CTX* context, WallTime now) {
  constexpr int kMostAuthorities = 10;
  constexpr int kLevel = 1;  // 80 bits: no MD5 and no SHA-1 in the path's signatures
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(now));
  X509_VERIFY_PARAM_set_depth(rules, kMostAuthorities);
  X509_VERIFY_PARAM_set_auth_level(rules, kLevel);
}

void watch_lists(X509_STORE* store) { X509_STORE_set_cert_crl(store, &note_list); }

std::vector<RevocationFinding> consult_lists(const ChainQuestion& question, STACK_OF(X509) * chain,
                                             X509_STORE* store) {
  const auto length = static_cast<std::size_t>(sk_X509_num(chain));
  std::vector<RevocationFinding> findings(length - 1);
  const ListStack lists = authentic_lists(question, chain);
  if (sk_X509_CRL_num(lists.get()) == 0) return findings;
  Consultation consultation{.depths = std::vector<Consultation::Depth>(length)};
  const StoreContext context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store, question.leaf.handle(), chain) != 1)
    return findings;
  set_path_rules(context.get(), question.now);
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()),
                              X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  X509_STORE_CTX_set0_crls(context.get(), lists.get());
  X509_STORE_CTX_set_app_data(context.get(), &consultation);
  X509_STORE_CTX_set_verify_cb(context.get(), &note_problem);
  const bool same_path =
      X509_verify_cert(context.get()) == 1 &&
      sk_X509_num(X509_STORE_CTX_get0_chain(context.get())) == static_cast<int>(length);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    findings[i] = finding_of(consultation.depths[i]);
    if (!same_path) findings[i].good_until.reset();
  }
  return findings;
}

}  // namespace sallyport
