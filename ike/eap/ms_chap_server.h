// EAP-MSCHAPv2 as the side that authenticates: one attempt each time.
#pragma once

#include <array>
#include <memory>

#include "base/random.h"
#include "ike/eap/local_users.h"
#include "ike/eap/ms_chap_message.h"
#include "ike/eap/server_method.h"

namespace sallyport::ike {

class MsChapServer final : public EapServerMethod {
 public:
  // `name`: who asks. `random` outlives it.
  MsChapServer(std::string name, std::shared_ptr<const LocalUsers::Users> users, Random& random)
      : name_(std::move(name)), users_(std::move(users)), random_(random) {}

  [[nodiscard]] EapType type() const noexcept override { return EapType::MsChapV2; }
  [[nodiscard]] Octets first(std::uint8_t identifier) override;
  [[nodiscard]] Verdict take(ByteView response) override;

 private:
  enum class State : std::uint8_t { Challenged, Succeeded, Failed };
  [[nodiscard]] const LocalUser* find(std::string_view name) const;
  [[nodiscard]] Verdict check(const MsChapMessage& response);
  [[nodiscard]] Octets refusal() const;

  std::string name_;
  std::shared_ptr<const LocalUsers::Users> users_;
  Random& random_;
  State state_{State::Challenged};
  std::uint8_t id_{};
  std::array<std::uint8_t, kMsChapChallengeBytes> challenge_{};
  std::string why_;  // it has failed
  Identity identity_;
  SecretBytes msk_;
};

}  // namespace sallyport::ike
