#include "tests/pad/random_identities.h"

#include <array>
#include <string>
#include <string_view>

namespace sallyport::test {
namespace {

constexpr std::string_view kLetters = "abcXYZ019-_";
constexpr std::string_view kAnything = "abcXYZ019 ,=+\"\\*#;<>/:@.'\xc3\xa4\n";
constexpr std::string_view kLocal = "abcXYZ019,=+\"\\*#;<>/:.'\xc3\xa4";

std::string some_of(FixedRandom& random, std::string_view alphabet, std::uint32_t most) {
  std::string text;
  for (std::uint32_t left = 1 + random.below(most); left > 0; --left)
    text += alphabet[random.below(static_cast<std::uint32_t>(alphabet.size()))];
  return text;
}

std::string some_domain(FixedRandom& random) {
  constexpr std::array<std::string_view, 6> kOdd{"any", "null", "192.0.2.1", "7", "dn", "a.0"};
  if (random.below(4) == 0) return std::string(kOdd[random.below(kOdd.size())]);
  std::string text = some_of(random, kLetters, 12);
  for (std::uint32_t labels = random.below(4); labels > 0; --labels)
    text += "." + some_of(random, kLetters, 12);
  return text;
}

std::string some_mail(FixedRandom& random) {
  constexpr std::array<std::string_view, 6> kOdd{"fqdn:x",  "dn:CN=x", "a=b",
                                                 "keyid:a", "null",    "192.0.2.1/24"};
  const bool odd = random.below(4) == 0;
  const std::string local =
      odd ? std::string(kOdd[random.below(kOdd.size())]) : some_of(random, kLocal, 12);
  return local + "@" + some_domain(random);
}

std::vector<std::uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }

// With the value put in as octets of a UTF8String, so that no reader of texts stands between.
std::vector<std::uint8_t> some_dn(FixedRandom& random) {
  constexpr std::array<std::uint8_t, 4> kTypes{3, 7, 10, 11};  // 2.5.4.x: CN, L, O, OU
  std::vector<std::uint8_t> rdns;
  for (std::uint32_t count = 1 + random.below(4); count > 0; --count) {
    const std::string value =
        random.below(6) == 0 ? std::string("*") : some_of(random, kAnything, 8);
    std::vector<std::uint8_t> attribute{0x06, 0x03, 0x55, 0x04, kTypes[random.below(4)], 0x0c};
    attribute.push_back(static_cast<std::uint8_t>(value.size()));
    attribute.insert(attribute.end(), value.begin(), value.end());
    for (const auto tag : {std::uint8_t{0x30}, std::uint8_t{0x31}})
      attribute.insert(attribute.begin(), {tag, static_cast<std::uint8_t>(attribute.size())});
    rdns.insert(rdns.end(), attribute.begin(), attribute.end());
  }
  rdns.insert(rdns.begin(), {0x30, static_cast<std::uint8_t>(rdns.size())});
  return rdns;
}

std::vector<std::uint8_t> some_octets(FixedRandom& random, std::size_t count) {
  std::vector<std::uint8_t> data(count);
  random.fill(data);
  return data;
}

std::vector<std::uint8_t> some_data(FixedRandom& random, IdType type) {
  switch (type) {
    case IdType::Ipv4:
      return some_octets(random, 4);
    case IdType::Ipv6:
      return some_octets(random, 16);
    case IdType::Fqdn:
      return octets(some_domain(random));
    case IdType::Rfc822:
      return octets(some_mail(random));
    case IdType::DistinguishedName:
      return some_dn(random);
    case IdType::GeneralName:
      return {0x82, 0x01, static_cast<std::uint8_t>(random.below(256))};
    case IdType::KeyId:
      return random.below(2) == 0 ? octets(some_of(random, kAnything, 20))
                                  : some_octets(random, 1 + random.below(40));
    case IdType::Null:
      break;
  }
  return {};
}

}  // namespace

Identity random_identity(FixedRandom& random) {
  constexpr std::array kTypes{IdType::Ipv4,        IdType::Fqdn,  IdType::Rfc822,
                              IdType::Ipv6,        IdType::KeyId, IdType::DistinguishedName,
                              IdType::GeneralName, IdType::Null};
  const IdType type = kTypes[random.below(kTypes.size())];
  while (true) {
    const auto data = some_data(random, type);
    const auto identity = Identity::from_wire(static_cast<std::uint8_t>(type), data);
    if (identity) return *identity;
  }
}

}  // namespace sallyport::test
