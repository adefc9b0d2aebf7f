// Entries of the PAD that are good, to be changed by tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pad/peer.h"

namespace sallyport::test {

[[nodiscard]] inline std::shared_ptr<const SecretBytes> shared_secret(std::string_view text) {
  return std::make_shared<const SecretBytes>(
      ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

[[nodiscard]] inline std::vector<IdentityPattern> patterns(std::vector<std::string> texts) {
  std::vector<IdentityPattern> result;
  for (const std::string& text : texts) result.push_back(IdentityPattern::parse(text).value());
  return result;
}

// By pre-shared keys both ways.
[[nodiscard]] inline Peer peer(std::string name, std::vector<std::string> identities) {
  Peer entry;
  entry.name = std::move(name);
  entry.identities = patterns(std::move(identities));
  entry.local_identity = Identity::parse("gateway.example.org").value();
  entry.remote.resize(1);
  entry.remote.front().secret = shared_secret("theirs");
  entry.local.secret = shared_secret("ours");
  entry.proposals.push_back({.ciphers = {Cipher::AesGcm16_128},
                             .integrities = {},
                             .prfs = {Prf::HmacSha256},
                             .groups = {Group::Curve25519}});
  return entry;
}

}  // namespace sallyport::test
