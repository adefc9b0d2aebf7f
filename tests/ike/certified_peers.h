// Alice and Bob with certificates instead of a shared key.
#pragma once

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <string>

#include "tests/ike/two_peers.h"
#include "tests/support/test_pki.h"

namespace sallyport::ike::test {

// Valid now, and not only at the PKI's own time.
[[nodiscard]] inline TestAuthority authority_of_today(
    const std::string& subject = "C=CH, O=Example, CN=Root") {
  const auto now = std::chrono::system_clock::now();
  return TestAuthority({.subject = subject,
                        .not_before = now - std::chrono::hours(1),
                        .not_after = now + std::chrono::hours(48)});
}

[[nodiscard]] inline TestIdentity issued_today(const TestAuthority& authority,
                                               const std::string& name,
                                               TestCertificate::Extensions more = {},
                                               TestKey key = TestKey::EcP256) {
  const auto now = std::chrono::system_clock::now();
  TestCertificate::Extensions extensions{{"subjectAltName", "DNS:" + name}};
  extensions.insert(extensions.end(), more.begin(), more.end());
  return authority.issue({.subject = "C=CH, O=Example, CN=" + name,
                          .key = key,
                          .extensions = std::move(extensions),
                          .not_before = now - std::chrono::hours(1),
                          .not_after = now + std::chrono::hours(24)});
}

[[nodiscard]] inline RemoteAuthentication trust_in(const TestAuthority& authority) {
  return {.kind = AuthenticationKind::PublicKey,
          .secret = nullptr,
          .anchors = {std::make_shared<const TrustAnchors>(
              TrustAnchors{"ca", {authority.certificate()}, {}})},
          .raw_keys = {}};
}

[[nodiscard]] inline LocalAuthentication proof_by(std::shared_ptr<const Credential> credential) {
  return {.kind = AuthenticationKind::PublicKey,
          .secret = nullptr,
          .credential = std::move(credential)};
}

// The credential of a key with its certificate alone; `change` may add to it.
[[nodiscard]] inline std::shared_ptr<const Credential> credential_of(
    const TestIdentity& own, const std::function<void(Credential&)>& change = [](Credential&) {}) {
  Credential credential{"own", PrivateKey::from_pem(own.key_pem).value(), {own.certificate}};
  credential.authorities = authorities_of(credential.chain, {});
  change(credential);
  return std::make_shared<const Credential>(std::move(credential));
}

inline void change_entry(Node& node, const std::function<void(Peer&)>& change) {
  Peer peer = *node.pad().entries().front();
  change(peer);
  node.set_peers({std::move(peer)});
}

[[nodiscard]] inline bool comes_up(TwoPeers& two) {
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  return two.alice.up().size() == 1 && two.bob.up().size() == 1 && two.traffic_flows();
}

}  // namespace sallyport::ike::test
