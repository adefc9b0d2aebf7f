#include "ike/exchange/eap_rounds.h"

#include <optional>
#include <utility>

#include "ike/exchange/auth_steps.h"

namespace sallyport::ike {
namespace {

std::unexpected<Error> disbelieve(std::string_view why) {
  return refused(AuthenticationFailure::BadSecret, why);
}

class EapRounds final : public Exchange, public std::enable_shared_from_this<EapRounds> {
 public:
  EapRounds(Session& session, EapTask task) : session_(session), task_(std::move(task)) {}

  void take(ByteView bytes);
  ExchangeType type() const noexcept override { return ExchangeType::IkeAuth; }
  void write(PayloadChain& payloads) override;
  void on_response(const Message& response) override;
  void on_no_response(NoResponse why) override { task_.unanswered(why); }

 private:
  [[nodiscard]] Expected<void> step(const EapPacket& packet);
  [[nodiscard]] Expected<void> answer(const EapPacket& request);
  [[nodiscard]] Expected<void> prove();
  void conclude(const Message& response);

  Session& session_;
  EapTask task_;
  unsigned rounds_{};
  Octets response_;  // the EAP packet that is sent next
  std::optional<Proof> proof_;
  SecretBytes msk_;  // until the peer's AUTH has been checked
};

void EapRounds::take(ByteView bytes) {
  const auto packet = parse_eap_packet(bytes);
  if (packet && packet->code == EapCode::Failure)
    return task_.dropped("EAP Failure from the peer");  // EAP-08
  Expected<void> more = packet ? step(*packet) : disbelieve("a malformed EAP packet");
  if (!more) return task_.failed(more.error());
  session_.begin(shared_from_this());
}

Expected<void> EapRounds::step(const EapPacket& packet) {
  if (packet.code == EapCode::Request) return answer(packet);
  if (packet.code == EapCode::Success) return prove();
  return disbelieve("an EAP response where a request was due");
}

Expected<void> EapRounds::answer(const EapPacket& request) {
  if (++rounds_ > kMostEapRounds) return disbelieve("EAP comes to no end");
  auto response = task_.peer->answer(request);
  if (!response) return std::unexpected(response.error());
  response_ = std::move(*response);
  return {};
}

Expected<void> EapRounds::prove() {
  auto msk = task_.peer->take_key();
  if (!msk) return std::unexpected(msk.error());
  msk_ = std::move(*msk);
  proof_ = prove_by_msk(msk_.view(), task_.ours);
  return {};
}

void EapRounds::write(PayloadChain& payloads) {
  if (proof_)
    payloads.authentication(proof_->method, proof_->data);
  else
    payloads.eap(response_);
}

void EapRounds::on_response(const Message& response) {
  const bool whole = proof_ ? response.authentication.has_value() : response.eap.has_value();
  if (end_in(response) != nullptr || !whole)
    return task_.refused(response, proof_ ? "AUTH" : "EAP");
  if (proof_) return conclude(response);
  take(*response.eap);
}

void EapRounds::conclude(const Message& response) {
  const SecretBytes msk = std::exchange(msk_, {});
  if (auto good = check_by_msk(msk.view(), task_.theirs, *response.authentication); !good)
    return task_.failed(good.error());
  task_.authenticated(response);
}

}  // namespace

void begin_eap_rounds(Session& session, EapTask task, ByteView request) {
  std::make_shared<EapRounds>(session, std::move(task))->take(request);
}

}  // namespace sallyport::ike
