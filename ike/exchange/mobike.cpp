#include "ike/exchange/mobike.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "ike/exchange/informational.h"
#include "ike/paths.h"

namespace sallyport::ike {
namespace {

// Repeats without an answer before other paths are tried: some seconds (RFC 4555 3.5).
constexpr unsigned kPatience = 3;
constexpr std::size_t kCookieBytes = 16;  // 8 to 64 (RFC 4555 4.2.5)

bool is_among(const std::vector<Path>& paths, const Path& path) noexcept {
  return std::ranges::find(paths, path) != paths.end();
}

bool chooses_path(const IkeSa& sa) noexcept {
  return uses_mobike(sa) && sa.mobility.role == Side::Initiator;
}

void append_nat_detection(PayloadChain& payloads, const IkeSa& sa) {
  const bool forced = sa.peer->nat_traversal == NatTraversal::Force;
  append_nat_detection(payloads, sa.path, sa.initiator_spi, sa.responder_spi,
                       forced ? NatHashes::Forced : NatHashes::True);
}

// What the peer says of NATs in answer to an update; true where it is news.
bool note_nat(IkeSa& sa, const Message& response) {
  if (!traverses_nats(sa)) return false;
  if (const Notify* const seen = response.find(NotifyType::NatDetectionDestinationIp))
    sa.mobility.seen_as = seen->data;
  NatFindings nat = detect_nat(response, sa.path, sa.initiator_spi, sa.responder_spi);
  if (!nat.supported) return false;
  if (sa.peer->nat_traversal == NatTraversal::Force) nat.here = true;
  return std::exchange(sa.nat, nat) != nat;
}

// The children go along at once where the peer stays where it is known to be; to another address
// when it has answered from there (RFC 4555 3.7).
void hold_children(IkeSa& sa, const Path& next) {
  const ChildPath now = sa.child_path();
  if (now.endpoints.remote == next.remote.address || !sa.peer->return_routability)
    sa.mobility.proven.reset();
  else
    sa.mobility.proven = now;
}

// Has to come back as it was (RFC 4555 3.7).
class Cookie2 {
 public:
  void write(PayloadChain& payloads, Random& random) {
    random.fill(value_);
    payloads.notify(NotifyType::Cookie2, value_);
  }
  [[nodiscard]] bool came_back_in(const Message& response) const noexcept {
    const Notify* const echo = response.find(NotifyType::Cookie2);
    return echo != nullptr && std::ranges::equal(echo->data, value_);
  }

 private:
  std::array<std::uint8_t, kCookieBytes> value_{};
};

class AddressUpdate final : public Informational {
 public:
  using Informational::Informational;
  void write(PayloadChain& payloads) override;
  void on_sent_elsewhere() override { scattered_ = true; }
  void on_response(const Message& response) override;

 private:
  void on_refusal(NotifyType why);
  void conclude(const Message& response);

