#include "gateway/fetch_targets.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sallyport::fetch_targets_test {
namespace {

bool may(std::string_view host, const std::vector<Prefix>& allowed = {}) {
  return may_be_fetched_from(Address::parse(host).value(), allowed);
}

}  // namespace

TEST_CASE("CERT-03: what certificates point to is fetched from the public Internet alone") {
  for (const char* host :
       {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "2001:4860::1",    "2606:4700::1111",
        "2400::1"})
    CHECK(may(host));
  for (const char* host : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.0.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "64:ff9b::a00:1",
                           "100::1",
                           "2001::1",
                           "2001:1ff::1",
                           "2001:db8::1",
                           "2002:a00:1::",
                           "3fff::1",
                           "4000::1",
                           "e000::1"})
    CHECK_FALSE(may(host));
}

TEST_CASE("CERT-03: an IPv4 address in one of IPv6 counts as what it is") {
  CHECK(may("::ffff:8.8.8.8"));
  CHECK_FALSE(may("::ffff:127.0.0.1"));
  CHECK_FALSE(may("::ffff:169.254.169.254"));
  CHECK_FALSE(may("::127.0.0.1"));
}

TEST_CASE("CERT-03: an operator may allow hosts of his own") {
  const std::vector<Prefix> allowed{*Prefix::parse("10.1.0.0/16"), *Prefix::parse("fd00::/8")};
  CHECK(may("10.1.2.3", allowed));
  CHECK(may("::ffff:10.1.2.3", allowed));
  CHECK(may("fd12::1", allowed));
  CHECK(may("8.8.8.8", allowed));
  CHECK_FALSE(may("10.2.0.1", allowed));
  CHECK_FALSE(may("127.0.0.1", allowed));
}

}  // namespace sallyport::fetch_targets_test
