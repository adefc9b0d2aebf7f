#include "pad/der_element.h"

#include <catch2/catch.hpp>
#include <vector>

namespace sallyport::der_element_test {
namespace {

using Octets = std::vector<std::uint8_t>;

TEST_CASE("IKE-90: an element of DER, its contents and what is behind it") {
  const Octets two{0x30, 0x02, 0xaa, 0xbb, 0x05, 0x00};
  const auto first = read_der(two);
  REQUIRE(first);
  CHECK(first->tag == 0x30);
  CHECK(Octets(first->contents.begin(), first->contents.end()) == Octets{0xaa, 0xbb});
  const auto second = read_der(first->rest);
  REQUIRE(second);
  CHECK(second->tag == 0x05);
  CHECK(second->contents.empty());
  CHECK(second->rest.empty());
}

TEST_CASE("IKE-90: lengths of DER in one, two and three octets") {
  for (const std::size_t length : {0u, 1u, 127u, 128u, 255u, 256u, 1000u, 65535u}) {
    Octets element{0x04};
    if (length > 255)
      element.insert(element.end(), {0x82, static_cast<std::uint8_t>(length >> 8)});
    else if (length > 127)
      element.push_back(0x81);
    element.push_back(static_cast<std::uint8_t>(length));
    element.resize(element.size() + length);
    const auto read = read_der(element);
    REQUIRE(read);
    CHECK(read->contents.size() == length);
    CHECK(read->rest.empty());
    element.pop_back();  // the last octet of it, or of its length
    CHECK_FALSE(read_der(element));
  }
}

TEST_CASE("IKE-90: what is no DER is not read") {
  for (const Octets& bytes :
       {Octets{}, Octets{0x30}, Octets{0x30, 0x80, 0x00, 0x00}, Octets{0x30, 0x81},
        Octets{0x30, 0x81, 0x01, 0x00}, Octets{0x30, 0x82, 0x00, 0x01, 0x00},
        Octets{0x30, 0x82, 0x01}, Octets{0x30, 0x83, 0x00, 0x00, 0x00}, Octets{0x1f, 0x20, 0x00},
        Octets{0xff, 0x01, 0x00}, Octets{0x30, 0x01}})
    CHECK_FALSE(read_der(bytes));
}

}  // namespace
}  // namespace sallyport::der_element_test
