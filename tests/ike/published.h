// What peers publish instead of sending it: "Hash and URL" (RFC 7296 3.6).
#pragma once

#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike::test {

// What the payload holds.
[[nodiscard]] inline Octets hash_and_url(ByteView object, std::string_view url) {
  const auto hash = sha1({object});
  Octets data(hash.begin(), hash.end());
  data.insert(data.end(), url.begin(), url.end());
  return data;
}

// DER of `contents` under a tag of one octet.
[[nodiscard]] inline Octets element(std::uint8_t tag, ByteView contents) {
  Octets der{tag};
  if (contents.size() > 0xff) {
    der.push_back(0x82);
    der.push_back(static_cast<std::uint8_t>(contents.size() >> 8));
  } else if (contents.size() > 0x7f) {
    der.push_back(0x81);
  }
  der.push_back(static_cast<std::uint8_t>(contents.size()));
  der.insert(der.end(), contents.begin(), contents.end());
  return der;
}

// CertificateBundle.
[[nodiscard]] inline Octets bundle_of(const std::vector<Octets>& certificates,
                                      const std::vector<Octets>& lists) {
  Octets contents;
  const auto add = [&](std::uint8_t tag, const std::vector<Octets>& ders) {
    for (const Octets& der : ders) {
      const Octets choice = element(tag, der);
      contents.insert(contents.end(), choice.begin(), choice.end());
    }
  };
  add(0xa0, certificates);
  add(0xa1, lists);
  return element(0x30, contents);
}

}  // namespace sallyport::ike::test
