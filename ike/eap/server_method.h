// A method of EAP as the side that authenticates.
#pragma once

#include <string>
#include <variant>

#include "base/secret.h"
#include "ike/eap/packet.h"
#include "pad/identity.h"

namespace sallyport::ike {

// Data is what stands behind the EAP type.
class EapServerMethod {
 public:
  struct Next {
    Octets data;
    std::string refusal{};  // not empty: it says that the peer has failed
  };
  struct Done {
    Identity identity;  // authenticated
    SecretBytes msk;
  };
  struct Failed {
    std::string why;
  };
  using Verdict = std::variant<Next, Done, Failed>;

  virtual ~EapServerMethod() = default;
  [[nodiscard]] virtual EapType type() const noexcept = 0;
  // Of the first request, whose EAP identifier is this.
  [[nodiscard]] virtual Octets first(std::uint8_t identifier) = 0;
  [[nodiscard]] virtual Verdict take(ByteView response) = 0;
};

}  // namespace sallyport::ike
