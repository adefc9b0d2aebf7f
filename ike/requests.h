// Requests of this side: their turn in the peer's window, their message IDs, their retransmission
// until the response is there (RFC 7296 2.1 to 2.4, 7383 2.5.2; IKE-21, IKE-22, IKE-24, IKE-25,
// IKE-27, IFRAG-04).
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "ike/exchange/exchange.h"
#include "ike/ports.h"
#include "ike/settings.h"

namespace sallyport::ike {

class Requests {
 public:
  // What sends them.
  struct Outlet {
    std::function<std::vector<Octets>(ExchangeType, MessageId, const PayloadChain&)> seal;
    // Once more in smaller datagrams, which are more than `pieces`; none where that cannot be.
    std::function<std::vector<Octets>(ExchangeType, MessageId, const PayloadChain&,
                                      std::size_t pieces)>
        seal_smaller;
    std::function<void(ByteView datagram)> send;
    // Told after each repeat of a request, which has had so many.
    std::function<void(Exchange&, std::span<const Octets> datagrams, unsigned repeats)> repeated{
        [](Exchange&, std::span<const Octets>, unsigned) {}};
    // The peer has not answered for too long: it is dead (LIVE-03).
    std::function<void()> give_up;
  };
  Requests(Outlet outlet, Timers& timers, const Retransmission& retransmission)
      : outlet_(std::move(outlet)), timers_(timers), times_(retransmission) {}
  ~Requests();
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  void begin(std::shared_ptr<Exchange> exchange);
  // Before all that wait.
  void begin_first(std::shared_ptr<Exchange> exchange);
  // The exchange that `id` is outstanding for; null where there is none.
  [[nodiscard]] std::shared_ptr<Exchange> find(MessageId id) const;
  // The same, and its wait ends here.
  [[nodiscard]] std::shared_ptr<Exchange> take(MessageId id);
  // The peer takes so many at once; never fewer than before.
  void allow(std::uint32_t window);
  // From here on what waits is not sent, until resume().
  void pause() noexcept { paused_ = true; }
  void resume() {
    paused_ = false;
    send_next();
  }
  // What is not sent yet never will be.
  void end_waiting(NoResponse why);
  // Sends what is outstanding once more, now: the path has changed (MOBIKE-05).
  void repeat();
  // None is to follow, and those that wait or are outstanding end.
  void end(NoResponse why);
  [[nodiscard]] bool idle() const noexcept { return outstanding_.empty() && waiting_.empty(); }
  [[nodiscard]] MessageId next_id() const noexcept { return next_; }
  // For a record, and for the first request after IKE_SA_INIT.
  void start_at(MessageId id) noexcept { next_ = id; }
  [[nodiscard]] std::uint32_t window() const noexcept { return window_; }

 private:
  struct Outstanding {
    std::shared_ptr<Exchange> exchange;
    PayloadChain payloads;
    std::vector<Octets> datagrams;
    unsigned sendings{};  // of these datagrams
    unsigned repeats{};   // of the request
    Duration interval{};
    Duration waited{};
    TimerId timer{};
  };
  void send_next();
  void arm(MessageId id, Outstanding& request);
  void on_timer(MessageId id);
  void send(Outstanding& request);
  [[nodiscard]] bool cut_smaller(MessageId id, Outstanding& request);

  Outlet outlet_;
  Timers& timers_;
  const Retransmission& times_;
  std::uint32_t window_{1};
  MessageId next_{};
  std::list<std::shared_ptr<Exchange>> waiting_;  // an empty deque takes half a kilobyte
  std::map<MessageId, Outstanding> outstanding_;
  bool ended_{};
  bool paused_{};
};

}  // namespace sallyport::ike
