#include "ike/responses.h"

#include <algorithm>

namespace sallyport::ike {

Responses::Verdict Responses::judge(MessageId id) const noexcept {
  if (const auto found = requests_.find(id); found != requests_.end())
    return found->second.answered ? Verdict::Answered : Verdict::UnderWay;
  if (id < expected_ || id - expected_ >= window_) return Verdict::Outside;
  return Verdict::New;
}

void Responses::take(MessageId id) {
  requests_.try_emplace(id);
  // The peer repeats a request only while it is in its window, of which this is the last.
  while (!requests_.empty() && requests_.begin()->second.answered && id >= window_ &&
         requests_.begin()->first <= id - window_)
    requests_.erase(requests_.begin());
}

void Responses::answer(MessageId id, std::vector<Octets> datagrams) {
  requests_[id] = {.answered = true, .datagrams = std::move(datagrams)};
  // What is being answered keeps its place: nothing overtakes it where the window is one. IDs do
  // not wrap: none follows the last (IKE-25).
  const auto is_answered = [this](MessageId next) {
    const auto found = requests_.find(next);
    return found != requests_.end() && found->second.answered;
  };
  while (is_answered(expected_) && expected_ != kLastMessageId) ++expected_;
}

void Responses::for_each_answered(
    const std::function<void(MessageId, const std::vector<Octets>&)>& visit) const {
  for (const auto& [id, request] : requests_)
    if (request.answered) visit(id, request.datagrams);
}

bool Responses::idle() const noexcept {
  return std::ranges::all_of(requests_, [](const auto& one) { return one.second.answered; });
}

const std::vector<Octets>* Responses::answered(MessageId id) const noexcept {
  const auto found = requests_.find(id);
  return found == requests_.end() || !found->second.answered ? nullptr : &found->second.datagrams;
}

}  // namespace sallyport::ike
