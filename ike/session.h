// One IKE SA at work: what comes is checked, opened and led to its exchange; what leaves is sealed
// and repeated until it is answered (RFC 7296 2). Control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "ike/address_pool.h"
#include "ike/child_places.h"
#include "ike/ike_sa.h"
#include "ike/ports.h"
#include "ike/registry.h"
#include "ike/requests.h"
#include "ike/responses.h"
#include "ike/settings.h"
#include "ike/temporary_failures.h"
#include "ike/wire/fragment_assembly.h"
#include "ike/wire/header.h"
#include "ike/wire/protect.h"
#include "pad/fetched_evidence.h"

namespace sallyport::ike {

// What is fetched for proofs, and what has been: that the job pool shares.
struct Lookups {
  Fetches& fetches;
  std::shared_ptr<FetchedEvidence> evidence{std::make_shared<FetchedEvidence>()};
};

// References to what outlives every session.
struct Surroundings {
  Datagrams& datagrams;
  SaInstaller& installer;
  PolicySource& policies;
  PeerSource& peers;
  AddressPools& pools;
  ChildPlaces& places;
  Jobs& jobs;
  Timers& timers;
  Events& events;
  const Clock& clock;
  Random& random;
  const Settings& settings;
  Registry& registry;
  KeyLog* key_log{};         // null: nobody wants to see keys
  const Lookups* lookups{};  // null: nothing is fetched
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
  // Answers INVALID_SYNTAX, and that is the end at both ends (RFC 7296 2.21.3; IKE-120).
  void refuse_malformed(ExchangeType type, MessageId id, const std::string& what);

  // From established on: lifetimes, liveness, keepalives run.
  void establish();
  // Everything of it ends: children go, leases are given back, exchanges are told. Once.
  void end(const std::string& why);
  // The same by a request that has been answered: for a while its repeats are answered as it was
  // (IKE-35).
  void end_answered(const std::string& why);
  // A request for its own end, after which it ends.
  void close(const std::string& why);

  void report(EventKind kind, std::string subject, std::string detail);
  void report(EventKind kind, std::string detail) {
    report(kind, to_string(sa.remote_identity), std::move(detail));
  }
  // Runs `job` in the pool, then `done` here, unless the session is dead by then.
  template <class Result>
  void compute(std::function<Result()> job, std::function<void(Result)> done);
  // The same for an exchange of ours that is not outstanding meanwhile: where the session ends
  // before `done`, it is told at once that no response will come.
  template <class Result>
  void compute_for(std::shared_ptr<Exchange> exchange, std::function<Result()> job,
                   std::function<void(Result)> done);
  // The same for work that takes more than one job: from the one to the other it is told.
  void enter_work(std::shared_ptr<Exchange> exchange) { at_work_.push_back(std::move(exchange)); }
  void leave_work(const std::shared_ptr<Exchange>& exchange);
  // Runs `what` after `delay`, unless the session is dead by then.
  void after(Duration delay, std::function<void()> what);
  // The peer has said TEMPORARY_FAILURE: how long to wait before it is asked again; nullopt where
  // it has said so for minutes, and the IKE SA is to be closed (RFC 7296 2.25; IKE-116).
  [[nodiscard]] std::optional<Duration> wait_after_temporary_failure();

  // From now on it sends and receives under these.
  void take_keys(IkeKeys keys);
  // No exchange is under way, of either side.
  [[nodiscard]] bool is_idle() const noexcept {
    return requests_.idle() && responses_.idle() && at_work_.empty();
  }
  [[nodiscard]] bool dead() const noexcept { return sa.state == IkeState::Dead; }
  [[nodiscard]] Instant now() const noexcept { return my.clock.now(); }
  [[nodiscard]] Requests& requests() noexcept { return requests_; }
  [[nodiscard]] Responses& responses() noexcept { return responses_; }
  // The next datagrams to the peer go along this path; children follow (MOBIKE, NAT-06).
  void move_to(const Path& path);
  // The same where only what stands between has changed. Nothing moves while the peer has yet to
  // answer along the path (RFC 4555 3.7).
  void renew_paths();
  // An authentic packet of a child, its newest, has come from there (NAT-06).
  void follow_peer(const Endpoint& remote) { follow_nat({sa.path.local, remote}); }
  // Ends after so long without having been authenticated.
  void limit_half_open();
  // Children that send only when heard are looked at until they are (IKE-113).
  void watch_successors();
  // By which a request that is being answered has come.
  [[nodiscard]] const Path& path_of(MessageId request) const;

  const Surroundings& my;
  IkeSa sa;

 private:
  // IKE_SA_INIT's response, in clear.
  void receive_clear(const Header& header, ByteView message);
  void receive_request(const Path& path, const Header& header, Opened opened);
  void receive_response(const Path& path, const Header& header, Opened opened);
  [[nodiscard]] bool is_answerable(ExchangeType exchange) const noexcept;
  void dispatch(const Header& header, const Message& request);
  void refuse_request(const Header& header, const ParseFailure& failure);
  void follow_nat(const Path& path);
  void answer_again(const Path& path, const Header& header, const Opened& opened);
  [[nodiscard]] std::vector<Octets> seal(Header header, const PayloadChain& payloads);
  [[nodiscard]] std::vector<Octets> seal_smaller(const Header& header, const PayloadChain& payloads,
                                                 std::size_t pieces);
  [[nodiscard]] std::vector<Octets> keep_clear(Header header, const PayloadChain& payloads);
  [[nodiscard]] std::size_t most_datagram_bytes() const noexcept;
  void follow_fragments(const Path& path, const Header& header, const Opened& opened);
  [[nodiscard]] Header header_for(ExchangeType type, MessageId id, std::uint8_t flags) const;

  void arm_lifetime();
  void arm_credentials();
  void arm_liveness();
  void arm_keepalive();
  void on_liveness();
  [[nodiscard]] bool heard_from_children();
  void on_keepalive();
  [[nodiscard]] bool children_have_sent();
  void send(const Path& path, ByteView datagram);
  void cancel_timers();
  void end_work();

  Requests requests_;
  Responses responses_;
  FragmentAssembly fragments_of_requests_;
  FragmentAssembly fragments_of_responses_;
  std::map<MessageId, Path> reply_paths_;  // of requests that are being answered
  TemporaryFailures temporary_failures_;
  std::vector<std::shared_ptr<Exchange>> at_work_;  // in the job pool, for exchanges of ours
  // What after() has been asked for: by a number of its own, as timers do not know theirs.
  std::vector<std::pair<std::uint64_t, TimerId>> delayed_;
  std::uint64_t last_delayed_{};
  TimerId half_open_{kNoTimer};
  TimerId rekey_{kNoTimer};
  TimerId lifetime_{kNoTimer};
  TimerId credentials_{kNoTimer};
  TimerId liveness_{kNoTimer};
  TimerId keepalive_{kNoTimer};
  Instant spoken_{my.clock.now()};  // when something was sent last, as far as is known
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

template <class Result>
void Session::compute_for(std::shared_ptr<Exchange> exchange, std::function<Result()> job,
                          std::function<void(Result)> done) {
  at_work_.push_back(exchange);
  compute<Result>(std::move(job),
                  [this, exchange = std::move(exchange), done = std::move(done)](Result result) {
                    leave_work(exchange);
                    done(std::move(result));
                  });
}

}  // namespace sallyport::ike
