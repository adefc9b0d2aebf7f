#include "base/http_url.h"

#include <catch2/catch.hpp>
#include <string>

namespace sallyport::http_url_test {

TEST_CASE("CERT-03: only plain http URLs without a user are fetched") {
  for (const char* good :
       {"http://a", "http://example.org/vpn.der", "HTTP://EXAMPLE.ORG:8080/a?b=c#d",
        "http://[2001:db8::1]/x", "http://192.0.2.1:81", "http://a/user@host"})
    CHECK(is_http_url(good));
  for (const char* bad :
       {"", "http:", "http://", "http:///path", "https://example.org/a", "ftp://example.org/a",
        "file:///etc/passwd", "gopher://a", "example.org/a", " http://a", "http://a b",
        "http://a\n", "http://user@example.org/", "http://user:word@example.org/", "http://a\\@b/",
        "http://?a", "http://\xc3\xa4.example/"})
    CHECK_FALSE(is_http_url(bad));
  CHECK_FALSE(is_http_url(std::string_view("http://a\0b", 10)));
  CHECK(is_http_url("http://a/" + std::string(1015, 'x')));
  CHECK_FALSE(is_http_url("http://a/" + std::string(1016, 'x')));
}

}  // namespace sallyport::http_url_test
