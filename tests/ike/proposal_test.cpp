// What is offered in SA payloads and what is taken of it (IKE-55..64, IKE-69).
#include "ike/proposal.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/crypto/octets.h"

namespace sallyport::ike::test::proposal_test {
namespace {

using sallyport::test::octets;

IkeProposal ike(std::string_view text) { return parse_ike_proposal(text).value(); }
Transform esp(std::string_view text) { return parse_transform(text).value(); }

WireTransform encr(std::uint16_t id, std::uint16_t bits = 0) {
  return {.type = 1, .id = id, .key_bits = bits};
}
WireTransform prf(std::uint16_t id) { return {.type = 2, .id = id}; }
WireTransform integ(std::uint16_t id) { return {.type = 3, .id = id}; }
WireTransform ke(std::uint16_t id) { return {.type = 4, .id = id}; }
WireTransform esn(std::uint16_t id) { return {.type = 5, .id = id}; }

constexpr std::uint16_t kCbc = 12;
constexpr std::uint16_t kGcm = 20;
constexpr std::uint16_t kChaCha = 28;
constexpr std::uint16_t kSha256 = 12;  // as integrity
constexpr std::uint16_t kPrfSha256 = 5;
constexpr std::uint16_t kCurve = 31;
constexpr std::uint16_t kEcp256 = 19;

Proposal of_ike(std::uint8_t number, std::vector<WireTransform> transforms, Octets spi = {}) {
  return {.number = number,
          .protocol = ProtocolId::Ike,
          .spi = std::move(spi),
          .transforms = std::move(transforms)};
}
Proposal of_esp(std::uint8_t number, std::vector<WireTransform> transforms) {
  return {.number = number,
          .protocol = ProtocolId::Esp,
          .spi = octets("c0ffee01"),
          .transforms = std::move(transforms)};
}

std::optional<ChosenIke> choose(std::vector<IkeProposal> ours, std::vector<Proposal> offered,
                                std::uint16_t preferred = kCurve) {
  return choose_ike(ours, offered, preferred);
}
std::optional<ChosenIke> accept(std::vector<IkeProposal> ours, std::vector<Proposal> answer) {
  return accept_ike(ours, answer);
}
std::optional<ChosenChild> choose(const ChildTerms& ours, std::vector<Proposal> offered,
                                  std::optional<std::uint16_t> preferred = std::nullopt) {
  return choose_child(ours, offered, preferred);
}
std::optional<ChosenChild> accept(const ChildTerms& ours, std::vector<Proposal> answer) {
  return accept_child(ours, answer);
}

ChildTerms terms_with(std::vector<Transform> transforms, std::vector<Group> groups = {}) {
  return {.transforms = std::move(transforms), .groups = std::move(groups)};
}

const std::vector<WireTransform> kGcmOffer{encr(kGcm, 128), prf(kPrfSha256), ke(kCurve)};

TEST_CASE("IKE-55, IKE-58, IKE-61: an IKE offer has a proposal for each of ours, numbered from 1") {
  const std::vector<IkeProposal> ours{
      ike("aes256-gcm16+aes128-gcm16+prf-hmac-sha256+curve25519+ecp256"),
      ike("aes128-cbc+hmac-sha256-128+prf-hmac-sha256+modp2048"),
      ike("chacha20-poly1305+prf-hmac-sha256+curve25519")};
  const auto offer = offer_ike(ours, octets("0102030405060708"));
  REQUIRE(offer.size() == 3);
  CHECK(offer[0] ==
        of_ike(1, {encr(kGcm, 256), encr(kGcm, 128), prf(kPrfSha256), ke(kCurve), ke(kEcp256)},
               octets("0102030405060708")));
  CHECK(offer[1] == of_ike(2, {encr(kCbc, 128), prf(kPrfSha256), integ(kSha256), ke(14)},
                           octets("0102030405060708")));
  // A cipher of one key length has no attribute (IKE-57).
  CHECK(offer[2] ==
        of_ike(3, {encr(kChaCha), prf(kPrfSha256), ke(kCurve)}, octets("0102030405060708")));
  CHECK(offer_ike(ours, {})[0].spi.empty());
  CHECK(groups_of(ours) == std::vector{Group::Curve25519, Group::Ecp256, Group::Modp2048});
}

TEST_CASE("IKE-59: one proposal is chosen, with its number and one transform of each type") {
  const auto chosen = choose(
      {ike("aes128-gcm16+prf-hmac-sha256+ecp256+curve25519")},
      {of_ike(1, {encr(kChaCha), prf(kPrfSha256), ke(kCurve)}),
       of_ike(7, {encr(kGcm, 256), encr(kGcm, 128), prf(2), prf(kPrfSha256), ke(14), ke(kCurve)},
              octets("a1a2a3a4a5a6a7a8"))});
  REQUIRE(chosen);
  CHECK(chosen->suite ==
        Suite{{Cipher::AesGcm16_128, Integrity::None}, Prf::HmacSha256, Group::Curve25519});
  CHECK(chosen->answer == of_ike(7, kGcmOffer));
  CHECK(chosen->peer_spi == octets("a1a2a3a4a5a6a7a8"));
}

TEST_CASE("IKE-59, IKE-64: what is not configured is never chosen") {
  const std::vector<IkeProposal> ours{ike("aes128-gcm16+prf-hmac-sha256+curve25519")};
  CHECK(choose(ours, {of_ike(1, kGcmOffer)}));
  CHECK_FALSE(choose(ours, {}));
  for (const std::vector<WireTransform>& other :
       {std::vector{encr(kGcm, 256), prf(kPrfSha256), ke(kCurve)},
        std::vector{encr(kGcm, 128), prf(2), ke(kCurve)},
        std::vector{encr(kGcm, 128), prf(kPrfSha256), ke(14)},
        std::vector{encr(kCbc, 128), prf(kPrfSha256), integ(kSha256), ke(kCurve)},
        std::vector{encr(11), prf(kPrfSha256), integ(kSha256), ke(kCurve)}})
    CHECK_FALSE(choose(ours, {of_ike(1, other)}));
  Proposal wrong_protocol = of_ike(1, kGcmOffer);
  wrong_protocol.protocol = ProtocolId::Esp;
  CHECK_FALSE(choose(ours, {wrong_protocol}));
}

TEST_CASE("IKE-58, IKE-59: proposals without a mandatory type, or with one too many, are skipped") {
  const std::vector<IkeProposal> ours{ike("aes128-gcm16+prf-hmac-sha256+curve25519"),
                                      ike("aes128-cbc+hmac-sha256-128+prf-hmac-sha256+curve25519")};
  const std::vector<std::vector<WireTransform>> bad{
      {prf(kPrfSha256), ke(kCurve)},
      {encr(kGcm, 128), ke(kCurve)},
      {encr(kGcm, 128), prf(kPrfSha256)},
      {encr(kCbc, 128), prf(kPrfSha256), ke(kCurve)},
      {encr(kGcm, 128), prf(kPrfSha256), ke(kCurve), esn(0)},
      {encr(kGcm, 128), prf(kPrfSha256), ke(kCurve), {.type = 13, .id = 0}},
      {encr(kGcm, 128), prf(kPrfSha256), ke(kCurve), {.type = 255, .id = 1}},
      {encr(kGcm, 128), prf(kPrfSha256), ke(kCurve), {.type = 0, .id = 1}}};
  for (const auto& transforms : bad) {
    CHECK_FALSE(choose(ours, {of_ike(1, transforms)}));
    // The proposal behind it is none the worse.
    const auto next = choose(ours, {of_ike(1, transforms), of_ike(2, kGcmOffer)});
    REQUIRE(next);
    CHECK(next->answer.number == 2);
  }
}

TEST_CASE("IKE-57: a transform with an unknown attribute is passed over, others of its kind stay") {
  const std::vector<IkeProposal> ours{ike("aes256-gcm16+aes128-gcm16+prf-hmac-sha256+curve25519")};
  WireTransform odd = encr(kGcm, 256);
  odd.unknown_attribute = true;
  const auto chosen =
      choose(ours, {of_ike(1, {odd, encr(kGcm, 128), prf(kPrfSha256), ke(kCurve)})});
  REQUIRE(chosen);
  CHECK(chosen->suite.transform.cipher == Cipher::AesGcm16_128);
  CHECK_FALSE(choose(ours, {of_ike(1, {odd, prf(kPrfSha256), ke(kCurve)})}));
}

TEST_CASE("IKE-57: key lengths are needed where a cipher has several, and wrong where it has one") {
  CHECK_FALSE(choose({ike("aes128-gcm16+prf-hmac-sha256+curve25519")},
                     {of_ike(1, {encr(kGcm), prf(kPrfSha256), ke(kCurve)})}));
  const std::vector<IkeProposal> chacha{ike("chacha20-poly1305+prf-hmac-sha256+curve25519")};
  CHECK(choose(chacha, {of_ike(1, {encr(kChaCha), prf(kPrfSha256), ke(kCurve)})}));
  CHECK_FALSE(choose(chacha, {of_ike(1, {encr(kChaCha, 256), prf(kPrfSha256), ke(kCurve)})}));
}

TEST_CASE("IKE-61: of a mixed proposal no combined mode is taken with integrity") {
  const std::vector<WireTransform> mixed{encr(kGcm, 128), encr(kCbc, 128), prf(kPrfSha256),
                                         integ(kSha256), ke(kCurve)};
  const IkeProposal gcm = ike("aes128-gcm16+prf-hmac-sha256+curve25519");
  const IkeProposal cbc = ike("aes128-cbc+hmac-sha256-128+prf-hmac-sha256+curve25519");
  const auto chosen = choose({gcm, cbc}, {of_ike(1, mixed)});
  REQUIRE(chosen);
  CHECK(chosen->suite.transform == Transform{Cipher::AesCbc128, Integrity::HmacSha256_128});
  // With NONE among the integrity, it may go without.
  std::vector<WireTransform> with_none = mixed;
  with_none.push_back(integ(0));
  const auto combined = choose({gcm, cbc}, {of_ike(1, with_none)});
  REQUIRE(combined);
  CHECK(combined->suite.transform == Transform{Cipher::AesGcm16_128, Integrity::None});
  CHECK(std::ranges::none_of(combined->answer.transforms,
                             [](const WireTransform& one) { return one.type == 3; }));
}

TEST_CASE("IKE-43, IKE-59: our order decides, but for the group whose value is there") {
  const std::vector<IkeProposal> ours{ike("aes256-gcm16+prf-hmac-sha256+curve25519+ecp256"),
                                      ike("aes128-gcm16+prf-hmac-sha256+curve25519")};
  const std::vector<Proposal> offer{
      of_ike(1, kGcmOffer),
      of_ike(2, {encr(kGcm, 256), prf(kPrfSha256), ke(kEcp256), ke(kCurve), ke(14)})};
  CHECK(choose(ours, offer, kCurve)->answer.number == 2);
  CHECK(choose(ours, offer, kCurve)->suite.group == Group::Curve25519);
  CHECK(choose(ours, offer, kEcp256)->suite.group == Group::Ecp256);
  // Neither unknown nor unconfigured groups count, though they are offered.
  CHECK(choose(ours, offer, 14)->suite.group == Group::Curve25519);
  CHECK(choose(ours, offer, 9999)->suite.group == Group::Curve25519);
}

TEST_CASE("IKE-60: an answer is one proposal of ours with one transform of each type") {
  const std::vector<IkeProposal> ours{ike("aes256-gcm16+aes128-gcm16+prf-hmac-sha256+curve25519"),
                                      ike("aes128-cbc+hmac-sha256-128+prf-hmac-sha256+curve25519")};
  const std::vector<WireTransform> cbc{encr(kCbc, 128), prf(kPrfSha256), integ(kSha256),
                                       ke(kCurve)};
  const auto good = accept(ours, {of_ike(1, kGcmOffer, octets("a1a2a3a4a5a6a7a8"))});
  REQUIRE(good);
  CHECK(good->suite.transform.cipher == Cipher::AesGcm16_128);
  CHECK(good->peer_spi == octets("a1a2a3a4a5a6a7a8"));
  CHECK(accept(ours, {of_ike(2, cbc)}));
  // NONE said aloud.
  CHECK(accept(ours, {of_ike(1, {encr(kGcm, 128), prf(kPrfSha256), integ(0), ke(kCurve)})}));

  const auto with = [](std::vector<WireTransform> some, const WireTransform& more) {
    some.push_back(more);
    return some;
  };
  CHECK_FALSE(accept(ours, {}));
  CHECK_FALSE(accept(ours, {of_ike(1, kGcmOffer), of_ike(2, cbc)}));
  CHECK_FALSE(accept(ours, {of_ike(0, kGcmOffer)}));
  CHECK_FALSE(accept(ours, {of_ike(2, kGcmOffer)}));  // another's number
  CHECK_FALSE(accept(ours, {of_ike(3, kGcmOffer)}));
  CHECK_FALSE(accept(ours, {of_ike(1, with(kGcmOffer, encr(kGcm, 256)))}));  // two ciphers
  CHECK_FALSE(accept(ours, {of_ike(1, with(kGcmOffer, integ(kSha256)))}));
  CHECK_FALSE(accept(ours, {of_ike(1, with(kGcmOffer, esn(0)))}));
  CHECK_FALSE(accept(ours, {of_ike(1, with(kGcmOffer, {.type = 6, .id = 36}))}));
  CHECK_FALSE(accept(ours, {of_ike(1, {encr(kGcm, 192), prf(kPrfSha256), ke(kCurve)})}));
  CHECK_FALSE(accept(ours, {of_ike(1, {encr(kGcm, 128), prf(kPrfSha256)})}));
  CHECK_FALSE(accept(ours, {of_ike(1, kGcmOffer, octets("a1a2a3a4"))}));
}

TEST_CASE("IKE-55, IKE-58, IKE-62: a child's offer has ESN in every proposal, and a 4-octet SPI") {
  ChildTerms terms = terms_with({esp("aes128-gcm16"), esp("aes128-cbc+hmac-sha256-128")});
  const auto offer = offer_child(terms, {0xc0ffee01});
  REQUIRE(offer.size() == 2);
  CHECK(offer[0] == of_esp(1, {encr(kGcm, 128), esn(1), esn(0)}));
  CHECK(offer[1] == of_esp(2, {encr(kCbc, 128), integ(kSha256), esn(1), esn(0)}));
  terms.thirty_two_bits = false;
  CHECK(offer_child(terms, {0xc0ffee01})[0] == of_esp(1, {encr(kGcm, 128), esn(1)}));
  terms.thirty_two_bits = true;
  terms.esn = false;
  CHECK(offer_child(terms, {0xc0ffee01})[0] == of_esp(1, {encr(kGcm, 128), esn(0)}));
}

TEST_CASE("IKE-58: AH has no encryption") {
  ChildTerms terms = terms_with({{Cipher::Null, Integrity::HmacSha256_128}});
  terms.protocol = IpsecProtocol::Ah;
  Proposal ah = of_esp(1, {integ(kSha256), esn(1), esn(0)});
  ah.protocol = ProtocolId::Ah;
  CHECK(offer_child(terms, {0xc0ffee01}) == std::vector{ah});
  REQUIRE(choose(terms, {ah}));
  CHECK(choose(terms, {ah})->answer.transforms == std::vector{integ(kSha256), esn(1)});
  Proposal encrypting = ah;
  encrypting.transforms.push_back(encr(kGcm, 128));
  CHECK_FALSE(choose(terms, {encrypting}));
  Proposal other = ah;
  other.protocol = ProtocolId::Esp;
  CHECK_FALSE(choose(terms, {other}));
}

TEST_CASE("IKE-59, IKE-62: a child's proposal is chosen with the numbers that both allow") {
  ChildTerms ours = terms_with({esp("aes128-gcm16")});
  const auto with = [](std::vector<WireTransform> numbers) {
    std::vector<WireTransform> all{encr(kGcm, 128)};
    all.insert(all.end(), numbers.begin(), numbers.end());
    return of_esp(4, all);
  };
  const auto both = choose(ours, {with({esn(0), esn(1)})});
  REQUIRE(both);
  CHECK(both->esn);
  CHECK(both->peer_spi == Spi{0xc0ffee01});
  CHECK_FALSE(both->group);
  CHECK(both->answer == with({esn(1)}));
  CHECK(choose(ours, {with({esn(1)})})->esn);
  CHECK_FALSE(choose(ours, {with({esn(0)})})->esn);
  ours.thirty_two_bits = false;
  CHECK_FALSE(choose(ours, {with({esn(0)})}));
  CHECK(choose(ours, {with({esn(0), esn(1)})})->esn);
  ours.thirty_two_bits = true;
  ours.esn = false;
  CHECK_FALSE(choose(ours, {with({esn(1)})}));
  CHECK_FALSE(choose(ours, {with({esn(0), esn(1)})})->esn);
}

TEST_CASE("IKE-58, IKE-59: a child's proposal without ESN lacks a mandatory type (3.3.6)") {
  const ChildTerms ours = terms_with({esp("aes128-gcm16")});
  CHECK_FALSE(choose(ours, {of_esp(1, {encr(kGcm, 128)})}));
  CHECK_FALSE(accept(ours, {of_esp(1, {encr(kGcm, 128)})}));
}

TEST_CASE("IKE-58, IKE-59: what else a child's proposal may not be") {
  const ChildTerms ours = terms_with({esp("aes128-gcm16"), esp("aes128-cbc+hmac-sha256-128")});
  const std::vector<std::vector<WireTransform>> bad{
      {encr(kGcm, 128), esn(1), prf(kPrfSha256)},
      {encr(kGcm, 128), esn(1), integ(kSha256)},
      {encr(kGcm, 128), esn(1), {.type = 6, .id = 36}},
      {encr(kGcm, 128), esn(1), {.type = 99, .id = 1}},
      {encr(kGcm, 256), esn(1)},
      {encr(kCbc, 128), esn(1)},
      {integ(kSha256), esn(1)},
      {encr(kGcm, 128), esn(2)}};
  for (const auto& transforms : bad) CHECK_FALSE(choose(ours, {of_esp(1, transforms)}));
  CHECK(choose(ours, {of_esp(1, {encr(kGcm, 128), integ(0), esn(1)})}));
  for (const char* spi : {"", "c0ffee", "0102030405060708"}) {
    Proposal odd = of_esp(1, {encr(kGcm, 128), esn(1)});
    odd.spi = octets(spi);
    CHECK_FALSE(choose(ours, {odd}));
  }
}

TEST_CASE("IKE-55: an SPI that nobody may use is no proposal") {
  const ChildTerms ours = terms_with({esp("aes128-gcm16")});
  for (const char* spi : {"00000000", "00000001", "000000ff"}) {
    Proposal reserved = of_esp(1, {encr(kGcm, 128), esn(1)});
    reserved.spi = octets(spi);
    CHECK_FALSE(choose(ours, {reserved}));
  }
}

TEST_CASE("IKE-63: without groups of ours D-H is not offered, and NONE alone is taken") {
  const ChildTerms ours = terms_with({esp("aes128-gcm16")});
  for (const Proposal& one : offer_child(ours, {0x1000}))
    CHECK(std::ranges::none_of(one.transforms, [](const WireTransform& t) { return t.type == 4; }));
  CHECK_FALSE(choose(ours, {of_esp(1, {encr(kGcm, 128), ke(kCurve), esn(1)})}, kCurve));
  const auto none = choose(ours, {of_esp(1, {encr(kGcm, 128), ke(kCurve), ke(0), esn(1)})}, kCurve);
  REQUIRE(none);
  CHECK_FALSE(none->group);
}

TEST_CASE("IKE-63, IKE-69: with groups of ours one of them is offered, chosen and demanded") {
  const ChildTerms ours = terms_with({esp("aes128-gcm16")}, {Group::Curve25519, Group::Ecp256});
  CHECK(offer_child(ours, {0xc0ffee01})[0] ==
        of_esp(1, {encr(kGcm, 128), ke(kCurve), ke(kEcp256), esn(1), esn(0)}));
  const Proposal offer = of_esp(1, {encr(kGcm, 128), ke(14), ke(kEcp256), ke(kCurve), esn(1)});
  CHECK(choose(ours, {offer}, kEcp256)->group == Group::Ecp256);
  CHECK(choose(ours, {offer}, kCurve)->group == Group::Curve25519);
  CHECK(choose(ours, {offer}, 14)->group == Group::Curve25519);  // to be asked for
  CHECK(choose(ours, {offer})->group == Group::Curve25519);
  CHECK(choose(ours, {offer}, kEcp256)->answer.transforms ==
        std::vector{encr(kGcm, 128), ke(kEcp256), esn(1)});
  // Policy wants forward secrecy, and the peer offers none.
  CHECK_FALSE(choose(ours, {of_esp(1, {encr(kGcm, 128), esn(1)})}));
  CHECK_FALSE(choose(ours, {of_esp(1, {encr(kGcm, 128), ke(0), esn(1)})}));
  CHECK_FALSE(choose(ours, {of_esp(1, {encr(kGcm, 128), ke(14), esn(1)})}, 14));
}

TEST_CASE("IKE-60: a child's answer is a subset of the offer") {
  const ChildTerms ours =
      terms_with({esp("aes256-gcm16"), esp("aes128-gcm16")}, {Group::Curve25519});
  const auto answer = [](std::uint8_t number, std::vector<WireTransform> transforms) {
    return std::vector{of_esp(number, std::move(transforms))};
  };
  const auto good = accept(ours, answer(2, {encr(kGcm, 128), ke(kCurve), esn(1)}));
  REQUIRE(good);
  CHECK(good->transform.cipher == Cipher::AesGcm16_128);
  CHECK(good->group == Group::Curve25519);
  CHECK(good->esn);
  CHECK_FALSE(accept(ours, answer(1, {encr(kGcm, 128), ke(kCurve), esn(1)})));
  CHECK_FALSE(accept(ours, answer(3, {encr(kGcm, 128), ke(kCurve), esn(1)})));
  CHECK_FALSE(accept(ours, answer(0, {encr(kGcm, 128), ke(kCurve), esn(1)})));
  CHECK_FALSE(accept(ours, answer(2, {encr(kGcm, 128), ke(kEcp256), esn(1)})));
  CHECK_FALSE(accept(ours, answer(2, {encr(kGcm, 128), esn(1)})));
  CHECK_FALSE(accept(ours, answer(2, {encr(kGcm, 128), ke(kCurve), esn(1), esn(0)})));
  CHECK_FALSE(accept(ours, answer(2, {encr(kGcm, 128), encr(kGcm, 256), ke(kCurve), esn(1)})));
  std::vector<Proposal> two = answer(2, {encr(kGcm, 128), ke(kCurve), esn(1)});
  two.push_back(two.front());
  CHECK_FALSE(accept(ours, two));
  CHECK_FALSE(accept(ours, {}));
}

TEST_CASE("IKE-59, IKE-60: what is chosen of our own offer is accepted") {
  const std::vector<IkeProposal> ours = default_ike_proposals();
  const auto chosen = choose_ike(ours, offer_ike(ours, {}), 0);
  REQUIRE(chosen);
  const auto accepted = accept_ike(ours, std::vector{chosen->answer});
  REQUIRE(accepted);
  CHECK(accepted->suite == chosen->suite);
  for (const bool secrecy : {false, true}) {
    ChildTerms terms = terms_with({esp("aes128-gcm16"), esp("aes256-cbc+hmac-sha512-256")});
    if (secrecy) terms.groups = {Group::Curve25519};
    const auto child = choose_child(terms, offer_child(terms, {0x1000}), std::nullopt);
    REQUIRE(child);
    const auto agreed = accept_child(terms, std::vector{child->answer});
    REQUIRE(agreed);
    CHECK(agreed->transform == child->transform);
    CHECK(agreed->esn == child->esn);
    CHECK(agreed->group == child->group);
  }
}

}  // namespace
}  // namespace sallyport::ike::test::proposal_test
