// EAP as the side that is authenticated (RFC 3748 2, 5). Control thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "base/secret.h"
#include "ike/eap/packet.h"
#include "pad/peer.h"

namespace sallyport::ike {

// One method. Data is what stands behind the EAP type.
class EapPeerMethod {
 public:
  virtual ~EapPeerMethod() = default;
  [[nodiscard]] virtual EapType type() const noexcept = 0;
  // What the authenticator's request is answered with. An error where it is none of the method, or
  // where the authenticator has failed to prove itself: then nothing more is said to it.
  [[nodiscard]] virtual Expected<Octets> answer(ByteView request) = 0;
  // The MSK, once. Refused before both sides have proved themselves.
  [[nodiscard]] virtual Expected<SecretBytes> take_key() = 0;
};

class EapPeer {
 public:
  EapPeer(std::string identity, std::unique_ptr<EapPeerMethod> method)
      : identity_(std::move(identity)), method_(std::move(method)) {}
  // For `local`, which is of kind Eap; `random` outlives it.
  [[nodiscard]] static Expected<std::unique_ptr<EapPeer>> of(const LocalAuthentication& local,
                                                             Random& random);

  // The response to a request; a method that is not ours is declined (Nak).
  [[nodiscard]] Expected<Octets> answer(const EapPacket& request);
  // The authenticator has said Success.
  [[nodiscard]] Expected<SecretBytes> take_key() { return method_->take_key(); }

 private:
  std::string identity_;
  std::unique_ptr<EapPeerMethod> method_;
};

}  // namespace sallyport::ike
