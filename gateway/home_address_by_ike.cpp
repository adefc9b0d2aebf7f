#include "gateway/home_address_by_ike.h"

namespace sallyport {

void HomeAddressByIke::request(const Request& request,
                               std::function<void(const Answer&)> answered) {
  using Kind = ike::HomeAddressWish::Kind;
  if (asking_) static_cast<void>(ike_.terminate(*asking_));  // of another place, or of no use
  holds_ = false;
  answered_ = std::move(answered);
  looks_ = true;
  ike_.place_peer(settings_.peer, Endpoints{request.care_of, request.home_agent});
  const auto begun = ike_.initiate_alone(
      settings_.peer, {.kind = request.wish == Wish::Assigned ? Kind::Address : Kind::Prefix,
                       .suggestion = request.suggestion});
  asking_ = begun ? std::optional(*begun) : std::nullopt;
}

void HomeAddressByIke::protect(const Address&, const Address&,
                               std::function<void(Expected<void>)> ready) {
  ready({});
}

void HomeAddressByIke::end(const Address&) {
  holds_ = false;
  if (asking_) static_cast<void>(ike_.terminate(*std::exchange(asking_, std::nullopt)));
}

// INTERNAL_ADDRESS_FAILURE, or nothing at all, leaves an IKE SA without either (BOOT-05).
std::optional<HomeAddressByIke::Answer> HomeAddressByIke::answer_of(const ike::IkeSa& sa) const {
  if (!sa.is_up() || !sa.home) return std::nullopt;
  const ike::HomeFindings& home = *sa.home;
  if (!home.addresses.empty()) return Assigned{home.addresses};
  if (home.prefix)
    return HomePrefix{.prefix = home.prefix->prefix, .lifetime = home.prefix->lifetime};
  if (settings_.home_address && !home.address_refused) return Assigned{{*settings_.home_address}};
  return Failure::NoAddress;
}

bool HomeAddressByIke::poll() {
  if (!std::exchange(looks_, false)) return false;
  bool up = false;
  bool coming = false;
  std::optional<Answer> answer;
  ike_.for_each([&](const ike::IkeSa& sa) {
    if (!sa.peer || sa.peer->name != settings_.peer) return;
    up = up || sa.is_up() || sa.state == ike::IkeState::Rekeyed;
    if (sa.number != asking_) return;
    answer = answer_of(sa);
    coming = sa.state < ike::IkeState::Established;
  });
  if (answered_ && !answer && !coming) answer = Failure::NoAnswer;
  if (answered_ && answer) {
    holds_ = !std::holds_alternative<Failure>(*answer);
    std::exchange(answered_, nullptr)(*answer);
    return false;
  }
  return std::exchange(holds_, holds_ && up) && !up;
}

}  // namespace sallyport
