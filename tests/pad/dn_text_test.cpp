#include "pad/dn_text.h"

#include <catch2/catch.hpp>

namespace sallyport::dn_text_test {
namespace {

using Parts = std::vector<std::string_view>;

TEST_CASE("PAD-03: the text of a DN is cut at commas that nothing hides") {
  CHECK(split_rdns("C=CH, O=Example,CN=vpn") == Parts{"C=CH", "O=Example", "CN=vpn"});
  CHECK(split_rdns("O=Example\\, Inc., CN=a") == Parts{"O=Example\\, Inc.", "CN=a"});
  CHECK(split_rdns("O=\"Example, Inc.\" , CN=a") == Parts{"O=\"Example, Inc.\"", "CN=a"});
  CHECK(split_rdns("O=a\\\\, CN=b") == Parts{"O=a\\\\", "CN=b"});
  CHECK(split_rdns("O=a\\ , CN=b") == Parts{"O=a\\ ", "CN=b"});
  CHECK(split_rdns("O=\\\"a, CN=b") == Parts{"O=\\\"a", "CN=b"});
  CHECK(split_rdns("") == Parts{""});
  CHECK(split_rdns("O=a,") == Parts{"O=a", ""});
}

TEST_CASE("PAD-03: which texts of DNs stand for several names") {
  for (const char* text : {"*", "C=US, *", "CN=*", "C=US, CN=*", "C=US, CN = * ", "CN=*, O=a",
                           "CN=*+OU=b", "CN=a+OU=*"})
    CHECK(has_wildcard(text));
  for (const char* text :
       {"", "C=US", "CN=\\*", "CN=*.example.com", "CN=a*", "CN=\"a, *\"", "O=a\\, *", "CN=**"})
    CHECK_FALSE(has_wildcard(text));
  CHECK(is_any_value("CN=*"));
  CHECK(is_any_value("CN = *"));
  CHECK_FALSE(is_any_value("*"));
  CHECK_FALSE(is_any_value("CN=**"));
}

}  // namespace
}  // namespace sallyport::dn_text_test
