#include "crypto/digest.h"

#include <catch2/catch.hpp>
#include <string_view>

#include "tests/crypto/octets.h"

namespace sallyport::digest_test {

TEST_CASE("MAN-02: key identities are SHA-256 in hexadecimal (FIPS 180-4 examples)") {
  const auto of = [](std::string_view text) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}).value();
  };
  CHECK(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("IKE-41, IKE-46: SHA-1 and SHA-256 of parts, one after the other (FIPS 180-4 examples)") {
  const std::string_view text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const test::Octets sha1_of_text = test::octets("84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  const test::Octets sha256_of_text =
      test::octets("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  for (const std::size_t cut : {0, 1, 20, 56}) {
    const ByteView first = test::text_view(text.substr(0, cut));
    const ByteView second = test::text_view(text.substr(cut));
    CHECK(test::octets(sha1({first, second})) == sha1_of_text);
    CHECK(test::octets(sha256({first, {}, second})) == sha256_of_text);
  }
  CHECK(test::octets(sha1({})) == test::octets("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
  CHECK(test::octets(sha256({test::text_view("abc")})) ==
        test::octets("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

}  // namespace sallyport::digest_test