  std::uint64_t moves_{};  // until then
  std::vector<Address> list_;
  Cookie2 cookie_;
  bool scattered_{};
};

void AddressUpdate::write(PayloadChain& payloads) {
  IkeSa& sa = session_.sa;
  sa.mobility.waiting.update = false;
  moves_ = sa.mobility.moves;
  list_ = other_addresses(sa, session_.my.datagrams);
  payloads.notify(NotifyType::UpdateSaAddresses);
  if (list_ != sa.mobility.told) append_addresses(payloads, list_, WithoutAny::SaySo);
  if (traverses_nats(sa))
    append_nat_detection(payloads, sa);
  else
    payloads.notify(NotifyType::NoNatsAllowed, no_nats_allowed(sa.path));
  cookie_.write(payloads, session_.my.random);
}

void AddressUpdate::on_response(const Message& response) {
  const Notify* const error = response.error();
  // Who refuses need not send it back (RFC 4555 3.5).
  const bool left_out = error != nullptr && response.find(NotifyType::Cookie2) == nullptr;
  if (!left_out && !cookie_.came_back_in(response))
    return drop_ike_sa(session_, "COOKIE2 has not come back");
  // Another move since, whose own answer counts (MOBIKE-05).
  if (moves_ != session_.sa.mobility.moves) return;
  if (error != nullptr) return on_refusal(error->type);
  conclude(response);
}

// On to another path, or back to the one that the peer still goes by (RFC 4555 3.5, 3.9).
void AddressUpdate::on_refusal(NotifyType why) {
  IkeSa& sa = session_.sa;
  Mobility& mobility = sa.mobility;
  if (why == NotifyType::UnexpectedNatDetected && ++mobility.nat_refusals < kMostNatRefusals)
    return begin_address_update(session_, sa.path);
  mobility.nat_refusals = 0;
  if (!is_among(mobility.refused, sa.path)) mobility.refused.push_back(sa.path);
  session_.report(EventKind::IkeFailed, fmt::format("{} to a change of address", name_of(why)));
  Datagrams& datagrams = session_.my.datagrams;
  for (const Path& path : possible_paths(sa, datagrams))
    if (datagrams.is_ours(path.local.address) && !is_among(mobility.refused, path))
      return begin_address_update(session_, path);
  if (!datagrams.is_ours(mobility.agreed.local.address))
    return session_.close("the peer refuses every path");
  mobility.update_due = false;
  take_path(session_, mobility.agreed, sa.nat);
}

void AddressUpdate::conclude(const Message& response) {
  IkeSa& sa = session_.sa;
  Mobility& mobility = sa.mobility;
  // Sent to several addresses it does not show which of them has answered (RFC 4555 3.7).
  if (scattered_ && mobility.proven) return begin_address_update(session_, sa.path);
  mobility.agreed = sa.path;
  mobility.told = list_;
  mobility.update_due = false;
  mobility.nat_refusals = 0;
  mobility.refused.clear();
  const bool held = std::exchange(mobility.proven, std::nullopt).has_value();
  if (note_nat(sa, response) || held) session_.renew_paths();
}

void begin_address_list(Session& session);

// Where we are besides. Its answer is looked for along every path (RFC 4555 3.6).
class AddressList final : public Informational {
 public:
  using Informational::Informational;
  void write(PayloadChain& payloads) override;
  [[nodiscard]] bool searches() const noexcept override { return true; }
  void on_sent_elsewhere() override { scattered_ = true; }
  void on_response(const Message& response) override;

 private:
  std::uint64_t moves_{};  // until then
  std::vector<Address> list_;
  bool scattered_{};
};

void AddressList::write(PayloadChain& payloads) {
  const IkeSa& sa = session_.sa;
  session_.sa.mobility.waiting.list = false;
  moves_ = sa.mobility.moves;
  list_ = other_addresses(sa, session_.my.datagrams);
  append_addresses(payloads, list_, WithoutAny::SaySo);
  if (!traverses_nats(sa)) payloads.notify(NotifyType::NoNatsAllowed, no_nats_allowed(sa.path));
}

void AddressList::on_response(const Message& response) {
  Mobility& mobility = session_.sa.mobility;
  const Notify* const error = response.error();
  const bool forged = error != nullptr && error->type == NotifyType::UnexpectedNatDetected &&
                      ++mobility.nat_refusals < kMostNatRefusals;
  // The source that the peer saw is part of the list (MOBIKE-05).
  if (forged || scattered_ || moves_ != mobility.moves) return begin_address_list(session_);
  mobility.nat_refusals = 0;
  mobility.told = list_;
}

class RoutabilityCheck final : public Informational {
 public:
  using Informational::Informational;
  void write(PayloadChain& payloads) override {
    session_.sa.mobility.waiting.check = false;
    moves_ = session_.sa.mobility.moves;
    cookie_.write(payloads, session_.my.random);
  }
  void on_response(const Message& response) override {
    Mobility& mobility = session_.sa.mobility;
    if (!cookie_.came_back_in(response)) return drop_ike_sa(session_, "COOKIE2 has not come back");
    // It has gone to two addresses: which of them has answered is not known (RFC 4555 3.7).
    if (moves_ != mobility.moves) return;
    mobility.proven.reset();
    session_.renew_paths();
  }

