#include "pad/fetched_evidence.h"

#include <catch2/catch.hpp>

#include "crypto/openssl_objects.h"
#include "tests/support/test_pki.h"

namespace sallyport::fetched_evidence_test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Octets = std::vector<std::uint8_t>;

Octets der_of(const RevocationList& list) {
  return sallyport::der_of(i2d_X509_CRL, static_cast<const X509_CRL*>(list.handle()));
}

EvidenceRequest request(EvidenceKind kind, std::uint8_t number) {
  EvidenceRequest one{.kind = kind, .key = {}, .about = {}, .url = "http://a/", .body = {}};
  one.key[0] = number;
  one.about[0] = number;
  one.about[1] = 1;
  return one;
}

const Expected<Octets> kNoAnswer = fail(Error::Code::Io, "no answer");

}  // namespace

TEST_CASE("CERT-05: fetched evidence is kept until it ends") {
  const TestAuthority authority;
  const TestIdentity leaf = authority.issue({});
  FetchedEvidence evidence;
  const EvidenceRequest ocsp = request(EvidenceKind::OcspResponse, 1);
  const EvidenceRequest list = request(EvidenceKind::RevocationList, 2);
  const Octets response = authority.ocsp_response(leaf.certificate, {});
  evidence.note(ocsp, response, test_now());
  CHECK(evidence.generation() == 0);
  evidence.note(list, der_of(authority.revocation_list({})), test_now());
  CHECK(evidence.generation() == 1);
  CHECK(evidence.response(ocsp.key, test_now() + hours(23)) == response);
  CHECK_FALSE(evidence.response(list.key, test_now()));
  CHECK(evidence.list(list.key, test_now() + days(6)));
  CHECK_FALSE(evidence.response(ocsp.key, test_now() + days(2)));
  CHECK_FALSE(evidence.list(list.key, test_now() + days(8)));
  CHECK_FALSE(evidence.has_failed(ocsp, test_now()));
}

TEST_CASE("CERT-05: what could not be had or read is not asked for again for a minute") {
  FetchedEvidence evidence;
  for (const EvidenceKind kind : {EvidenceKind::OcspResponse, EvidenceKind::RevocationList}) {
    const EvidenceRequest one = request(kind, kind == EvidenceKind::OcspResponse ? 1 : 2);
    for (const Expected<Octets>& answer : {kNoAnswer, Expected<Octets>(Octets{1, 2, 3})}) {
      evidence.note(one, answer, test_now());
      CHECK(evidence.has_failed(one, test_now() + seconds(60)));
      CHECK_FALSE(evidence.has_failed(one, test_now() + seconds(61)));
    }
  }
  CHECK_FALSE(evidence.has_failed(request(EvidenceKind::OcspResponse, 3), test_now()));
}

TEST_CASE("CERT-05: what was not even tried says nothing of who would have answered") {
  FetchedEvidence evidence;
  const EvidenceRequest one = request(EvidenceKind::OcspResponse, 1);
  evidence.note(one, fail(Error::Code::Exhausted, "too much is being fetched"), test_now());
  CHECK_FALSE(evidence.has_failed(one, test_now()));
}

TEST_CASE("CERT-05: a list that several have waited for is one list") {
  const TestAuthority authority;
  const RevocationList list = authority.revocation_list({});
  FetchedEvidence evidence;
  const EvidenceRequest one = request(EvidenceKind::RevocationList, 1);
  evidence.note(one, der_of(list), test_now());
  REQUIRE(evidence.list(one.key, test_now())->is_signed_by(authority.certificate().handle()));
  for (int i = 0; i < 3; ++i) evidence.note(one, der_of(list), test_now());
  CHECK(evidence.generation() == 1);
  CHECK(evidence.list(one.key, test_now())->has_known_signer());
  evidence.note(one, der_of(authority.revocation_list({.next_update = test_now() + days(8)})),
                test_now());
  CHECK(evidence.generation() == 2);
}

TEST_CASE("CERT-05: what has ended when it comes is tried, and soon asked for again") {
  const TestAuthority authority;
  FetchedEvidence evidence;
  const EvidenceRequest list = request(EvidenceKind::RevocationList, 1);
  evidence.note(list,
                der_of(authority.revocation_list(
                    {.this_update = test_now() - days(9), .next_update = test_now() - days(2)})),
                test_now());
  CHECK(evidence.list(list.key, test_now()));
  CHECK_FALSE(evidence.list(list.key, test_now() + minutes(2)));
}

TEST_CASE("CERT-05: what told nothing goes, but for a list that tells of others") {
  const TestAuthority authority;
  const RevocationList list = authority.revocation_list({});
  FetchedEvidence evidence;
  const EvidenceRequest forged = request(EvidenceKind::RevocationList, 1);
  evidence.note(forged, der_of(list), test_now());
  evidence.note_useless(forged, test_now());
  CHECK_FALSE(evidence.list(forged.key, test_now()));
  CHECK(evidence.has_failed(forged, test_now()));

  const EvidenceRequest known = request(EvidenceKind::RevocationList, 2);
  evidence.note(known, der_of(list), test_now());
  REQUIRE(evidence.list(known.key, test_now())->is_signed_by(authority.certificate().handle()));
  evidence.note_useless(known, test_now());
  CHECK(evidence.list(known.key, test_now()));
  CHECK(evidence.has_failed(known, test_now()));
  // Somebody may have put another list of the authority's there: it is fetched again, too.
  CHECK_FALSE(evidence.list(known.key, test_now() + minutes(2)));
  EvidenceRequest other = known;  // about another certificate of the same authority
  other.about[1] = 2;
  CHECK_FALSE(evidence.has_failed(other, test_now()));
}

TEST_CASE(
    "CERT-03: objects are kept by their hash, so many and so long ones as there is room for") {
  FetchedEvidence evidence;
  FetchedEvidence::ObjectHash hash{};
  evidence.keep_object(hash, Octets(FetchedEvidence::kMostObjectOctets + 1));
  CHECK_FALSE(evidence.object(hash));
  for (std::size_t i = 0; i < FetchedEvidence::kMostObjects + 10; ++i) {
    hash[0] = static_cast<std::uint8_t>(i);
    hash[1] = static_cast<std::uint8_t>(i >> 8);
    evidence.keep_object(hash, Octets{hash[0]});
  }
  CHECK(evidence.object(hash) == Octets{hash[0]});
  CHECK_FALSE(evidence.object({}));
}

}  // namespace sallyport::fetched_evidence_test
