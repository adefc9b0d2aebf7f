#include "ike/eap/local_users.h"

#include <utility>

#include "ike/eap/ms_chap_server.h"
#include "ike/eap/packet.h"

namespace sallyport::ike {
namespace {

// Identifiers count up from somewhere, so that no response fits two requests (RFC 3748 4.1).
class LocalConversation final : public EapConversation {
 public:
  LocalConversation(std::unique_ptr<EapServerMethod> method, LocalUsers::IdentityRound round,
                    Random& random)
      : method_(std::move(method)), identifier_(static_cast<std::uint8_t>(random.u32() & 0xff)) {
    state_ = round == LocalUsers::IdentityRound::First ? State::Fresh : State::Identified;
  }

  void take(ByteView response, Done done) override { done(step(response)); }

 private:
  enum class State : std::uint8_t { Fresh, Identified, InMethod, Over };

  [[nodiscard]] EapStep step(ByteView response) {
    if (state_ == State::Fresh) return ask_identity();
    if (!asked_) return begin_method();
    const auto packet = parse_eap_packet(response);
    if (!packet || packet->code != EapCode::Response || packet->identifier != identifier_)
      return fail("no EAP response to what was asked");
    if (state_ == State::Identified)
      return packet->type == EapType::Identity ? begin_method() : fail("no identity");
    if (packet->type == EapType::Nak) return fail("the peer wants another EAP method");
    if (state_ == State::Over || packet->type != method_->type())
      return fail("a response of another EAP method");
    return judge(method_->take(packet->data));
  }
  [[nodiscard]] EapStep ask_identity() {
    state_ = State::Identified;
    return ask(EapType::Identity, {});
  }
  [[nodiscard]] EapStep begin_method() {
    state_ = State::InMethod;
    return ask(method_->type(), method_->first(static_cast<std::uint8_t>(identifier_ + 1)));
  }
  [[nodiscard]] EapStep ask(EapType type, ByteView data, std::string refusal = {}) {
    asked_ = true;
    return EapRequest{eap_request(++identifier_, type, data), std::move(refusal)};
  }
  [[nodiscard]] EapStep judge(EapServerMethod::Verdict verdict) {
    if (const auto* const next = std::get_if<EapServerMethod::Next>(&verdict))
      return ask(method_->type(), next->data, next->refusal);
    if (const auto* const failed = std::get_if<EapServerMethod::Failed>(&verdict))
      return fail(failed->why);
    state_ = State::Over;
    auto& success = std::get<EapServerMethod::Done>(verdict);
    return EapSuccess{eap_success(identifier_), std::move(success.identity),
                      std::move(success.msk)};
  }
  [[nodiscard]] EapStep fail(std::string why) {
    state_ = State::Over;
    return EapFailure{eap_failure(identifier_), std::move(why)};
  }

  std::unique_ptr<EapServerMethod> method_;
  std::uint8_t identifier_;  // of the last request
  State state_{};
  bool asked_{};
};

}  // namespace

std::unique_ptr<EapConversation> LocalUsers::begin(const Identity&, Random& random) {
  return std::make_unique<LocalConversation>(std::make_unique<MsChapServer>(name_, users_, random),
                                             round_, random);
}

}  // namespace sallyport::ike
