#include "ike/requests.h"

#include <algorithm>
#include <utility>

namespace sallyport::ike {
namespace {

// How often datagrams of one size are sent before smaller ones are tried: a few seconds (RFC 7383
// 2.5.2).
constexpr unsigned kSendingsOfOneSize = 3;

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
         next_ != kLastMessageId) {
    const MessageId id = next_++;
    Outstanding request{.exchange = std::move(waiting_.front()), .payloads = {}, .datagrams = {}};
    waiting_.pop_front();
    request.exchange->write(request.payloads);
    request.datagrams = outlet_.seal(request.exchange->type(), id, request.payloads);
    request.interval = times_.first;
    Outstanding& placed = outstanding_.insert_or_assign(id, std::move(request)).first->second;
    arm(id, placed);
    send(placed);
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
  // Smaller datagrams begin anew, within the same time in all.
  request.interval =
      cut_smaller(id, request) ? times_.first : std::min(2 * request.interval, times_.longest);
  arm(id, request);
  send(request);
  outlet_.repeated(*request.exchange, request.datagrams, ++request.repeats);
}

void Requests::send(Outstanding& request) {
  ++request.sendings;
  for (const Octets& datagram : request.datagrams) outlet_.send(datagram);
}

bool Requests::cut_smaller(MessageId id, Outstanding& request) {
  if (request.sendings < kSendingsOfOneSize) return false;
  auto smaller = outlet_.seal_smaller(request.exchange->type(), id, request.payloads,
                                      request.datagrams.size());
  if (smaller.empty()) return false;
  request.datagrams = std::move(smaller);
  request.sendings = 0;
  return true;
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
