#include <openssl/err.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "crypto/certificate.h"

namespace sallyport::distinguished_name_test {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets name(std::string_view text) { return parse_distinguished_name(text).value(); }

std::string refusal(std::string_view text) {
  const Expected<Octets> der = parse_distinguished_name(text);
  return der ? "" : to_string(der.error());
}

bool are_same(std::string_view left, std::string_view right) {
  return canonical_rdns(name(left)) == canonical_rdns(name(right));
}

// Names whose strings are of types that parse_distinguished_name does not make: one RDN with a CN.
Octets common_name(std::uint8_t tag, const Octets& value) {
  const auto size = static_cast<std::uint8_t>(value.size());
  const Octets head{0x30, static_cast<std::uint8_t>(size + 11),
                    0x31, static_cast<std::uint8_t>(size + 9),
                    0x30, static_cast<std::uint8_t>(size + 7),
                    0x06, 0x03,
                    0x55, 0x04,
                    0x03, tag,
                    size};
  Octets der(head.size() + size);
  std::ranges::copy(value, std::ranges::copy(head, der.begin()).out);
  return der;
}

}  // namespace

TEST_CASE("IKE-90: the text of a distinguished name becomes its DER") {
  // By hand from X.690 and RFC 5280 A.1: PrintableString in C, UTF8String in CN.
  CHECK(name("C=CH, CN=vpn") == Octets{0x30, 0x1b,                                            //
                                       0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06,  //
                                       0x13, 0x02, 'C',  'H',                                 //
                                       0x31, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x04, 0x03,  //
                                       0x0c, 0x03, 'v',  'p',  'n'});
  CHECK(name("c=CH,cn=vpn") == name("C=CH, CN=vpn"));
  CHECK(name(" C = CH ,  CN = vpn ") == name("C=CH, CN=vpn"));
  CHECK(name("2.5.4.3=vpn") == name("CN=vpn"));
  CHECK(name("E=a@example.org") == name("emailAddress=a@example.org"));
  CHECK(name("CN=\"vpn, the first\"") == name("CN=vpn\\, the first"));
  CHECK(name("CN=\\76\\70n") == name("CN=vpn"));
  CHECK(name("CN=#0c0376706e") == name("CN=vpn"));
  CHECK(name("CN=\\*") == common_name(0x0c, {'*'}));
  CHECK(name("CN=vpn\\ ") == common_name(0x0c, {'v', 'p', 'n', ' '}));
}

TEST_CASE("IKE-90: a printed name reads back as it was") {
  for (const std::string text :
       {"C=CH, O=Example, CN=vpn", "DC=org, DC=example, OU=Gateways, CN=a+serialNumber=17",
        "O=One\\, Two\\+Three\\=Four, CN=\\#1", "CN=\\ blanks around\\ ",
        "CN=say \\\"so\\\" \\\\ now", "CN=\\*", "CN=z\xc3\xbcrich", "CN=line\\0Aand\\7Fmore",
        "emailAddress=a@example.org", "1.3.6.1.4.1.99999.1=own", "CN=#0303000103"}) {
    INFO(text);
    CHECK(print_distinguished_name(name(text)) == text);
  }
  CHECK(print_distinguished_name(name("CN=*")) == "CN=\\*");
  CHECK(print_distinguished_name(name("CN=*.example.org")) == "CN=*.example.org");
}

TEST_CASE("IKE-90: text that is no distinguished name is refused with the reason") {
  using Catch::Contains;
  CHECK_THAT(refusal(""), Contains("is no \"type=value\""));
  CHECK_THAT(refusal("vpn"), Contains("\"vpn\" is no \"type=value\""));
  CHECK_THAT(refusal("C=CH,"), Contains("is no \"type=value\""));
  CHECK_THAT(refusal("C=CH, vpn, CN=x"), Contains("\"vpn\" is no \"type=value\""));
  CHECK_THAT(refusal("XYZZY=1"), Contains("\"XYZZY\" is no known attribute"));
  CHECK_THAT(refusal("C=Switzerland"), Contains("the value of C does not fit it"));
  CHECK_THAT(refusal("CN="), Contains("the value of CN does not fit it"));
  CHECK_THAT(refusal("CN=\\ff"), Contains("the value of CN does not fit it"));  // no UTF-8
  CHECK_THAT(refusal("CN=#0c05"), Contains("the value of CN does not fit it"));
  CHECK_THAT(refusal("CN=#0500"), Contains("the value of CN does not fit it"));
  CHECK_THAT(refusal("CN=\"vpn"), Contains("quotation mark is not closed"));
  CHECK_THAT(refusal("CN=\"vpn\"x"), Contains("text stands behind the closed value of CN"));
  CHECK_THAT(refusal("CN=v\"pn"), Contains("quotation mark stands within"));
  CHECK_THAT(refusal("CN=vpn\\"), Contains("ends in a backslash"));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("IKE-90: names are compared by decoded RDNs, without case and number of blanks") {
  CHECK(are_same("C=CH, O=Example Net, CN=VPN", "C=ch, O=example  net, CN=vpn"));
  CHECK(are_same("CN=\\ vpn\\ ", "CN=vpn"));
  CHECK(are_same("CN=a+serialNumber=17", "serialNumber=17+CN=a"));
  CHECK(are_same("CN=B+CN=a", "CN=b+CN=A"));                   // whose order in DER differs
  CHECK(canonical_rdns(common_name(0x13, {'V', 'P', 'N'})) ==  // PrintableString
        canonical_rdns(name("CN=vpn")));
  CHECK(canonical_rdns(common_name(0x1e, {0, 'v', 0, 'P', 0, 'n'})) ==  // BMPString
        canonical_rdns(name("CN=vpn")));

  CHECK_FALSE(are_same("CN=vpn", "CN=vpn2"));
  CHECK_FALSE(are_same("CN=vpn", "OU=vpn"));
  CHECK_FALSE(are_same("CN=a b", "CN=ab"));
  CHECK_FALSE(are_same("C=CH, CN=vpn", "CN=vpn, C=CH"));
  CHECK_FALSE(are_same("OU=a, CN=b", "OU=a+CN=b"));
  CHECK_FALSE(are_same("CN=z\xc3\xbcrich", "CN=zurich"));
  CHECK_FALSE(are_same("CN=a", "CN=a\\00"));
}

TEST_CASE("IKE-90, PAD-03: the RDNs of a name begin those of the names below it") {
  const auto above = canonical_rdns(name("C=CH, O=Example"));
  const auto below = canonical_rdns(name("c=ch, o=EXAMPLE, OU=Gateways, CN=vpn"));
  REQUIRE(above.size() == 2);
  REQUIRE(below.size() == 4);
  CHECK(std::equal(above.begin(), above.end(), below.begin()));
  const auto other = canonical_rdns(name("C=CH, O=Example2, CN=vpn"));
  CHECK_FALSE(std::equal(above.begin(), above.end(), other.begin()));
}

TEST_CASE("IKE-90: octets that are no Name have neither text nor RDNs") {
  const Octets good = name("C=CH, CN=vpn");
  Octets longer = good;
  longer.push_back(0);
  CHECK(canonical_rdns(longer).empty());
  CHECK(print_distinguished_name(longer).empty());
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK(canonical_rdns(ByteView(good).first(size)).empty());
    CHECK(print_distinguished_name(ByteView(good).first(size)).empty());
  }
  CHECK(canonical_rdns(common_name(0x0c, {0xff, 0xfe})).empty());  // no UTF-8
  CHECK(ERR_peek_error() == 0);
}

}  // namespace sallyport::distinguished_name_test
