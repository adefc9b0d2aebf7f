#include "crypto/digest.h"

#include <catch2/catch.hpp>
#include <string_view>

namespace sallyport {

TEST_CASE("MAN-02: key identities are SHA-256 in hexadecimal (FIPS 180-4 examples)") {
  const auto of = [](std::string_view text) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}).value();
  };
  CHECK(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace sallyport
