// Fuzzes what peers point to and what is fetched there: a pointer leads nowhere but to plain http,
// a bundle holds nothing that was not in it, and whatever comes is either kept as what it should be
// or noted as a failure (CERT-03, CERT-05).
#include <algorithm>
#include <cstdlib>

#include "base/http_url.h"
#include "crypto/digest.h"
#include "ike/auth/certificate_pointers.h"

namespace {

using namespace sallyport;
using namespace sallyport::ike;

void require(bool condition) {
  if (!condition) std::abort();
}

Message with(CertificateEncoding encoding, ByteView data) {
  Message message;
  message.certificates = {{encoding, to_octets(data)}};
  return message;
}

void as_pointer(ByteView input) {
  for (const auto encoding :
       {CertificateEncoding::HashAndUrl, CertificateEncoding::HashAndUrlOfBundle})
    for (const CertificatePointer& pointer : pointers_in(with(encoding, input))) {
      require(is_http_url(pointer.url) && pointer.place == 0);
      require(pointer.hash.size() + pointer.url.size() == input.size());
    }
}

void as_bundle(ByteView input) {
  const auto bundle = split_bundle(input);
  PresentedCertificates presented;
  const CertificatePointer pointer{.form = PointsTo::Bundle, .hash = sha1({input}), .url = {}};
  require(resolve(presented, pointer, input) == bundle.has_value());
  if (!bundle) return;
  std::size_t octets = 0;
  for (const auto* kind : {&bundle->certificates, &bundle->lists}) {
    require(kind->size() <= 16);
    for (const Octets& one : *kind) {
      octets += one.size();
      require(one.empty() || std::ranges::search(input, one).begin() != input.end());
    }
  }
  require(octets < input.size());
  require(presented.certificates == bundle->certificates && presented.lists == bundle->lists);
}

void as_evidence(ByteView input) {
  const WallTime now{std::chrono::hours(24 * 365 * 50)};
  FetchedEvidence evidence;
  for (const EvidenceKind kind : {EvidenceKind::OcspResponse, EvidenceKind::RevocationList}) {
    EvidenceRequest request{.kind = kind, .key = {}, .about = {}, .url = {}, .body = {}};
    request.key[0] = static_cast<std::uint8_t>(kind);
    request.about[0] = 0xff;  // no key of the two
    evidence.note(request, to_octets(input), now);
    const bool kept = kind == EvidenceKind::OcspResponse
                          ? evidence.response(request.key, now).has_value()
                          : evidence.list(request.key, now).has_value();
    require(kept != evidence.has_failed(request, now));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  as_pointer({data, size});
  as_bundle({data, size});
  as_evidence({data, size});
  return 0;
}
