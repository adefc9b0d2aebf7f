#include "ike/eap/ms_chap_peer.h"

#include <algorithm>
#include <utility>

#include "ike/eap/ms_chap_message.h"
#include "pad/authentication.h"

namespace sallyport::ike {
namespace {

std::unexpected<Error> refuse(std::string_view why) {
  return refused(AuthenticationFailure::BadSecret, why);
}

std::string in_capitals(std::string_view digits) {
  std::string capitals(digits);
  for (char& digit : capitals)
    if (digit >= 'a' && digit <= 'f') digit = static_cast<char>(digit - 'a' + 'A');
  return capitals;
}

}  // namespace

Expected<Octets> MsChapPeer::answer(ByteView request) {
  const auto message = parse_ms_chap(request);
  if (!message) return refuse("a malformed request of MS-CHAPv2");
  const bool challenge =
      message->op == MsChapOp::Challenge && message->value.size() == kMsChapChallengeBytes;
  if (state_ == State::Fresh && challenge) return answer_challenge(message->id, message->value);
  if (state_ == State::Answered && message->op == MsChapOp::Success)
    return check_success(message->text);
  if (state_ == State::Answered && message->op == MsChapOp::Failure) {
    state_ = State::Refused;
    return ms_chap_acknowledgement(MsChapOp::Failure);
  }
  return refuse("a request of MS-CHAPv2 out of turn");
}

Expected<Octets> MsChapPeer::answer_challenge(std::uint8_t id, ByteView challenge) {
  std::array<std::uint8_t, kMsChapResponseBytes> value{};
  const auto own = MutableBytes(value).first(kMsChapChallengeBytes);
  random_.fill(own);
  const MsChapTalk talk{challenge, own, without_domain(user_)};
  const NtResponse proof = nt_response(hash_, talk);
  std::ranges::copy(proof, value.begin() + kMsChapProofAt);
  expected_ = authenticator_response(hash_, proof, talk);
  msk_ = ms_chap_msk(hash_, proof);
  state_ = State::Answered;
  return ms_chap_value({.op = MsChapOp::Response, .id = id, .value = value, .text = user_});
}

Expected<Octets> MsChapPeer::check_success(std::string_view message) {
  const auto proof = proof_in(message);
  if (!proof || in_capitals(*proof) != hex_digits(expected_))
    return refuse("the authenticator does not know the password");
  state_ = State::Proved;
  return ms_chap_acknowledgement(MsChapOp::Success);
}

Expected<SecretBytes> MsChapPeer::take_key() {
  if (state_ != State::Proved || msk_.empty())
    return refuse("success is said before both sides have proved themselves");
  return std::exchange(msk_, {});
}

}  // namespace sallyport::ike
