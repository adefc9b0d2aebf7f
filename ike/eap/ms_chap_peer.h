// EAP-MSCHAPv2 as the side that is authenticated: one attempt, no change of the password.
#pragma once

#include <array>
#include <string>

#include "crypto/ms_chap.h"
#include "ike/eap/peer.h"

namespace sallyport::ike {

class MsChapPeer final : public EapPeerMethod {
 public:
  MsChapPeer(std::string user, NtHash hash, Random& random)
      : user_(std::move(user)), hash_(std::move(hash)), random_(random) {}

  [[nodiscard]] EapType type() const noexcept override { return EapType::MsChapV2; }
  [[nodiscard]] Expected<Octets> answer(ByteView request) override;
  [[nodiscard]] Expected<SecretBytes> take_key() override;

 private:
  enum class State : std::uint8_t { Fresh, Answered, Proved, Refused };
  [[nodiscard]] Expected<Octets> answer_challenge(std::uint8_t id, ByteView challenge);
  [[nodiscard]] Expected<Octets> check_success(std::string_view message);

  std::string user_;
  NtHash hash_;
  Random& random_;
  State state_{State::Fresh};
  MsChapAuthenticator expected_{};
  SecretBytes msk_;
};

}  // namespace sallyport::ike
