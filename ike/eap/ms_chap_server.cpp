#include "ike/eap/ms_chap_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::ike {
namespace {

// Users that nobody knows cost what others do, and hear the same.
const NtHash& hash_of_nobody() {
  static const NtHash kHash{ByteView(std::array<std::uint8_t, 16>{})};
  return kHash;
}

constexpr std::size_t kMostShownOctets = 64;

// For the audit trail, of a name that anybody may have made up.
std::string shown(std::string_view name) {
  std::string text;
  for (const char letter : name.substr(0, kMostShownOctets))
    text += letter >= ' ' && letter <= '~' ? letter : '?';
  return text;
}

}  // namespace

Octets MsChapServer::first(std::uint8_t identifier) {
  id_ = identifier;
  random_.fill(challenge_);
  return ms_chap_value({.op = MsChapOp::Challenge, .id = id_, .value = challenge_, .text = name_});
}

EapServerMethod::Verdict MsChapServer::take(ByteView response) {
  const auto message = parse_ms_chap(response);
  if (state_ == State::Failed) return Failed{why_};
  if (!message) return Failed{"a malformed response of MS-CHAPv2"};
  if (state_ == State::Challenged) return check(*message);
  if (message->op != MsChapOp::Success) return Failed{"the peer does not believe us"};
  return Done{std::move(identity_), std::exchange(msk_, {})};
}

const LocalUser* MsChapServer::find(std::string_view name) const {
  auto found = users_->find(name);
  if (found == users_->end()) found = users_->find(without_domain(name));
  return found == users_->end() ? nullptr : &found->second;
}

EapServerMethod::Verdict MsChapServer::check(const MsChapMessage& response) {
  if (response.op != MsChapOp::Response || response.id != id_ ||
      response.value.size() != kMsChapResponseBytes)
    return Failed{"no response to the challenge of MS-CHAPv2"};
  const LocalUser* const user = find(response.text);
  const NtHash& hash = user != nullptr ? user->hash : hash_of_nobody();
  const MsChapTalk talk{challenge_, response.value.first(kMsChapChallengeBytes),
                        without_domain(response.text)};
  const NtResponse expected = nt_response(hash, talk);
  const bool right =
      equal_in_constant_time(expected, response.value.subspan(kMsChapProofAt, expected.size()));
  if (user == nullptr || !right) {
    state_ = State::Failed;
    why_ = fmt::format("{} \"{}\"", user == nullptr ? "no user" : "a wrong password of user",
                       shown(response.text));
    return Next{refusal(), why_};
  }
  state_ = State::Succeeded;
  identity_ = user->identity;
  msk_ = ms_chap_msk(hash, expected);
  const std::string proof =
      fmt::format("S={} M=OK", hex_digits(authenticator_response(hash, expected, talk)));
  return Next{ms_chap_text({.op = MsChapOp::Success, .id = id_, .text = proof})};
}

// RFC 2759 6: ERROR_AUTHENTICATION_FAILURE, and no second attempt.
Octets MsChapServer::refusal() const {
  const std::string message =
      fmt::format("E=691 R=0 C={} V=3 M=Authentication failure", hex_digits(challenge_));
  return ms_chap_text({.op = MsChapOp::Failure, .id = id_, .text = message});
}

}  // namespace sallyport::ike
