#include "pad/identity.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "crypto/certificate.h"
#include "pad/identity_pattern.h"
#include "tests/pad/random_identities.h"

namespace sallyport::identity_test {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets octets(std::string_view text) { return {text.begin(), text.end()}; }
Identity identity(std::string_view text) { return Identity::parse(text).value(); }
bool reads(IdType type, const Octets& data) {
  return Identity::from_wire(static_cast<std::uint8_t>(type), data).has_value();
}
bool reads(IdType type, std::string_view text) { return reads(type, octets(text)); }
bool says(const auto& result, std::string_view part) {
  return !result && !result.error().remedy.empty() &&
         result.error().what.find(part) != std::string::npos;
}

TEST_CASE("PAD-02, IKE-90: the kinds of identity as text") {
  CHECK(identity("192.0.2.1") == Identity{IdType::Ipv4, {192, 0, 2, 1}});
  CHECK(identity("2001:db8::1").type == IdType::Ipv6);
  CHECK(identity("2001:db8::1").data.size() == 16);
  CHECK(identity("vpn.example.org") == Identity{IdType::Fqdn, octets("vpn.example.org")});
  CHECK(identity("carol@example.org") == Identity{IdType::Rfc822, octets("carol@example.org")});
  CHECK(identity("keyid:text") == Identity{IdType::KeyId, octets("text")});
  CHECK(identity("keyid-hex:0a0B") == Identity{IdType::KeyId, {0x0a, 0x0b}});
  CHECK(identity("null") == Identity{IdType::Null, {}});
  const Identity name = identity("C=CH, CN=vpn");
  CHECK(name.type == IdType::DistinguishedName);
  CHECK(name.data == parse_distinguished_name("C=CH, CN=vpn").value());
  CHECK(identity("dn:C=CH, CN=vpn") == name);
  CHECK(Identity::of(Address::parse("192.0.2.1").value()) == identity("192.0.2.1"));
  CHECK(Identity::of(Address::parse("2001:db8::1").value()) == identity("2001:db8::1"));
}

TEST_CASE("PAD-02: a prefix says what is meant where the look does not") {
  CHECK(identity("fqdn:192.0.2.1").type == IdType::Fqdn);
  CHECK(identity("fqdn:null").type == IdType::Fqdn);
  CHECK(identity("fqdn:any").type == IdType::Fqdn);
  CHECK(identity("email:a=b@example.org") == Identity{IdType::Rfc822, octets("a=b@example.org")});
  CHECK(identity("email:keyid:a@b") == Identity{IdType::Rfc822, octets("keyid:a@b")});
  CHECK(identity("keyid:carol@example.org").type == IdType::KeyId);
  CHECK(identity("emailAddress=a@example.org, CN=a").type == IdType::DistinguishedName);
  CHECK(to_string(identity("fqdn:192.0.2.1")) == "fqdn:192.0.2.1");
  CHECK(to_string(identity("email:a=b@example.org")) == "email:a=b@example.org");
}

TEST_CASE("SPD-11: the names of SPD entries are read as the identities that they mean") {
  CHECK(identity("rfc822:carol@example.org") == identity("carol@example.org"));
  CHECK(identity("key-id:text") == identity("keyid:text"));
  CHECK(identity("fqdn:vpn.example.org") == identity("vpn.example.org"));
  CHECK(identity("dn:CN=carol") == identity("CN=carol"));
}

TEST_CASE("PAD-02: texts that are no identity are refused with what would be right") {
  CHECK(says(Identity::parse(""), "cannot be told"));
  CHECK(says(Identity::parse("any"), "cannot be told"));
  CHECK(says(Identity::parse("192.0.2.999"), "cannot be told"));
  CHECK(says(Identity::parse("192.0.2.0/24"), "cannot be told"));
  CHECK(says(Identity::parse("192.0.2.1-host.example"), "cannot be told"));
  CHECK(says(Identity::parse("2001:db8::xyz"), "cannot be told"));
  CHECK(says(Identity::parse("*.example.com"), "not a domain name"));
  CHECK(says(Identity::parse(".example.com"), "not a domain name"));
  CHECK(says(Identity::parse("@example.com"), "not a mail address"));
  CHECK(says(Identity::parse("CN=*"), "names several parties"));
  CHECK(says(Identity::parse("C=US, *"), "names several parties"));
  CHECK(says(Identity::parse("keyid:"), "not a key ID"));
  CHECK(says(Identity::parse("keyid:a\\b"), "backslash"));
  CHECK(says(Identity::parse("keyid:\\x4"), "backslash"));
  CHECK(says(Identity::parse("keyid-hex:abc"), "hexadecimal"));
  CHECK(says(Identity::parse("keyid-hex:0x"), "hexadecimal"));
  CHECK(says(Identity::parse("dn-hex:3000"), "not a distinguished name"));
  CHECK(says(Identity::parse("fqdn:a\nb"), "\"fqdn:a\\x0ab\" is no identity"));
}

TEST_CASE("IKE-90: lengths and characters of names from the wire") {
  CHECK(reads(IdType::Fqdn, "a"));
  CHECK(reads(IdType::Fqdn, "a_b-c.example.com"));
  CHECK(reads(IdType::Fqdn, std::string(63, 'a') + ".org"));
  for (const std::string& bad :
       {std::string(), std::string("a..b"), std::string(".a"), std::string("a."),
        std::string("a b"), std::string("*.example.com"), std::string("a\0b", 3),
        std::string("a.org\0", 6), std::string("a.org\r"), std::string("\xc3\xa4.org"),
        std::string("a/b"), std::string(64, 'a') + ".org"})
    CHECK_FALSE(reads(IdType::Fqdn, bad));
  std::string longest;
  while (longest.size() < 252) longest += "a.";
  CHECK(reads(IdType::Fqdn, longest + "a"));
  CHECK_FALSE(reads(IdType::Fqdn, longest + "aa"));

  CHECK(reads(IdType::Rfc822, "carol@example.org"));
  CHECK(reads(IdType::Rfc822,
              "j\xc3\xbcrg@b\xc3\xbc"
              "cher.example"));
  CHECK(reads(IdType::Rfc822, "realm/user%x@example.org"));
  for (const std::string& bad :
       {std::string(), std::string("carol"), std::string("@example.org"), std::string("carol@"),
        std::string("*@example.org"), std::string("a@b@example.org"),
        std::string("a b@example.org"), std::string("a\0@example.org", 14),
        std::string("a@example.org\0", 14), std::string("a@example.org\n"),
        std::string("a@.example.org"), std::string("a@*"), std::string("a\x7f@example.org")})
    CHECK_FALSE(reads(IdType::Rfc822, bad));
}

TEST_CASE("IKE-90: lengths of the other types from the wire") {
  for (const std::size_t size : {0u, 3u, 4u, 5u, 15u, 16u, 17u, 20u}) {
    CHECK(reads(IdType::Ipv4, Octets(size)) == (size == 4));
    CHECK(reads(IdType::Ipv6, Octets(size)) == (size == 16));
    CHECK(reads(IdType::KeyId, Octets(size)) == (size != 0));
    CHECK(reads(IdType::Null, Octets(size)) == (size == 0));
  }
  CHECK(reads(IdType::KeyId, Octets(1024, 0)));
  const auto over = Identity::from_wire(11, Octets(1025, 'a'));
  CHECK(says(over, "1025 octets"));
}

TEST_CASE("IKE-90: distinguished and general names from the wire are whole DER") {
  Octets name = parse_distinguished_name("C=CH, O=Example, CN=vpn").value();
  CHECK(reads(IdType::DistinguishedName, name));
  for (std::size_t size = 0; size < name.size(); ++size)
    CHECK_FALSE(reads(IdType::DistinguishedName, Octets(name.begin(), name.begin() + size)));
  name.push_back(0);
  CHECK_FALSE(reads(IdType::DistinguishedName, name));
  CHECK_FALSE(reads(IdType::DistinguishedName, Octets{0x30, 0x00}));
  CHECK_FALSE(reads(IdType::DistinguishedName, octets("C=CH, CN=vpn")));

  CHECK(reads(IdType::GeneralName, Octets{0x82, 0x01, 'a'}));
  CHECK_FALSE(reads(IdType::GeneralName, Octets{0x82, 0x02, 'a'}));
  CHECK_FALSE(reads(IdType::GeneralName, Octets{0x82, 0x01, 'a', 'b'}));
  CHECK_FALSE(reads(IdType::GeneralName, Octets{0x89, 0x01, 'a'}));
  CHECK_FALSE(reads(IdType::GeneralName, Octets{0x30, 0x00}));
}

TEST_CASE("IKE-90: types that are unknown are refused") {
  for (unsigned type = 0; type < 256; ++type) {
    const auto read = Identity::from_wire(static_cast<std::uint8_t>(type), octets("a@b.c"));
    if (read || read.error().code != Error::Code::Unsupported)
      CHECK(std::ranges::count(std::array{1u, 2u, 3u, 5u, 9u, 10u, 11u, 13u}, type) == 1);
    else
      CHECK(std::ranges::count(std::array{1u, 2u, 3u, 5u, 9u, 10u, 11u, 13u}, type) == 0);
  }
}

TEST_CASE("IKE-90: the same party in other letters and encodings") {
  CHECK(identity("VPN.Example.org").is_same_as(identity("vpn.example.ORG")));
  CHECK(identity("Carol@Example.org").is_same_as(identity("carol@example.org")));
  CHECK(identity("C=CH, O=Example, CN=VPN").is_same_as(identity("C=CH, O=example, CN=vpn")));
  CHECK_FALSE(identity("C=CH, CN=vpn").is_same_as(identity("CN=vpn, C=CH")));
  CHECK_FALSE(identity("CN=vpn").is_same_as(identity("O=vpn")));
  CHECK_FALSE(identity("vpn.example.org").is_same_as(identity("vpn.example.com")));
  CHECK_FALSE(identity("vpn.example.org").is_same_as(identity("keyid:vpn.example.org")));
  CHECK_FALSE(identity("192.0.2.1").is_same_as(identity("fqdn:192.0.2.1")));

  // CN=vpn as PrintableString and as UTF8String.
  const Octets printable{0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03,
                         0x55, 0x04, 0x03, 0x13, 0x03, 'v',  'p',  'n'};
  Octets utf8 = printable;
  utf8[11] = 0x0c;
  const Identity one = Identity::from_wire(9, printable).value();
  const Identity other = Identity::from_wire(9, utf8).value();
  CHECK(one.is_same_as(other));
  CHECK_FALSE(one == other);
}

TEST_CASE("PAD-05: key IDs are compared octet by octet") {
  CHECK_FALSE(identity("keyid:Text").is_same_as(identity("keyid:text")));
  CHECK_FALSE(identity("keyid:text").is_same_as(identity("keyid:text\\x00")));
  CHECK(identity("keyid:text").is_same_as(identity("keyid-hex:74657874")));
}

TEST_CASE("PAD-16: identities are printed without control characters") {
  CHECK(to_string(identity("keyid:a b")) == "keyid:a b");
  CHECK(to_string(identity("keyid:a\\x0ab")) == "keyid-hex:610a62");
  CHECK(to_string(identity("keyid:a\\x5cb")) == "keyid:a\\x5cb");
  CHECK(to_string(identity("email:j\xc3\xbcrg@example.org")) == "j\\xc3\\xbcrg@example.org");
  CHECK(to_string(identity("gn-hex:820161")) == "gn-hex:820161");
  CHECK(to_string(identity("C=CH, CN=vpn")) == "C=CH, CN=vpn");
  CHECK(to_string(Identity{}) == "null");
  // Which from_wire does not make.
  CHECK(to_string(Identity{IdType::Ipv4, {1, 2, 3}}) == "unreadable:1:010203");
  CHECK(to_string(Identity{IdType{77}, {1}}) == "unreadable:77:01");
}

TEST_CASE(
    "PAD-02: what is printed is read back as the same party, as an identity and as a pattern") {
  FixedRandom random(902);
  std::map<IdType, unsigned> seen;
  for (unsigned i = 0; i < 4000; ++i) {
    const Identity original = test::random_identity(random);
    const std::string text = to_string(original);
    INFO(text);
    ++seen[original.type];
    CHECK(std::ranges::all_of(text, [](char one) { return one >= ' ' && one <= '~'; }));
    const auto again = Identity::parse(text);
    REQUIRE(again);
    CHECK(again->is_same_as(original));
    CHECK((original.type == IdType::DistinguishedName || *again == original));
    CHECK(to_string(*again) == text);
    const auto pattern = IdentityPattern::parse(text);
    REQUIRE(pattern);
    REQUIRE(pattern->exact());
    CHECK(pattern->exact()->is_same_as(original));
    CHECK(pattern->matches(original));
  }
  CHECK(seen.size() == 8);
}

}  // namespace
}  // namespace sallyport::identity_test
