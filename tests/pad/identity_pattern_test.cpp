#include "pad/identity_pattern.h"

#include <catch2/catch.hpp>

#include "tests/pad/random_identities.h"

namespace sallyport::identity_pattern_test {
namespace {

Identity identity(std::string_view text) { return Identity::parse(text).value(); }
IdentityPattern pattern(std::string_view text) { return IdentityPattern::parse(text).value(); }
bool matches(std::string_view of, std::string_view text) {
  return pattern(of).matches(identity(text));
}
bool says(const auto& result, std::string_view part) {
  return !result && !result.error().remedy.empty() &&
         result.error().what.find(part) != std::string::npos;
}

TEST_CASE("PAD-03: .example.com is every name below example.com") {
  for (const char* below : {"vpn.example.com", "a.b.example.com", "VPN.EXAMPLE.COM"}) {
    CHECK(matches(".example.com", below));
    CHECK(matches("fqdn:.Example.Com", below));
  }
  for (const char* not_below :
       {"badexample.com", "example.com", "example.com.evil.org", "vpn.example.org",
        "a@vpn.example.com", "keyid:vpn.example.com", "CN=vpn.example.com", "192.0.2.1", "null"})
    CHECK_FALSE(matches(".example.com", not_below));
}

TEST_CASE("PAD-03: @example.com is every mail address at exactly that domain") {
  for (const char* at : {"carol@example.com", "Dave@EXAMPLE.com", "email:a=b@example.com"}) {
    CHECK(matches("@example.com", at));
    CHECK(matches("email:@example.com", at));
    CHECK(matches("rfc822:@example.com", at));
  }
  for (const char* elsewhere :
       {"carol@mail.example.com", "carol@badexample.com", "carol@example.com.evil.org",
        "example.com", "keyid:carol@example.com"})
    CHECK_FALSE(matches("@example.com", elsewhere));
  // One prefix alone is taken away: this is one mail address and no domain.
  CHECK(matches("email:rfc822:@example.com", "email:rfc822:@example.com"));
  CHECK_FALSE(matches("email:rfc822:@example.com", "carol@example.com"));
}

TEST_CASE("PAD-03: whole names match without regard to case, and nothing else") {
  CHECK(matches("vpn.example.com", "VPN.example.com"));
  CHECK_FALSE(matches("vpn.example.com", "a.vpn.example.com"));
  CHECK(matches("carol@example.com", "Carol@Example.com"));
  CHECK_FALSE(matches("carol@example.com", "acarol@example.com"));
  CHECK(matches("C=US, CN=carol", "C=US, CN=Carol"));
  CHECK_FALSE(matches("C=US, CN=carol", "C=US, CN=carol, OU=x"));
  CHECK_FALSE(matches("C=US, CN=carol", "C=US"));
}

TEST_CASE("PAD-03: a sub-tree of distinguished names is those that begin so") {
  for (const char* text : {"C=US, O=Example, *", "dn:C=US,O=Example,*", "C=US, O=EXAMPLE,  * "}) {
    CHECK(matches(text, "C=US, O=Example, CN=carol"));
    CHECK(matches(text, "C=US, O=Example, OU=a, CN=carol"));
    CHECK(matches(text, "C=US, O=Example"));
    CHECK_FALSE(matches(text, "C=US"));
    CHECK_FALSE(matches(text, "C=US, O=Example2, CN=carol"));
    CHECK_FALSE(matches(text, "O=Example, C=US, CN=carol"));
    CHECK_FALSE(matches(text, "C=US, OU=a, O=Example"));
    CHECK_FALSE(matches(text, "C=DE, O=Example, CN=carol"));
    CHECK_FALSE(matches(text, "example.com"));
  }
  CHECK(matches("O=Example\\, Inc., *", "O=Example\\, Inc., CN=a"));
  CHECK_FALSE(matches("O=Example\\, Inc., *", "O=Example, CN=a"));
}

TEST_CASE("PAD-03: any value of one RDN") {
  CHECK(matches("C=US, CN=*", "C=US, CN=carol"));
  CHECK_FALSE(matches("C=US, CN=*", "C=US, OU=carol"));
  CHECK_FALSE(matches("C=US, CN=*", "C=US"));
  CHECK_FALSE(matches("C=US, CN=*", "C=US, CN=carol, OU=a"));
  CHECK(matches("C=*, O=Example, *", "C=DE, O=Example, CN=a"));
  CHECK(matches("emailAddress=*", "emailAddress=carol@example.org"));
  CHECK_FALSE(matches("CN=*", "CN=a+OU=b"));
}

TEST_CASE("PAD-04: addresses single, as prefix and as range; of either family") {
  CHECK(matches("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(matches("192.0.2.1", "192.0.2.2"));
  CHECK(matches("192.0.2.0/24", "192.0.2.0"));
  CHECK(matches("192.0.2.0/24", "192.0.2.255"));
  CHECK_FALSE(matches("192.0.2.0/24", "192.0.3.0"));
  CHECK(matches("192.0.2.3-192.0.2.9", "192.0.2.9"));
  CHECK_FALSE(matches("192.0.2.3-192.0.2.9", "192.0.2.10"));
  CHECK(matches("2001:db8::/32", "2001:db8:ffff::1"));
  CHECK_FALSE(matches("2001:db8::/32", "2001:db9::1"));
  CHECK(matches("2001:db8::5-2001:db8::8", "2001:db8::6"));
  CHECK_FALSE(matches("0.0.0.0/0", "::1"));
  CHECK_FALSE(matches("::/0", "0.0.0.1"));
  for (const char* other : {"fqdn:192.0.2.1", "keyid-hex:c0000201", "a@192.0.2.1x"})
    CHECK_FALSE(matches("192.0.2.0/24", other));
}

TEST_CASE("PAD-05: key IDs match by exact octets") {
  CHECK(matches("keyid:Carol", "keyid-hex:4361726f6c"));
  for (const char* other : {"keyid:carol", "keyid:Carol\\x00", "keyid:Caro", "Carol"})
    CHECK_FALSE(matches("keyid:Carol", other));
  CHECK_FALSE(matches("keyid:*", "keyid:carol"));
}

TEST_CASE("AUTH-05: the null identity is matched by its type, and by any") {
  CHECK(matches("null", "null"));
  CHECK_FALSE(matches("null", "fqdn:null"));
  CHECK_FALSE(matches("fqdn:null", "null"));
  CHECK(matches("any", "null"));
}

TEST_CASE("PAD-01: any matches every identity, and nothing else does") {
  FixedRandom random(7);
  const auto any = pattern("any");
  const std::vector<IdentityPattern> others{pattern(".zz"), pattern("@zz.zz"), pattern("C=ZZ, *"),
                                            pattern("198.51.100.0/30")};
  CHECK(any.is_any());
  for (unsigned i = 0; i < 500; ++i) {
    const Identity one = test::random_identity(random);
    CHECK(any.matches(one));
    for (const IdentityPattern& other : others) CHECK_FALSE(other.matches(one));
  }
  CHECK_FALSE(pattern("fqdn:any").is_any());
}

TEST_CASE("PAD-03: which patterns stand for one identity") {
  CHECK(pattern("192.0.2.1").exact() == identity("192.0.2.1"));
  CHECK(pattern("192.0.2.1/32").exact() == identity("192.0.2.1"));
  CHECK(pattern("vpn.example.com").exact() == identity("vpn.example.com"));
  CHECK(pattern("C=US, CN=a").exact() == identity("C=US, CN=a"));
  for (const char* several : {"any", ".example.com", "@example.com", "CN=*", "C=US, *",
                              "192.0.2.0/31", "192.0.2.1-192.0.2.2"})
    CHECK_FALSE(pattern(several).exact());
  CHECK(pattern("a.org").text() == "a.org");
  CHECK(pattern("a.org") == pattern("a.org"));
  CHECK_FALSE(pattern("a.org") == pattern("b.org"));
}

TEST_CASE("PAD-03: what is no pattern is refused with what would be right") {
  for (const char* text : {"",
                           "*",
                           ".",
                           "@",
                           "..example.com",
                           ".exa mple.com",
                           "@.example.com",
                           "@a@b",
                           "*.example.com",
                           "*@example.com",
                           "fqdn:",
                           "fqdn:.",
                           "a@*",
                           "192.0.2.0/33",
                           "keyid:",
                           "192.0.2.1/24",
                           "192.0.2.9-192.0.2.1",
                           "192.0.2.1-::1",
                           "192.0.2.1-",
                           "2001:db8::/129"})
    CHECK(says(IdentityPattern::parse(text), ""));
  CHECK(IdentityPattern::parse("*.example.com").error().remedy.starts_with("\".example.com\""));
  CHECK(says(IdentityPattern::parse("dn:*"), "\"*\" alone"));
  CHECK(says(IdentityPattern::parse("C=US, *, CN=a"), "\"*\" is no pattern of an RDN"));
  CHECK(says(IdentityPattern::parse("CN=*+OU=b"), "no pattern of an RDN"));
  CHECK(says(IdentityPattern::parse("nonsense=*"), ""));
  CHECK(says(IdentityPattern::parse("C=US, nonsense=a, *"), ""));
  CHECK(says(IdentityPattern::parse("C=US, , *"), ""));
  CHECK(says(IdentityPattern::parse("192.0.2.1/24"), "bits behind its prefix"));
}

}  // namespace
}  // namespace sallyport::identity_pattern_test
