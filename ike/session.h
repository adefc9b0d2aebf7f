// One IKE SA at work: what comes is checked, opened and led to its exchange; what leaves is sealed
// and repeated until it is answered (RFC 7296 2). Control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "ike/address_pool.h"
#include "ike/ike_sa.h"
#include "ike/ports.h"
#include "ike/registry.h"
#include "ike/requests.h"
#include "ike/responses.h"
#include "ike/settings.h"
#include "ike/wire/fragment_assembly.h"
#include "ike/wire/header.h"
#include "ike/wire/protect.h"

namespace sallyport::ike {

// References to what outlives every session.
struct Surroundings {
  Datagrams& datagrams;
  SaInstaller& installer;
  PolicySource& policies;
  PeerSource& peers;
  AddressPools& pools;
  Jobs& jobs;
  Timers& timers;
  Events& events;
  const Clock& clock;
  Random& random;
  const Settings& settings;
  Registry& registry;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const Surroundings& surroundings, IkeSa sa);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A message for this IKE SA, whose SPIs and version fit; IKE_SA_INIT requests do not come here.
  void receive(const Path& path, const Header& header, ByteView message);

  // Exchanges of this side. They keep the session by shared_from_this() while they are under way.
  void begin(std::shared_ptr<Exchange> exchange) { requests_.begin(std::move(exchange)); }
  void begin_first(std::shared_ptr<Exchange> exchange) {
    requests_.begin_first(std::move(exchange));
  }
  // Answers a request that was handed to an exchange's responder.
  void respond(ExchangeType type, MessageId id, const PayloadChain& payloads);
  void respond_with(ExchangeType type, MessageId id, const Notify& notify);

  // From established on: lifetimes, liveness, keepalives run.
  void establish();
  // Everything of it ends: children go, leases are given back. Once.
  void end(const std::string& why);
  // A request for its own end, after which it ends.
  void close(const std::string& why);

  void report(EventKind kind, std::string subject, std::string detail);
  void report(EventKind kind, std::string detail) {
    report(kind, to_string(sa.remote_identity), std::move(detail));
  }
  // Runs `job` in the pool, then `done` here, unless the session is dead by then.
  template <class Result>
  void compute(std::function<Result()> job, std::function<void(Result)> done);

  [[nodiscard]] bool dead() const noexcept { return sa.state == IkeState::Dead; }
  [[nodiscard]] Instant now() const noexcept { return my.clock.now(); }
  [[nodiscard]] Requests& requests() noexcept { return requests_; }
  [[nodiscard]] Responses& responses() noexcept { return responses_; }
  // The next datagrams to the peer go along this path; children follow (MOBIKE, NAT-06).
  void move_to(const Path& path);
  // The same where only what stands between has changed.
  void renew_paths();
  // Ends after so long without having been authenticated.
  void limit_half_open();
  // Children that send only when heard are looked at until they are (IKE-113).
  void watch_successors();
  // By which a request that is being answered has come.
  [[nodiscard]] const Path& path_of(MessageId request) const;

  Surroundings my;
  IkeSa sa;

 private:
  // IKE_SA_INIT's response, in clear.
  void receive_clear(const Header& header, ByteView message);
  void receive_request(const Path& path, const Header& header, Opened opened);
  void receive_response(const Header& header, Opened opened);
  [[nodiscard]] bool is_answerable(ExchangeType exchange) const noexcept;
  void dispatch(const Header& header, const Message& request);
  void refuse_request(const Header& header, const ParseFailure& failure);
  void follow_nat(const Path& path);
  [[nodiscard]] std::vector<Octets> seal(Header header, const PayloadChain& payloads);
  [[nodiscard]] Header header_for(ExchangeType type, MessageId id, std::uint8_t flags) const;

  void arm_lifetime();
  void arm_credentials();
  void arm_liveness();
  void arm_keepalive();
  void on_liveness();
  [[nodiscard]] bool heard_from_children();
  void cancel_timers();

  Requests requests_;
  Responses responses_;
  FragmentAssembly fragments_of_requests_;
  FragmentAssembly fragments_of_responses_;
  std::map<MessageId, Path> reply_paths_;  // of requests that are being answered
  TimerId half_open_{kNoTimer};
  TimerId rekey_{kNoTimer};
  TimerId lifetime_{kNoTimer};
  TimerId credentials_{kNoTimer};
  TimerId liveness_{kNoTimer};
  TimerId keepalive_{kNoTimer};
  TimerId successors_{kNoTimer};
};

template <class Result>
void Session::compute(std::function<Result()> job, std::function<void(Result)> done) {
  // The pool's thread passes the session on and keeps nothing of it.
  my.jobs.submit([self = shared_from_this(), job = std::move(job),
                  done = std::move(done)]() mutable -> Jobs::Completion {
    auto result = std::make_shared<Result>(job());
    return [self = std::move(self), done = std::move(done), result] {
      if (!self->dead()) done(std::move(*result));
    };
  });
}

}  // namespace sallyport::ike
