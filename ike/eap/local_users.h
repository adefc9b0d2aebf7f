// The gateway's own users as an EAP authenticator: what stands where an AAA server would. A user
// may be authenticated as another identity than its name, as a subscriber is (MDYN-14). Control
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "crypto/ms_chap.h"
#include "pad/eap_authenticator.h"

namespace sallyport::ike {

struct LocalUser {
  NtHash hash;
  Identity identity;  // that its password proves
};

class LocalUsers final : public EapAuthenticator {
 public:
  using Users = std::map<std::string, LocalUser, std::less<>>;
  // Whether the conversation begins with a request for an identity, or IDi suffices (EAP-05).
  enum class IdentityRound : std::uint8_t { None, First };
  LocalUsers(std::string name, Users users, IdentityRound round)
      : name_(std::move(name)),
        users_(std::make_shared<const Users>(std::move(users))),
        round_(round) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::unique_ptr<EapConversation> begin(const Identity& claimed,
                                                       Random& random) override;

 private:
  std::string name_;
  std::shared_ptr<const Users> users_;  // conversations have them as well
  IdentityRound round_;
};

}  // namespace sallyport::ike
