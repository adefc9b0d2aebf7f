// Whom the two sides of a load run are: a shared secret, or certificates of one authority, made at
// run time and kept in a folder where several programs read them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ike/child_sa.h"
#include "pad/credentials.h"

namespace sallyport::bench {

enum class IkeMethod : std::uint8_t { Psk, Ecdsa, Rsa };

inline constexpr std::string_view kServerName = "server.example.org";
inline constexpr std::string_view kClientDomain = ".clients.example.org";
inline constexpr std::string_view kSharedSecret = "a secret that many share";

// All in PEM.
struct IkePki {
  struct Parties {
    std::string certificates;
    std::string keys;  // as many, in the same order
  };
  std::string authority;
  Parties server;   // one
  Parties clients;  // "0.clients.example.org" and on
};

// Certificates by keys of the method's kind: the authority's, the server's and each client's own,
// but RSA clients have one key together, since making one takes as long as many IKE SAs.
[[nodiscard]] IkePki make_pki(IkeMethod method, unsigned clients);
// authority.pem, server.pem, server.key, clients.pem, clients.key.
[[nodiscard]] Expected<void> write_pki(const IkePki& pki, const std::filesystem::path& folder);
[[nodiscard]] Expected<IkePki> read_pki(const std::filesystem::path& folder);

// What one side proves itself with, and what it believes.
struct IkeIdentities {
  std::shared_ptr<const SecretBytes> secret;                   // by pre-shared key
  std::shared_ptr<const TrustAnchors> anchors;                 // by certificate
  std::vector<std::shared_ptr<const Credential>> credentials;  // the server's, or the clients'
};
[[nodiscard]] IkeIdentities shared_secret();
// Clients are initiators, the server is the responder.
[[nodiscard]] Expected<IkeIdentities> identities_of(const IkePki& pki, ike::Side side);

}  // namespace sallyport::bench
