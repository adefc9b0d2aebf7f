#include "crypto/key_exchange.h"

#include <openssl/bn.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/crypto/octets.h"

namespace sallyport::key_exchange_test {
namespace {

using test::Octets;
using test::octets;
using test::VectorCase;

using WellKnownPrime = BIGNUM* (*)(BIGNUM*);

Octets prime_octets(WellKnownPrime prime) {
  BIGNUM* number = prime(nullptr);
  Octets bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  BN_free(number);
  return bytes;
}

// The modulus of a MODP group without subgroup.
Octets modulus(Group group) {
  switch (group) {
    case Group::Modp768:
      return prime_octets(BN_get_rfc2409_prime_768);
    case Group::Modp1024:
      return prime_octets(BN_get_rfc2409_prime_1024);
    case Group::Modp1536:
      return prime_octets(BN_get_rfc3526_prime_1536);
    case Group::Modp2048:
      return prime_octets(BN_get_rfc3526_prime_2048);
    case Group::Modp3072:
      return prime_octets(BN_get_rfc3526_prime_3072);
    case Group::Modp4096:
      return prime_octets(BN_get_rfc3526_prime_4096);
    case Group::Modp6144:
      return prime_octets(BN_get_rfc3526_prime_6144);
    case Group::Modp8192:
      return prime_octets(BN_get_rfc3526_prime_8192);
    default:
      return {};
  }
}

Octets less(Octets number, std::uint8_t by) {
  REQUIRE(number.back() >= by);
  number.back() = static_cast<std::uint8_t>(number.back() - by);
  return number;
}

// A small number, as long as the group's values.
Octets small(Group group, std::uint8_t value) {
  Octets bytes(facts(group).public_bytes);
  bytes.back() = value;
  return bytes;
}

KeyExchange from_private(Group group, const Octets& value) {
  Expected<KeyExchange> made = KeyExchange::from_private(group, value);
  REQUIRE(made);
  return std::move(*made);
}

// "" where it was agreed.
std::string refusal(const KeyExchange& ours, ByteView peer) {
  const Expected<SecretBytes> secret = ours.agree(peer);
  return secret ? "" : to_string(secret.error());
}

void check_vector(const VectorCase& vector) {
  INFO(vector.name);
  const Group group = group_by_name(vector.values.at("group")).value();
  const KeyExchange ours = from_private(group, vector.at("private"));
  CHECK(ours.group() == group);
  if (vector.has("public")) CHECK(ours.public_value() == vector.at("public"));
  if (vector.values.at("shared") == "refused") {
    CHECK(refusal(ours, vector.at("peer")).contains("the peer's"));
    return;
  }
  const Expected<SecretBytes> secret = ours.agree(vector.at("peer"));
  REQUIRE(secret);
  CHECK(octets(secret->view()) == vector.at("shared"));
  if (!vector.has("peer-private")) return;
  const KeyExchange theirs = from_private(group, vector.at("peer-private"));
  CHECK(theirs.public_value() == vector.at("peer"));
  CHECK(octets(theirs.agree(ours.public_value()).value().view()) == vector.at("shared"));
}

std::size_t check_vectors(const std::string& file) {
  const std::vector<VectorCase> vectors = test::read_vectors("key_exchange/" + file);
  for (const VectorCase& vector : vectors) check_vector(vector);
  return vectors.size();
}

}  // namespace

TEST_CASE("IKE-75, IALG-04: RFC 5903's vectors, the secret is x alone") {
  CHECK(check_vectors("rfc5903.txt") == 3);
}

TEST_CASE("IKE-75, IALG-04: RFC 7748's and RFC 8031's vectors, Curve25519 and Curve448") {
  CHECK(check_vectors("curves.txt") == 6);
}

TEST_CASE("IALG-04: RFC 5114's vectors, the groups with small subgroups") {
  CHECK(check_vectors("rfc5114.txt") == 3);
}

TEST_CASE("IALG-04: RFC 6954's vectors, the brainpool curves") {
  CHECK(check_vectors("rfc6954.txt") == 4);
}

TEST_CASE("IKE-48, IKE-75: Wycheproof's cases of X25519 and ECDH, bad points and leading zeros") {
  CHECK(check_vectors("wycheproof.txt") == 36);
}

TEST_CASE("IKE-68, IKE-75, IALG-04: every group agrees from both sides, in its own lengths") {
  for (const GroupFacts& row : all_groups()) {
    INFO(row.name);
    const Expected<KeyExchange> ours = KeyExchange::generate(row.id);
    const Expected<KeyExchange> theirs = KeyExchange::generate(row.id);
    REQUIRE(ours);
    REQUIRE(theirs);
    CHECK(ours->public_value().size() == row.public_bytes);
    CHECK(theirs->public_value().size() == row.public_bytes);
    const Expected<SecretBytes> secret = ours->agree(theirs->public_value());
    const Expected<SecretBytes> same = theirs->agree(ours->public_value());
    REQUIRE(secret);
    REQUIRE(same);
    CHECK(secret->size() == row.secret_bytes);
    CHECK(octets(secret->view()) == octets(same->view()));
  }
}

TEST_CASE("IKE-48, IALG-08: no two private values are the same") {
  for (const Group group : {Group::Modp2048, Group::Modp2048Subgroup256, Group::Ecp256,
                            Group::Brainpool256, Group::Curve25519, Group::Curve448}) {
    INFO(facts(group).name);
    const Expected<KeyExchange> first = KeyExchange::generate(group);
    const Expected<KeyExchange> second = KeyExchange::generate(group);
    REQUIRE((first && second));
    CHECK(first->public_value() != second->public_value());
  }
}

TEST_CASE("IALG-04: the moduli are those of RFC 2409 and RFC 3526, the generator is 2") {
  for (const GroupFacts& row : all_groups()) {
    if (row.kind != GroupKind::Modp) continue;
    INFO(row.name);
    CHECK(from_private(row.id, {1}).public_value() == small(row.id, 2));
    // 2 ^ (bits - 1) is below the modulus, 2 ^ bits is what 2 ^ bits - modulus leaves of it.
    const auto bits = static_cast<unsigned>(8 * row.public_bytes);
    Octets top(row.public_bytes);
    top.front() = 0x80;
    Octets exponent(2);
    store_be<std::uint16_t>(exponent.data(), static_cast<std::uint16_t>(bits - 1));
    CHECK(from_private(row.id, exponent).public_value() == top);
    const Octets prime = modulus(row.id);
    REQUIRE(prime.size() == row.public_bytes);
    Octets rest(prime.size());  // the two's complement of the modulus
    unsigned carry = 1;
    for (std::size_t i = prime.size(); i-- > 0;) {
      carry += 0xffU - prime[i];
      rest[i] = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
    store_be<std::uint16_t>(exponent.data(), static_cast<std::uint16_t>(bits));
    CHECK(from_private(row.id, exponent).public_value() == rest);
  }
}

TEST_CASE("IALG-04: RFC 3526's 2048-bit modulus begins and ends as printed") {
  const Octets prime = modulus(Group::Modp2048);
  CHECK(Octets(prime.begin(), prime.begin() + 24) ==
        octets("ffffffff ffffffff c90fdaa2 2168c234 c4c6628b 80dc1cd1"));
  CHECK(Octets(prime.end() - 32, prime.end()) ==
        octets("3995497c ea956ae5 15d22618 98fa0510 15728e5a 8aacaa68 ffffffff ffffffff"));
}

TEST_CASE("IKE-75: a MODP secret keeps its leading zeros") {
  for (const GroupFacts& row : all_groups()) {
    if (row.kind != GroupKind::Modp) continue;
    INFO(row.name);
    const KeyExchange ours = from_private(row.id, {3});
    const Expected<SecretBytes> secret = ours.agree(small(row.id, 5));
    REQUIRE(secret);
    CHECK(octets(secret->view()) == small(row.id, 125));
  }
}

TEST_CASE("IKE-48: MODP values of 0, 1, p - 1 and p are refused, 2 and p - 2 are not") {
  for (const GroupFacts& row : all_groups()) {
    if (row.kind != GroupKind::Modp) continue;
    INFO(row.name);
    const KeyExchange ours = from_private(row.id, {7});
    const Octets prime = modulus(row.id);
    for (const Octets& bad : {small(row.id, 0), small(row.id, 1), less(prime, 1), prime,
                              Octets(row.public_bytes, 0xff)})
      CHECK(refusal(ours, bad).contains("out of range"));
    CHECK(refusal(ours, small(row.id, 2)).empty());
    CHECK(refusal(ours, less(prime, 2)).empty());
  }
}

TEST_CASE("IKE-48: values outside the subgroups of groups 22 to 24 are refused") {
  for (const VectorCase& vector : test::read_vectors("key_exchange/rfc5114.txt")) {
    INFO(vector.name);
    const Group group = group_by_name(vector.values.at("group")).value();
    const KeyExchange ours = from_private(group, vector.at("private"));
    CHECK(refusal(ours, small(group, 0)).contains("out of range"));
    CHECK(refusal(ours, small(group, 1)).contains("out of range"));
    CHECK(refusal(ours, Octets(facts(group).public_bytes, 0xff)).contains("out of range"));
    CHECK(refusal(ours, small(group, 2)).contains("outside the subgroup"));
    Octets changed = vector.at("peer");
    changed.back() ^= 1;
    CHECK(refusal(ours, changed).contains("outside the subgroup"));
  }
}

TEST_CASE("IKE-48: points off the curve and coordinates out of range are refused") {
  for (const GroupFacts& row : all_groups()) {
    if (row.kind != GroupKind::Ecp) continue;
    INFO(row.name);
    const KeyExchange ours = from_private(row.id, {2});
    const Octets good = from_private(row.id, {3}).public_value();
    CHECK(refusal(ours, good).empty());
    Octets other_y = good;
    other_y.back() ^= 1;
    Octets other_x = good;
    other_x[row.secret_bytes - 1U] ^= 1;
    Octets swapped = good;
    std::ranges::rotate(swapped, swapped.begin() + row.secret_bytes);
    for (const Octets& bad :
         {other_y, other_x, swapped, Octets(row.public_bytes), Octets(row.public_bytes, 0xff)})
      CHECK(refusal(ours, bad).contains("not a point of the curve"));
  }
}

TEST_CASE("IKE-48: Montgomery values that give zero are refused, not canonical ones are taken") {
  for (const Group group : {Group::Curve25519, Group::Curve448}) {
    INFO(facts(group).name);
    const KeyExchange ours = from_private(group, Octets(facts(group).secret_bytes, 0x5a));
    Octets value(facts(group).public_bytes);
    CHECK(refusal(ours, value).contains("low order"));
    value.front() = 1;
    CHECK(refusal(ours, value).contains("low order"));
    value.assign(value.size(), 0xff);
    CHECK(refusal(ours, value).empty());
  }
}

TEST_CASE("IKE-48, IKE-68: a KE payload of another length is refused") {
  for (const GroupFacts& row : all_groups()) {
    INFO(row.name);
    const Octets value(row.secret_bytes, row.kind == GroupKind::Montgomery ? 0x42 : 0);
    const KeyExchange ours =
        from_private(row.id, row.kind == GroupKind::Montgomery ? value : Octets{2});
    Octets peer = ours.public_value();
    peer.push_back(0);
    CHECK(refusal(ours, peer)
              .contains(std::to_string(row.public_bytes) + " octets, not " +
                        std::to_string(row.public_bytes + 1)));
    peer.resize(row.public_bytes - 1U);
    CHECK(refusal(ours, peer).contains("octets, not"));
    CHECK(refusal(ours, {}).contains("octets, not 0"));
  }
}

TEST_CASE("IKE-48: private values of 0 and of the order and above are refused") {
  const auto refused = [](Group group, const Octets& value) {
    const Expected<KeyExchange> made = KeyExchange::from_private(group, value);
    return !made && made.error().code == Error::Code::Invalid;
  };
  for (const GroupFacts& row : all_groups()) {
    INFO(row.name);
    if (row.kind == GroupKind::Montgomery) {
      CHECK(refused(row.id, Octets(row.secret_bytes - 1U, 1)));
      CHECK(refused(row.id, Octets(row.secret_bytes + 1U, 1)));
    } else {
      CHECK(refused(row.id, {0}));
      CHECK(refused(row.id, Octets(row.secret_bytes, 0xff)));
    }
  }
  CHECK(refused(Group::Ecp256,
                octets("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")));
  CHECK(refused(Group::Modp1024Subgroup160, octets("f518aa8781a8df278aba4e7d64b7cb9d49462353")));
}

TEST_CASE("IKE-48: a moved key exchange agrees as before") {
  KeyExchange first = from_private(Group::Ecp256, {2});
  const Octets peer = from_private(Group::Ecp256, {3}).public_value();
  const Octets before = octets(first.agree(peer).value().view());
  KeyExchange moved = std::move(first);
  CHECK(octets(moved.agree(peer).value().view()) == before);
  KeyExchange assigned = from_private(Group::Modp768, {2});
  assigned = std::move(moved);
  CHECK(assigned.group() == Group::Ecp256);
  CHECK(octets(assigned.agree(peer).value().view()) == before);
}

TEST_CASE("IALG-08: threads make and use their own at the same time", "[threads]") {
  std::vector<std::thread> threads;
  std::array<bool, 4> agreed{};
  for (bool& each : agreed) {
    threads.emplace_back([&each] {
      each = true;
      for (const Group group :
           {Group::Modp768, Group::Modp1024Subgroup160, Group::Ecp256, Group::Curve25519}) {
        const Expected<KeyExchange> ours = KeyExchange::generate(group);
        const Expected<KeyExchange> theirs = KeyExchange::generate(group);
        each = each && ours && theirs &&
               std::ranges::equal(ours->agree(theirs->public_value()).value().view(),
                                  theirs->agree(ours->public_value()).value().view());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(agreed == std::array{true, true, true, true});
}

}  // namespace sallyport::key_exchange_test
