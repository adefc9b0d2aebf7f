#include "ike/requests.h"

#include <algorithm>
#include <utility>

namespace sallyport::ike {
namespace {

// IDs never wrap: the IKE SA has been replaced long before (IKE-25).
constexpr MessageId kLastId = 0xffffffff;

}  // namespace

Requests::~Requests() {
  for (auto& [id, request] : outstanding_) timers_.cancel(request.timer);
}

void Requests::begin(std::shared_ptr<Exchange> exchange) {
  if (ended_) return exchange->on_no_response(NoResponse::SaGone);
  waiting_.push_back(std::move(exchange));
  send_next();
}

void Requests::begin_first(std::shared_ptr<Exchange> exchange) {
  if (ended_) return exchange->on_no_response(NoResponse::SaGone);
  waiting_.push_front(std::move(exchange));
  send_next();
}

void Requests::send_next() {
  while (!ended_ && !paused_ && !waiting_.empty() && outstanding_.size() < window_ &&
         next_ != kLastId) {
    const MessageId id = next_++;
    Outstanding request{.exchange = std::move(waiting_.front()), .datagrams = {}};
    waiting_.pop_front();
    PayloadChain payloads;
    request.exchange->write(payloads);
    request.datagrams = outlet_.seal(request.exchange->type(), id, payloads);
    request.interval = times_.first;
    Outstanding& placed = outstanding_.insert_or_assign(id, std::move(request)).first->second;
    arm(id, placed);
    for (const Octets& datagram : placed.datagrams) outlet_.send(datagram);
  }
}

void Requests::arm(MessageId id, Outstanding& request) {
  request.timer = timers_.after(request.interval, [this, id] { on_timer(id); });
}

void Requests::on_timer(MessageId id) {
  const auto found = outstanding_.find(id);
  if (found == outstanding_.end()) return;
  Outstanding& request = found->second;
  request.waited += request.interval;
  if (request.waited >= times_.give_up) {
    const auto exchange = std::move(request.exchange);
    outstanding_.erase(found);
    exchange->on_no_response(NoResponse::TimedOut);
    return outlet_.give_up();
  }
  request.interval = std::min(2 * request.interval, times_.longest);
  arm(id, request);
  for (const Octets& datagram : request.datagrams) outlet_.send(datagram);
}

std::shared_ptr<Exchange> Requests::find(MessageId id) const {
  const auto found = outstanding_.find(id);
  return found == outstanding_.end() ? nullptr : found->second.exchange;
}

std::shared_ptr<Exchange> Requests::take(MessageId id) {
  const auto found = outstanding_.find(id);
  if (found == outstanding_.end()) return nullptr;
  timers_.cancel(found->second.timer);
  auto exchange = std::move(found->second.exchange);
  outstanding_.erase(found);
  return exchange;
}

void Requests::allow(std::uint32_t window) {
  window_ = std::max(window_, window);
  send_next();
}

void Requests::repeat() {
  for (auto& [id, request] : outstanding_)
    for (const Octets& datagram : request.datagrams) outlet_.send(datagram);
}

void Requests::end_waiting(NoResponse why) {
  for (const auto& exchange : std::exchange(waiting_, {})) exchange->on_no_response(why);
}

void Requests::end(NoResponse why) {
  ended_ = true;
  auto outstanding = std::exchange(outstanding_, {});
  for (auto& [id, request] : outstanding) {
    timers_.cancel(request.timer);
    request.exchange->on_no_response(why);
  }
  end_waiting(why);
}

}  // namespace sallyport::ike
