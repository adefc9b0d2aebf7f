#include "crypto/ike_transforms.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "crypto/suites.h"

namespace sallyport::ike_transforms_test {
namespace {

IkeProposal parsed(std::string_view text) {
  Expected<IkeProposal> proposal = parse_ike_proposal(text);
  INFO(text);
  REQUIRE(proposal);
  return std::move(*proposal);
}

std::string refusal(std::string_view text) {
  const Expected<IkeProposal> proposal = parse_ike_proposal(text);
  return proposal ? "" : to_string(proposal.error());
}

}  // namespace

TEST_CASE("IKE-13, IKE-72, IALG-02: PRFs have IANA's numbers and RFC 8247's standing") {
  struct Row {
    const char* name;
    unsigned ike_id, bytes;
    Standing standing;
    bool needs_consent;
  };
  constexpr Row kRows[] = {{"prf-hmac-md5", 1, 16, Standing::MustNot, true},
                           {"prf-hmac-sha1", 2, 20, Standing::Must, false},
                           {"prf-aes-xcbc", 4, 16, Standing::Should, false},
                           {"prf-hmac-sha256", 5, 32, Standing::Must, false},
                           {"prf-hmac-sha384", 6, 48, Standing::May, false},
                           {"prf-hmac-sha512", 7, 64, Standing::Should, false},
                           {"prf-aes-cmac", 8, 16, Standing::May, false}};
  CHECK(std::size(kRows) == kPrfCount);
  CHECK(all_prfs().size() == kPrfCount);
  for (const Row& row : kRows) {
    INFO(row.name);
    const std::optional<Prf> prf = prf_by_name(row.name);
    REQUIRE(prf);
    CHECK(facts(*prf).id == *prf);
    CHECK(facts(*prf).ike_id == row.ike_id);
    CHECK(facts(*prf).key_bytes == row.bytes);
    CHECK(facts(*prf).output_bytes == row.bytes);
    CHECK(facts(*prf).standing == row.standing);
    CHECK(facts(*prf).needs_consent == row.needs_consent);
    CHECK(prf_by_ike_id(static_cast<std::uint16_t>(row.ike_id)) == prf);
  }
  for (const std::uint16_t unknown : std::initializer_list<std::uint16_t>{0, 3, 9, 1024})
    CHECK_FALSE(prf_by_ike_id(unknown));
}

TEST_CASE("IKE-13, IKE-68, IALG-04: groups have IANA's numbers, their sizes and their standing") {
  struct Row {
    const char* name;
    unsigned ike_id, public_bytes, secret_bytes;
    Standing standing;
  };
  constexpr Row kRows[] = {{"modp768", 1, 96, 96, Standing::MustNot},
                           {"modp1024", 2, 128, 128, Standing::ShouldNot},
                           {"modp1536", 5, 192, 192, Standing::ShouldNot},
                           {"modp2048", 14, 256, 256, Standing::Must},
                           {"modp3072", 15, 384, 384, Standing::May},
                           {"modp4096", 16, 512, 512, Standing::May},
                           {"modp6144", 17, 768, 768, Standing::May},
                           {"modp8192", 18, 1024, 1024, Standing::May},
                           {"ecp256", 19, 64, 32, Standing::Should},
                           {"ecp384", 20, 96, 48, Standing::May},
                           {"ecp521", 21, 132, 66, Standing::May},
                           {"modp1024s160", 22, 128, 128, Standing::MustNot},
                           {"modp2048s224", 23, 256, 256, Standing::ShouldNot},
                           {"modp2048s256", 24, 256, 256, Standing::ShouldNot},
                           {"brainpool224", 27, 56, 28, Standing::May},
                           {"brainpool256", 28, 64, 32, Standing::May},
                           {"brainpool384", 29, 96, 48, Standing::May},
                           {"brainpool512", 30, 128, 64, Standing::May},
                           {"curve25519", 31, 32, 32, Standing::May},
                           {"curve448", 32, 56, 56, Standing::May}};
  CHECK(std::size(kRows) == kGroupCount);
  CHECK(all_groups().size() == kGroupCount);
  for (const Row& row : kRows) {
    INFO(row.name);
    const std::optional<Group> group = group_by_name(row.name);
    REQUIRE(group);
    CHECK(facts(*group).id == *group);
    CHECK(facts(*group).ike_id == row.ike_id);
    CHECK(facts(*group).public_bytes == row.public_bytes);
    CHECK(facts(*group).secret_bytes == row.secret_bytes);
    CHECK(facts(*group).standing == row.standing);
    CHECK(group_by_ike_id(static_cast<std::uint16_t>(row.ike_id)) == group);
  }
  for (const std::uint16_t unknown :
       std::initializer_list<std::uint16_t>{0, 3, 4, 6, 13, 25, 26, 33, 1024})
    CHECK_FALSE(group_by_ike_id(unknown));
}

TEST_CASE("IALG-04: groups 1, 2, 5 and 22 to 24 are off unless named, no others") {
  std::set<unsigned> off;
  for (const GroupFacts& row : all_groups())
    if (row.needs_consent) off.insert(row.ike_id);
  CHECK(off == std::set<unsigned>{1, 2, 5, 22, 23, 24});
}

TEST_CASE("IKE-13, IALG-01, IALG-05: what may protect IKE's own messages") {
  std::map<unsigned, std::set<unsigned>> key_bits;
  for (const CipherFacts& row : all_ciphers()) {
    CHECK(cipher_by_ike_id(row.ike_id, row.key_bits) == row.id);
    if (protects_ike(row.id)) key_bits[row.ike_id].insert(row.key_bits);
  }
  const std::set<unsigned> fixed{0};
  const std::set<unsigned> aes{128, 192, 256};
  const std::map<unsigned, std::set<unsigned>> expected{
      {3, fixed}, {12, aes}, {13, aes}, {14, aes}, {15, aes},  {16, aes},
      {18, aes},  {19, aes}, {20, aes}, {23, aes}, {28, fixed}};
  CHECK(key_bits == expected);
  CHECK_FALSE(protects_ike(Cipher::Null));
  CHECK_FALSE(protects_ike(Cipher::DesCbc));
  CHECK_FALSE(cipher_by_ike_id(12, 0));
  CHECK_FALSE(cipher_by_ike_id(3, 192));
  CHECK_FALSE(cipher_by_ike_id(28, 256));
  CHECK_FALSE(cipher_by_ike_id(17, 128));
}

TEST_CASE("IKE-13, IALG-03: integrity algorithms by number, and those for IKE") {
  std::set<unsigned> numbers;
  for (const IntegrityFacts& row : all_integrities()) {
    CHECK(integrity_by_ike_id(row.ike_id) == row.id);
    if (protects_ike(row.id)) numbers.insert(row.ike_id);
  }
  CHECK(numbers == std::set<unsigned>{1, 2, 5, 8, 12, 13, 14});
  CHECK_FALSE(integrity_by_ike_id(3));
  CHECK_FALSE(integrity_by_ike_id(4));
}

TEST_CASE("IALG-02, IALG-04: names without hyphens and without HMAC mean the same") {
  CHECK(prf_by_name("prfsha256") == Prf::HmacSha256);
  CHECK(prf_by_name("prf-sha512") == Prf::HmacSha512);
  CHECK(prf_by_name("prfhmacsha1") == Prf::HmacSha1);
  CHECK(prf_by_name("prfaesxcbc") == Prf::AesXcbc);
  CHECK(prf_by_name("prfaescmac") == Prf::AesCmac);
  CHECK_FALSE(prf_by_name("sha256"));
  CHECK_FALSE(prf_by_name("prf"));
  CHECK_FALSE(prf_by_name(""));
  CHECK(group_by_name("modp-2048") == Group::Modp2048);
  CHECK(group_by_name("x25519") == Group::Curve25519);
  CHECK(group_by_name("x448") == Group::Curve448);
  CHECK_FALSE(group_by_name("modp"));
  CHECK_FALSE(group_by_name("ecp2560"));
  CHECK_FALSE(group_by_name("MODP2048"));
}

TEST_CASE("IALG-01, IALG-02, IALG-04: proposals as they are written") {
  CHECK(parsed("aes128-gcm16+prf-hmac-sha256+curve25519+ecp256") ==
        IkeProposal{.ciphers = {Cipher::AesGcm16_128},
                    .integrities = {},
                    .prfs = {Prf::HmacSha256},
                    .groups = {Group::Curve25519, Group::Ecp256}});
  const IkeProposal plain{.ciphers = {Cipher::AesCbc256},
                          .integrities = {Integrity::HmacSha256_128},
                          .prfs = {Prf::HmacSha256},
                          .groups = {Group::Modp2048}};
  CHECK(parsed("aes256-cbc+hmac-sha256-128+modp2048") == plain);
  CHECK(parsed("aes256+sha256+prfsha256+modp2048") == plain);
  CHECK(parsed("modp2048+sha256+aes256") == plain);
  CHECK(parsed("aes256+aes128+sha384+sha512+ecp384") ==
        IkeProposal{.ciphers = {Cipher::AesCbc256, Cipher::AesCbc128},
                    .integrities = {Integrity::HmacSha384_192, Integrity::HmacSha512_256},
                    .prfs = {Prf::HmacSha384, Prf::HmacSha512},
                    .groups = {Group::Ecp384}});
  CHECK(parsed("aes128+sha1+prfsha512+modp2048").prfs == std::vector{Prf::HmacSha512});
  CHECK(parsed("aes128+aes-xcbc+prf-aes-xcbc+modp2048").prfs == std::vector{Prf::AesXcbc});
}

TEST_CASE("IALG-05, IALG-06: the seed's list can be named, and NULL cannot") {
  for (const char* text :
       {"3des+sha1+modp1024", "3des+md5+modp1024", "aes128+aes-xcbc+prfaesxcbc+modp2048",
        "aes128-ctr+sha1+modp2048", "aes128+md5+prfmd5+modp1024"})
    CHECK(refusal(text).empty());
  CHECK(refusal("null+sha1+modp2048").contains("null may not protect IKE's own messages"));
}

TEST_CASE("IALG-01, IKE-61: what does not make a proposal is refused, and the remedy is named") {
  const std::pair<const char*, const char*> rows[] = {
      {"des+sha1+modp2048", "des-cbc may not protect"},
      {"aes128-gmac+prfsha256+ecp256", "aes128-gmac may not protect"},
      {"aes128-gcm16-iiv+prfsha256+ecp256", "aes128-gcm16-iiv may not protect"},
      {"aes128+none+prfsha256+ecp256", "none may not protect"},
      {"aes128-gcm16+aes128+prfsha256+ecp256", "make two proposals of it"},
      {"aes128-gcm16+sha256+ecp256", "leave out \"hmac-sha256-128\", or name a PRF"},
      {"aes128+prfsha256+ecp256", "for example \"aes128-cbc+hmac-sha256-128\""},
      {"sha256+prfsha256+ecp256", "needs a cipher"},
      {"aes128-gcm16+ecp256", "needs a PRF"},
      {"aes128+aes-xcbc+modp2048", "needs a PRF"},
      {"aes128-gcm16+prfsha256", "needs a group"},
      {"aes128-gcm16+prfsha256+ecp256+ecp256", "ecp256 is named twice"},
      {"aes128+aes128-cbc+sha256+ecp256", "aes128-cbc is named twice"},
      {"", "needs a cipher"},
      {"aes128-gcm16++ecp256", "unknown algorithm \"\""},
      {"aes128-gcm16+prfsha256+ecp256+", "unknown algorithm \"\""}};
  for (const auto& [text, expected] : rows) {
    INFO(text);
    CHECK(refusal(text).contains(expected));
  }
}

TEST_CASE("IALG-01, IALG-04: a mistyped name finds the nearest known one") {
  const std::pair<const char*, const char*> rows[] = {{"aes128gcm61", "aes128-gcm16"},
                                                      {"aes265", "aes256-cbc"},
                                                      {"sha265", "hmac-sha256-128"},
                                                      {"prfsha265", "prf-hmac-sha256"},
                                                      {"prf-hmac-sha348", "prf-hmac-sha384"},
                                                      {"modp2084", "modp2048"},
                                                      {"curve2551", "curve25519"},
                                                      {"curve484", "curve448"},
                                                      {"ecp512", "ecp521"},
                                                      {"brainpool", "brainpool224"},
                                                      {"chacha20poly1350", "chacha20-poly1305"}};
  for (const auto& [text, expected] : rows) {
    INFO(text);
    CHECK(refusal(text) ==
          "unknown algorithm \"" + std::string(text) + "\" (nearest known: \"" + expected + "\")");
  }
}

TEST_CASE("IALG-01, IALG-02, IALG-03, IALG-04: proposals are read back as they were written") {
  std::vector<IkeProposal> proposals = default_ike_proposals();
  for (const Suite& suite : all_suites()) proposals.push_back(ike_proposal(suite));
  for (const CipherFacts& row : all_ciphers()) {
    if (!protects_ike(row.id)) continue;
    const bool combined = row.combined();
    proposals.push_back(
        {.ciphers = {row.id},
         .integrities = combined ? std::vector<Integrity>{} : std::vector{Integrity::AesCmac_96},
         .prfs = {Prf::AesCmac},
         .groups = {Group::Brainpool512, Group::Modp2048Subgroup256}});
  }
  for (const IkeProposal& proposal : proposals) CHECK(parsed(to_string(proposal)) == proposal);
  CHECK(to_string(parsed("aes256+sha256+modp2048")) ==
        "aes256-cbc+hmac-sha256-128+prf-hmac-sha256+modp2048");
}

TEST_CASE("IALG-01, IALG-02, IALG-03, IALG-04, IALG-05: weak ones want consent, each by itself") {
  CHECK_FALSE(needs_consent(parsed("aes128+sha256+modp2048")));
  CHECK_FALSE(needs_consent(parsed("aes128+sha1+modp2048")));
  CHECK_FALSE(needs_consent(parsed("aes128-ctr+aes-xcbc+prfaesxcbc+brainpool256")));
  CHECK(needs_consent(parsed("3des+sha256+modp2048")));
  CHECK(needs_consent(parsed("aes128+md5+prfsha256+modp2048")));
  CHECK(needs_consent(parsed("aes128+sha256+prfmd5+modp2048")));
  CHECK(needs_consent(parsed("aes128+sha256+modp2048+modp1024")));
  CHECK(needs_consent(parsed("aes128+sha256+modp1536")));
  CHECK(needs_consent(parsed("aes256-gcm16+prfsha256+modp2048s256")));
}

TEST_CASE("SUITE-01, SUITE-02, SUITE-03, SUITE-04, SUITE-05, SUITE-06: IKE's half and consent") {
  for (const Suite& suite : all_suites()) {
    INFO(suite.name);
    const IkeProposal proposal = ike_proposal(suite);
    CHECK(needs_consent(proposal) == (suite.name == "VPN-A"));
    CHECK(protects_ike(suite.ike.cipher));
    CHECK(protects_ike(suite.ike.integrity));
  }
}

TEST_CASE("IALG-01, IALG-02, IALG-03, IALG-04, IKE-61: what is offered where nothing is said") {
  const std::vector<IkeProposal> offers = default_ike_proposals();
  REQUIRE(offers.size() == 2);
  CHECK(to_string(offers[0]) ==
        "aes256-gcm16+aes128-gcm16+chacha20-poly1305+prf-hmac-sha256+prf-hmac-sha384+"
        "prf-hmac-sha512+curve25519+ecp256+ecp384+modp2048+modp3072+curve448+ecp521+modp4096");
  CHECK(to_string(offers[1]) ==
        "aes256-cbc+aes128-cbc+hmac-sha256-128+hmac-sha384-192+hmac-sha512-256+prf-hmac-sha256+"
        "prf-hmac-sha384+prf-hmac-sha512+curve25519+ecp256+ecp384+modp2048+modp3072+curve448+"
        "ecp521+modp4096");
  for (const IkeProposal& offer : offers) {
    CHECK_FALSE(needs_consent(offer));
    CHECK(std::ranges::none_of(offer.groups, [](Group group) { return facts(group).ike_id < 14; }));
  }
}

}  // namespace sallyport::ike_transforms_test
