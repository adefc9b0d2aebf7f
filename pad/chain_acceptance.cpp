#include "pad/chain_acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "crypto/digest.h"

namespace sallyport {
namespace {

using enum AuthenticationFailure;
using Octets = std::vector<std::uint8_t>;

// Of each kind: RFC 7296 3.6 asks for four certificates.
constexpr std::size_t kMostPresented = 16;

std::span<const Octets> first_of(const std::vector<Octets>& all) {
  return std::span(all).first(std::min(all.size(), kMostPresented));
}

// The bytes of which a fingerprint is taken. Lengths go before what has no fixed one, so that no
// two questions have the same bytes.
class Digested {
 public:
  void add(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void add_number(std::uint64_t number) {
    bytes_.resize(bytes_.size() + sizeof number);
    store_be<std::uint64_t>(bytes_.data() + bytes_.size() - sizeof number, number);
  }
  void add_sized(ByteView bytes) {
    add_number(bytes.size());
    add(bytes);
  }
  void add_sized(std::string_view text) { add_sized(octets_of(text)); }
  void add_all(std::span<const Octets> all) {
    add_number(all.size());
    for (const Octets& one : all) add_sized(one);
  }
  [[nodiscard]] Fingerprint fingerprint() const { return sha256({bytes_}); }

 private:
  Octets bytes_;
};

// Everything that the verdict follows from but the time. By content: what is configured anew is
// another question as soon as it says something else.
Fingerprint question_of(const RemoteAuthentication& method, const Identity& asserted,
                        const PresentedCertificates& presented, const FetchedEvidence* fetched) {
  Digested all;
  all.add_number(method.anchors.size());
  for (const auto& trusted : method.anchors) {
    all.add(trusted->certificates.fingerprint());
    all.add_number(trusted->lists.size());
    for (const RevocationList& list : trusted->lists) all.add(list.fingerprint());
  }
  all.add_number(static_cast<std::uint64_t>(method.revocation));
  all.add_number(static_cast<std::uint64_t>(method.extended_key_usage));
  all.add_number(method.least_rsa_bits);
  all.add_number(method.identity_in_certificate ? 1 : 0);
  all.add_number(static_cast<std::uint64_t>(asserted.type));
  all.add_sized(asserted.data);
  all.add_number(fetched != nullptr ? 1 + fetched->generation() : 0);
  all.add_all(first_of(presented.certificates));
  all.add_all(first_of(presented.ocsp_responses));
  all.add_all(first_of(presented.lists));
  return all.fingerprint();
}

std::vector<Certificate> readable(std::span<const Octets> ders) {
  std::vector<Certificate> certificates;
  for (const Octets& der : ders)
    if (auto certificate = Certificate::from_der(der))
      certificates.push_back(std::move(*certificate));
  return certificates;
}

// Those that the peer brings, and those that are known of any of the anchors.
std::vector<RevocationList> known_lists(const RemoteAuthentication& method,
                                        const PresentedCertificates& presented) {
  std::vector<RevocationList> lists;
  for (const Octets& der : first_of(presented.lists))
    if (auto list = RevocationList::from_der(der)) lists.push_back(std::move(*list));
  for (const auto& trusted : method.anchors)
    std::ranges::copy(trusted->lists, std::back_inserter(lists));
  return lists;
}

// Who may be asked about a certificate, the best first: OCSP tells of now, and of it alone.
std::vector<EvidenceRequest> requests_about(const UncoveredCertificate& certificate,
                                            const TrustAnchors& anchors) {
  std::vector<EvidenceRequest> requests;
  const auto add = [&](EvidenceKind kind, const std::string& url) {
    if (requests.size() == FetchedEvidence::kMostPlaces) return;
    Digested key;
    key.add_number(static_cast<std::uint64_t>(kind));
    key.add(certificate.issuer_key);
    key.add_sized(url);
    Digested about = key;
    about.add_sized(certificate.ocsp_request);
    const bool ocsp = kind == EvidenceKind::OcspResponse;
    requests.push_back({.kind = kind,
                        .key = ocsp ? about.fingerprint() : key.fingerprint(),
                        .about = about.fingerprint(),
                        .url = url,
                        .body = ocsp ? certificate.ocsp_request : Octets()});
  };
  if (!anchors.ocsp_url.empty())
    add(EvidenceKind::OcspResponse, anchors.ocsp_url);
  else
    for (const std::string& url : certificate.ocsp_urls) add(EvidenceKind::OcspResponse, url);
  for (const std::string& url : anchors.list_urls) add(EvidenceKind::RevocationList, url);
  for (const std::string& url : certificate.list_urls) add(EvidenceKind::RevocationList, url);
  return requests;
}

// Adds what was fetched before, and says by which keys it was found.
std::set<Fingerprint> add_fetched(ChainQuestion& question,
                                  const std::vector<UncoveredCertificate>& uncovered,
                                  const TrustAnchors& anchors, FetchedEvidence& fetched) {
  std::set<Fingerprint> added;
  for (const UncoveredCertificate& certificate : uncovered)
    for (const EvidenceRequest& request : requests_about(certificate, anchors)) {
      if (auto response = fetched.response(request.key, question.now)) {
        question.ocsp_responses.push_back(std::move(*response));
        added.insert(request.key);
      }
      if (auto list = fetched.list(request.key, question.now)) {
        question.lists.push_back(std::move(*list));
        added.insert(request.key);
      }
    }
  return added;
}

// For each certificate the best that has not been tried. What others have brought meanwhile is
// wanted as well, and soon had.
std::vector<EvidenceRequest> wanted_for(const std::vector<UncoveredCertificate>& uncovered,
                                        const TrustAnchors& anchors,
                                        const std::set<Fingerprint>& tried,
                                        FetchedEvidence& fetched, WallTime now) {
  std::vector<EvidenceRequest> wanted;
  for (const UncoveredCertificate& certificate : uncovered)
    for (EvidenceRequest& request : requests_about(certificate, anchors)) {
      if (fetched.has_failed(request, now)) continue;
      if (tried.contains(request.key)) {
        fetched.note_useless(request, now);
        continue;
      }
      const auto same = [&](const EvidenceRequest& other) { return other.key == request.key; };
      if (std::ranges::none_of(wanted, same)) wanted.push_back(std::move(request));
      break;
    }
  return wanted;
}

struct Judgement {
  Expected<VerifiedChain> chain;
  std::vector<EvidenceRequest> wanted{};
  bool uncovered{};  // somebody was to be asked, and could not tell
};

Judgement judge(ChainQuestion question, const TrustAnchors& anchors, FetchedEvidence* fetched) {
  question.anchors = anchors.certificates;
  ChainVerdict verdict = judge_chain(question);
  if (fetched == nullptr || verdict.uncovered.empty()) return {.chain = std::move(verdict.chain)};
  const auto tried = add_fetched(question, verdict.uncovered, anchors, *fetched);
  if (!tried.empty()) verdict = judge_chain(question);
  Judgement judgement{.chain = std::move(verdict.chain)};
  judgement.uncovered = !verdict.uncovered.empty();
  judgement.wanted = wanted_for(verdict.uncovered, anchors, tried, *fetched, question.now);
  return judgement;
}

// About the first of `certificates`, by way of the others. The first set of anchors that a path
// leads to decides, whatever is wrong with the path.
Judgement judge_by_any(const std::vector<Certificate>& certificates,
                       const RemoteAuthentication& method, const PresentedCertificates& presented,
                       const Circumstances& circumstances) {
  const bool fetches = circumstances.fetched != nullptr;
  const std::span<const Octets> responses = first_of(presented.ocsp_responses);
  const ChainQuestion question{
      .leaf = certificates.front(),
      .others = {certificates.begin() + 1, certificates.end()},
      .anchors = {},
      .lists = known_lists(method, presented),
      .ocsp_responses = {responses.begin(), responses.end()},
      .revocation = method.revocation,
      .now = circumstances.now,
      .least_rsa_bits = method.least_rsa_bits,
      .extended_key_usage = method.extended_key_usage,
      .sources = fetches ? RevocationSources::Named : RevocationSources::Unnamed};
  Judgement judgement{.chain = fail(Error::Code::NotFound, {})};
  for (const auto& anchors : method.anchors) {
    judgement = judge(question, *anchors, circumstances.fetched);
    if (judgement.chain || judgement.chain.error().code != Error::Code::NotFound) break;
  }
  return judgement;
}

}  // namespace

Expected<void> check_strength(const PublicKey& key, unsigned least_rsa_bits) {
  const KeyKind kind = key.kind();
  if (auth_method(SignatureScheme::Rfc7427, kind) == 0)
    return refused(WeakKey, "the peer's key is of a kind that makes no IKE signatures");
  const bool rsa = kind == KeyKind::Rsa || kind == KeyKind::RsaPss;
  if (rsa && key.bits() < least_rsa_bits)
    return refused(WeakKey, fmt::format("the peer's RSA key has {} bits, the entry wants {}",
                                        key.bits(), least_rsa_bits));
  return {};
}

std::optional<Certificate> signers_certificate(const PresentedCertificates& presented) {
  for (const Octets& der : first_of(presented.certificates))
    if (auto certificate = Certificate::from_der(der)) return *std::move(certificate);
  return std::nullopt;
}

Expected<AcceptedKey> accept_chain(const RemoteAuthentication& method, const Identity& asserted,
                                   const PresentedCertificates& presented,
                                   const Circumstances& circumstances) {
  const WallTime now = circumstances.now;
  FetchedEvidence* const fetched = method.fetch_revocation ? circumstances.fetched : nullptr;
  const Fingerprint question = question_of(method, asserted, presented, fetched);
  VerifiedChains& verified = *method.anchors.front()->verified;
  if (const auto known = verified.find(question, now))
    return AcceptedKey{.key = known->key, .valid_until = known->valid_until};

  const std::vector<Certificate> certificates = readable(first_of(presented.certificates));
  if (certificates.empty()) return refused(NoCredential, "no certificate that can be read");
  const Certificate& leaf = certificates.front();
  const PublicKey key = leaf.public_key();
  if (auto strong = check_strength(key, method.least_rsa_bits); !strong)
    return std::unexpected(std::move(strong.error()));
  Judgement judgement = judge_by_any(certificates, method, presented, {now, fetched});
  if (!judgement.chain && judgement.wanted.empty())
    return refused(BadCredential, to_string(judgement.chain.error()));
  if (method.identity_in_certificate && !certifies(leaf, asserted))
    return refused(IdentityNotCertified,
                   fmt::format("the certificate of {} does not name the identity {}",
                               print_distinguished_name(leaf.subject()), to_string(asserted)));
  if (!judgement.wanted.empty())
    return AcceptedKey{.key = key, .wanted = std::move(judgement.wanted)};
  const WallTime valid_until = judgement.chain->valid_until;
  const WallTime until = judgement.uncovered ? now + FetchedEvidence::kPause : valid_until;
  verified.remember(question, {.key = key, .valid_until = valid_until}, now, until);
  return AcceptedKey{.key = key, .valid_until = valid_until};
}

}  // namespace sallyport
