// The clocks of an IKE SA: how long it may take to authenticate, how long it lives, whether its
// peer does, and whether a NAT still knows it.
#include <algorithm>
#include <utility>

#include "ike/child_negotiation.h"
#include "ike/exchange/create_child.h"
#include "ike/exchange/informational.h"
#include "ike/session.h"

namespace sallyport::ike {
namespace {

// So often in a keepalive's interval it is asked what children have sent: so exact is the wait.
constexpr int kKeepaliveLooks = 4;
// How long the peer may take to make a child of our answer.
constexpr Duration kPeerHasIt = std::chrono::seconds(30);

// At random up to `most` more.
Duration jittered(Duration time, Duration most, Random& random) {
  const auto bound = static_cast<std::uint64_t>(most.count());
  return time + Duration(bound == 0 ? 0 : static_cast<std::int64_t>(random.u64() % bound));
}

// A method of the session as a timer's action.
std::function<void()> later(Session& session, void (*what)(Session&)) {
  return [weak = session.weak_from_this(), what] {
    if (const auto self = weak.lock(); self && !self->dead()) what(*self);
  };
}

}  // namespace

void Session::cancel_timers() {
  for (TimerId* const timer :
       {&half_open_, &rekey_, &lifetime_, &credentials_, &liveness_, &keepalive_, &successors_})
    my.timers.cancel(std::exchange(*timer, kNoTimer));
  for (const auto& [number, timer] : std::exchange(delayed_, {})) my.timers.cancel(timer);
  for (const auto& child : sa.children) {
    my.timers.cancel(child->soft);
    my.timers.cancel(child->hard);
  }
}

void Session::after(Duration delay, std::function<void()> what) {
  if (dead()) return;
  const std::uint64_t number = ++last_delayed_;
  delayed_.emplace_back(number, my.timers.after(delay, [this, number, what = std::move(what)] {
    std::erase_if(delayed_, [number](const auto& one) { return one.first == number; });
    what();
  }));
}

// Two ends that put each other off would do so for ever if both waited for the same time.
std::optional<Duration> Session::wait_after_temporary_failure() {
  const auto wait = temporary_failures_.note(now(), my.settings);
  return wait ? std::optional(jittered(*wait, *wait / 2, my.random)) : std::nullopt;
}

void Session::limit_half_open() {
  half_open_ = my.timers.after(
      my.settings.admission.half_open_life,
      later(*this, [](Session& session) { session.end("not authenticated in time"); }));
}

void Session::establish() {
  my.timers.cancel(std::exchange(half_open_, kNoTimer));
  sa.state = IkeState::Established;
  sa.initial.reset();
  sa.heard = now();
  my.registry.authenticated(*this);
  arm_lifetime();
  arm_credentials();
  arm_liveness();
  arm_keepalive();
}

// From when it was made on: one that was carried here is not young again.
void Session::arm_lifetime() {
  const PeerTimers& timers = sa.peer->timers;
  const Duration life = timers.ike_lifetime;
  if (life <= Duration{0}) return;
  const Duration age = now() - sa.made;
  // Both ends seldom rekey at once where each begins up to a tenth of it earlier (IKE-113).
  const Duration early = timers.rekey_margin;
  const Duration margin = std::min<Duration>(jittered(early, early / 10, my.random), life / 2);
  rekey_ = my.timers.after(life - margin - age, later(*this, begin_ike_rekey));
  // If no rekey has replaced it by then, nothing more is carried (IKE-127).
  lifetime_ = my.timers.after(
      life - age, later(*this, [](Session& session) { session.close("its lifetime has ended"); }));
}

// A rekey proves nothing anew: certificates end it for good (SAD-08).
void Session::arm_credentials() {
  if (!sa.credentials_end) return;
  credentials_ = my.timers.after(
      *sa.credentials_end - std::chrono::system_clock::now(),
      later(*this, [](Session& session) { session.close("its certificates have ended"); }));
}

void Session::arm_liveness() {
  const Duration interval = sa.peer->timers.liveness;
  if (interval <= Duration{0}) return;
  liveness_ =
      my.timers.after(interval, later(*this, [](Session& session) { session.on_liveness(); }));
}

bool Session::heard_from_children() {
  bool heard = false;
  for (const auto& child : sa.children) {
    const std::uint64_t packets = my.installer.packets_of(child->inbound_name());
    heard |= packets != std::exchange(child->packets_heard, packets);
  }
  return heard;
}

// An empty exchange, but only where nothing authentic has come for the interval (LIVE-01, LIVE-02).
void Session::on_liveness() {
  const bool quiet = now() - sa.heard >= sa.peer->timers.liveness;
  if (!heard_from_children() && quiet && requests_.idle() && sa.state != IkeState::Rekeyed)
    begin_liveness_check(*this);
  arm_liveness();
}

// The first packet by the new inbound SA shows that the peer has it.
void Session::watch_successors() {
  my.timers.cancel(std::exchange(successors_, kNoTimer));
  bool waiting = false;
  for (const auto& child : sa.children) {
    if (!child->waiting_outbound) continue;
    // What ours has lost against sends at last where nothing is heard.
    const bool late = !child->loser.expired() && now() - child->made >= kPeerHasIt;
    if (late || my.installer.packets_of(child->inbound_name()) > 0)
      start_sending(*this, *child);
    else
      waiting = true;
  }
  if (!waiting) return;
  constexpr Duration kLook = std::chrono::milliseconds(50);
  successors_ =
      my.timers.after(kLook, later(*this, [](Session& session) { session.watch_successors(); }));
}

void Session::arm_keepalive() {
  keepalive_ = kNoTimer;
  const Duration interval = sa.peer->timers.nat_keepalive;
  if (!sa.nat.here || interval <= Duration{0}) return;
  keepalive_ = my.timers.after(interval / kKeepaliveLooks,
                               later(*this, [](Session& session) { session.on_keepalive(); }));
}

bool Session::children_have_sent() {
  bool sent = false;
  for (const auto& child : sa.children) {
    const std::uint64_t packets = my.installer.packets_of(child->outbound_name());
    sent |= packets != std::exchange(child->packets_sent, packets);
  }
  return sent;
}

// An octet where nothing has gone out for the interval, and the NAT may forget us (RFC 3948 4;
// NAT-03).
void Session::on_keepalive() {
  const Duration interval = sa.peer->timers.nat_keepalive;
  // What children have sent since the last look they may have sent right after it.
  if (children_have_sent()) spoken_ = std::max(spoken_, now() - interval / kKeepaliveLooks);
  if (now() - spoken_ >= interval) {
    my.datagrams.send_keepalive(sa.path);
    spoken_ = now();
  }
  arm_keepalive();
}

}  // namespace sallyport::ike