 private:
  std::uint64_t moves_{};  // until then
  Cookie2 cookie_;
};

void begin_address_list(Session& session) {
  if (std::exchange(session.sa.mobility.waiting.list, true)) return;
  session.begin(std::make_shared<AddressList>(session));
}

void tell_addresses(Session& session) {
  const IkeSa& sa = session.sa;
  // An update that is under way says it, too.
  if (!uses_mobike(sa) || !sa.is_up() || sa.mobility.update_due) return;
  if (other_addresses(sa, session.my.datagrams) != sa.mobility.told) begin_address_list(session);
}

// As who does not choose: our end goes on by itself, the peer's waits for its update (RFC 4555
// 3.5).
void relocate(Session& session, const Path& path) {
  IkeSa& sa = session.sa;
  const ChildPath now = sa.child_path();
  if (now.endpoints.remote != path.remote.address) sa.mobility.proven = now;
  session.move_to(path);
}

// Which of the possible paths is left when our addresses and routes are as they are now: best the
// one to where the peer is.
std::optional<Path> path_after_change(const IkeSa& sa, Datagrams& datagrams) {
  std::vector<Path> paths = possible_paths(sa, datagrams);
  std::erase_if(paths, [&](const Path& path) { return !datagrams.is_ours(path.local.address); });
  // What the route says now stands behind what is in use.
  const bool rerouted =
      paths.size() > 1 && paths[0] == sa.path && paths[1].remote == sa.path.remote;
  if (paths.empty()) return std::nullopt;
  return rerouted ? paths[1] : paths[0];
}

}  // namespace

void take_path(Session& session, const Path& path, NatFindings nat) {
  IkeSa& sa = session.sa;
  const bool held = sa.mobility.proven.has_value();
  hold_children(sa, path);
  const bool freed = held && !sa.mobility.proven;
  const bool other_nat = std::exchange(sa.nat, nat) != nat;
  if (path != sa.path)
    session.move_to(path);
  else if (freed || other_nat)
    session.renew_paths();
}

void begin_address_update(Session& session, const Path& path) {
  IkeSa& sa = session.sa;
  if (!chooses_path(sa) || !sa.is_up()) return;
  take_path(session, path, sa.nat);
  sa.mobility.update_due = true;
  if (std::exchange(sa.mobility.waiting.update, true)) return;
  session.begin(std::make_shared<AddressUpdate>(session));
}

void begin_routability_check(Session& session) {
  if (std::exchange(session.sa.mobility.waiting.check, true)) return;
  session.begin(std::make_shared<RoutabilityCheck>(session));
}

void follow_own_addresses(Session& session) {
  IkeSa& sa = session.sa;
  Datagrams& datagrams = session.my.datagrams;
  const bool gone = !datagrams.is_ours(sa.path.local.address);
  if (!uses_mobike(sa) || sa.state < IkeState::Established) {
    if (gone) session.end("our address is gone");
    return;
  }
  const auto path = path_after_change(sa, datagrams);
  // Where there is no way there may be one again before the peer is given up.
  if (!path) return;
  sa.mobility.refused.clear();
  if (!sa.is_up()) return session.move_to(*path);
  if (chooses_path(sa)) {
    if (*path != sa.path) return begin_address_update(session, *path);
  } else if (gone) {
    relocate(session, *path);
    return begin_address_list(session);
  }
  tell_addresses(session);
}

void search_path(Session& session, Exchange& exchange, std::span<const Octets> datagrams,
                 unsigned repeats) {
  IkeSa& sa = session.sa;
  if (repeats < kPatience || !sa.is_up() || !uses_mobike(sa)) return;
  if (!chooses_path(sa) && !exchange.searches()) return;
  for (const Path& path : possible_paths(sa, session.my.datagrams)) {
    if (path == sa.path) continue;
    sa.mobility.searching = true;
    exchange.on_sent_elsewhere();
    for (const Octets& datagram : datagrams) session.my.datagrams.send(path, datagram);
  }
}

void follow_answer(Session& session, const Path& path) {
  IkeSa& sa = session.sa;
  if (!std::exchange(sa.mobility.searching, false) || path == sa.path) return;
  if (!is_among(possible_paths(sa, session.my.datagrams), path)) return;
  if (chooses_path(sa))
    begin_address_update(session, path);
  else
    relocate(session, path);  // what has found it is sent anew, and brings the peer's update
}

void append_mapping_question(PayloadChain& payloads, const IkeSa& sa) {
  if (chooses_path(sa) && traverses_nats(sa) && sa.nat.here) append_nat_detection(payloads, sa);
}

void follow_mapping(Session& session, const Message& response) {
  const IkeSa& sa = session.sa;
  const Notify* const seen = response.find(NotifyType::NatDetectionDestinationIp);
  if (seen == nullptr || !sa.nat.here || seen->data == sa.mobility.seen_as) return;
  begin_address_update(session, sa.path);
}

void hand_over_mobility(Session& from, Session& to) {
  const IkeSa& old = from.sa;
  const Mobility& now = to.sa.mobility;
  if (now.moves == 0 && !now.newest_update && !now.newest_list) {
    to.sa.path = old.path;
    to.sa.nat = old.nat;
    to.sa.mobility = inherited(old.mobility);
  } else {
    to.renew_paths();
  }
  if (now.update_due)
    begin_address_update(to, to.sa.path);
  else if (now.proven)
    begin_routability_check(to);
  tell_addresses(to);
}

}  // namespace sallyport::ike
