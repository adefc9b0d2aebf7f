// What tests of [[peer]] have in common.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::test {

inline const std::string kCredentials = R"([[authority]]
name = "root"
certificates = "certificates/root.pem"
[[credential]]
name = "gateway"
key = { file = "keys/gateway.pem" }
certificates = "certificates/gateway.pem"
[[credential]]
name = "ed"
key = { file = "keys/ed25519.pem" }
[[credential]]
name = "rsa"
key = { file = "keys/rsa.pem" }
)";

inline std::string said(const Expected<Configuration>& configuration) {
  return configuration ? "nothing was refused" : to_string(configuration.error());
}

// A peer with these lines, from the fifth line on, over kPorts and kCredentials.
inline Expected<Configuration> proving(std::string_view lines, const std::string& head = "") {
  return parse(head +
               "[[peer]]\nname = \"p\"\nidentities = \"p.example.org\"\nlocal_id = \"we\"\n" +
               std::string(lines) + "\n" + kPorts + kCredentials);
}

inline void check_refused(const Expected<Configuration>& configuration, std::string_view where,
                          std::string_view what) {
  REQUIRE_FALSE(configuration);
  const std::string text = said(configuration);
  INFO(text);
  CHECK_THAT(text, Catch::StartsWith("/etc/sallyport/gateway.toml:" + std::string(where) + ": "));
  CHECK_THAT(text, Catch::Contains(std::string(what)));
  CHECK_THAT(text, !Catch::Contains(std::string(kSamplePsk)));
}

inline bool holds(const std::shared_ptr<const SecretBytes>& secret, std::string_view text) {
  return secret && std::ranges::equal(secret->view(), text, [](std::uint8_t left, char right) {
           return left == static_cast<std::uint8_t>(right);
         });
}

inline bool warns(const Configuration& configuration, std::string_view of) {
  return std::ranges::any_of(configuration.warnings, [of](const std::string& warning) {
    return warning.find(of) != std::string::npos;
  });
}

}  // namespace sallyport::test
