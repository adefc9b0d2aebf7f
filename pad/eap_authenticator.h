// Who authenticates peers by EAP (RFC 3748; RFC 7296 2.16): a table of this gateway's own
// (ike/eap/local_users), or an AAA server, which answers later. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/secret.h"
#include "pad/identity.h"

namespace sallyport {

// RFC 3748 7.10: an MSK has so many octets at least.
inline constexpr std::size_t kLeastMskBytes = 64;

// What is said to the peer: a whole EAP packet, and what follows from it.
struct EapRequest {
  std::vector<std::uint8_t> packet;
  // Not empty: it tells the peer in the method's own words that nothing will come of it, and why,
  // for the audit trail; many peers leave then.
  std::string refusal{};
};
struct EapSuccess {
  std::vector<std::uint8_t> packet;
  Identity identity;  // that was authenticated: by which the PAD authorises (RFC 4877 8; MDYN-14)
  SecretBytes msk;    // empty where the method makes no key
};
struct EapFailure {
  std::vector<std::uint8_t> packet;
  std::string why;  // for the audit trail
};
using EapStep = std::variant<EapRequest, EapSuccess, EapFailure>;

// With one peer. From its destruction on no answer comes.
class EapConversation {
 public:
  virtual ~EapConversation() = default;
  using Done = std::function<void(EapStep)>;
  // The peer's response, a whole packet; nothing where the peer has said nothing yet. `done` is
  // called once, at once or later; it may destroy the conversation, which does nothing after it.
  // The next response comes only after a request.
  virtual void take(ByteView response, Done done) = 0;
};

class EapAuthenticator {
 public:
  virtual ~EapAuthenticator() = default;
  // By which entries of the PAD have the same one.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  // `claimed`: what the peer says that it is (IDi), which says where to ask and no more. `random`
  // outlives the conversation.
  [[nodiscard]] virtual std::unique_ptr<EapConversation> begin(const Identity& claimed,
                                                               Random& random) = 0;
};

}  // namespace sallyport
