// Message IDs, windows and repetition: requests of the peer, and requests of ours (IKE-21..28,
// IKE-35).
#include <catch2/catch.hpp>

#include <algorithm>

#include "base/timer_wheel.h"
#include "ike/requests.h"
#include "ike/responses.h"
#include "tests/support/manual_clock.h"

namespace sallyport::ike::test::windows_test {
namespace {

using namespace std::chrono_literals;
using Verdict = Responses::Verdict;

std::vector<Octets> response_to(MessageId id) { return {Octets{static_cast<std::uint8_t>(id)}}; }

void serve(Responses& responses, MessageId id) {
  REQUIRE(responses.judge(id) == Verdict::New);
  responses.take(id);
  responses.answer(id, response_to(id));
}

TEST_CASE("IKE-21, IKE-35: with a window of 1, the last response is kept and no other") {
  Responses responses;
  CHECK(responses.window() == 1);
  for (MessageId id = 0; id < 20; ++id) {
    CHECK(responses.expected() == id);
    CHECK(responses.judge(id + 1) == Verdict::Outside);
    CHECK(responses.judge(id) == Verdict::New);
    responses.take(id);
    CHECK(responses.judge(id) == Verdict::UnderWay);
    CHECK(responses.answered(id) == nullptr);
    responses.answer(id, response_to(id));
    CHECK(responses.judge(id) == Verdict::Answered);
    REQUIRE(responses.answered(id) != nullptr);
    CHECK(*responses.answered(id) == response_to(id));
    if (id == 0) continue;
    CHECK(responses.judge(id - 1) == Verdict::Outside);
    CHECK(responses.answered(id - 1) == nullptr);
  }
}

TEST_CASE(
    "IKE-35: with a window of 5, five are taken in any order and kept until it has moved on") {
  Responses responses(5);
  CHECK(responses.judge(4) == Verdict::New);
  CHECK(responses.judge(5) == Verdict::Outside);
  for (const MessageId id : {3u, 1u, 4u, 2u}) {
    serve(responses, id);
    CHECK(responses.expected() == 0);
    CHECK(responses.judge(5) == Verdict::Outside);  // 0 has not come
  }
  for (const MessageId id : {1u, 2u, 3u, 4u}) CHECK(responses.judge(id) == Verdict::Answered);
  serve(responses, 0);
  CHECK(responses.expected() == 5);
  for (MessageId id = 0; id < 5; ++id) CHECK(responses.judge(id) == Verdict::Answered);
  CHECK(responses.judge(9) == Verdict::New);
  CHECK(responses.judge(10) == Verdict::Outside);
  // A request that is 5 ahead: its sender has had the response.
  serve(responses, 5);
  CHECK(responses.judge(0) == Verdict::Outside);
  CHECK(responses.judge(1) == Verdict::Answered);
  serve(responses, 9);
  for (MessageId id = 0; id <= 4; ++id) CHECK(responses.judge(id) == Verdict::Outside);
  CHECK(responses.judge(5) == Verdict::Answered);
}

TEST_CASE("IKE-35: a repeat whose response is gone is never processed anew") {
  for (const std::uint32_t window : {1u, 5u}) {
    Responses responses(window);
    std::vector<bool> seen(200);
    for (MessageId id = 0; id < 200; ++id) {
      serve(responses, id);
      seen[id] = true;
      for (MessageId old = 0; old < 200; ++old)
        if (seen[old]) CHECK(responses.judge(old) != Verdict::New);
    }
  }
}

TEST_CASE("IKE-27: a window never shrinks, and one that grows takes more") {
  Responses responses;
  CHECK(responses.judge(2) == Verdict::Outside);
  responses.widen(3);
  CHECK(responses.judge(2) == Verdict::New);
  responses.widen(1);
  responses.widen(0);
  CHECK(responses.window() == 3);
}

TEST_CASE("IKE-35: a request that is being answered stays known, whatever comes behind it") {
  Responses responses(5);
  responses.take(0);
  for (MessageId id = 1; id < 5; ++id) serve(responses, id);
  // It keeps its place in the window, so that nothing more than the window overtakes it.
  CHECK(responses.judge(5) == Verdict::Outside);
  CHECK(responses.judge(0) == Verdict::UnderWay);
  responses.answer(0, response_to(0));
  CHECK(responses.judge(0) == Verdict::Answered);
  CHECK(responses.judge(5) == Verdict::New);
}

TEST_CASE("IKE-25: the last message ID is not followed by the first") {
  for (const std::uint32_t window : {1u, 5u}) {
    Responses responses(window);
    responses.start_at(0xfffffffe);
    serve(responses, 0xfffffffe);
    CHECK(responses.judge(0xfffffffe) == Verdict::Answered);
    if (responses.judge(0xffffffff) == Verdict::New) serve(responses, 0xffffffff);
    for (MessageId id = 0; id < 10; ++id) CHECK(responses.judge(id) == Verdict::Outside);
  }
}

// What an exchange has seen.
struct Record {
  unsigned written{};
  unsigned answered{};
  std::vector<NoResponse> unanswered;
};

class RecordedExchange final : public Exchange {
 public:
  RecordedExchange(std::uint8_t mark, std::shared_ptr<Record> record)
      : mark_(mark), record_(std::move(record)) {}
  ExchangeType type() const noexcept override { return ExchangeType::Informational; }
  void write(PayloadChain& payloads) override {
    ++record_->written;
    payloads.vendor_id(Octets{mark_});
  }
  void on_response(const Message&) override { ++record_->answered; }
  void on_no_response(NoResponse why) override { record_->unanswered.push_back(why); }

 private:
  std::uint8_t mark_;
  std::shared_ptr<Record> record_;
};

struct Sender {
  Sender() {
    requests = std::make_unique<Requests>(
        Requests::Outlet{
            .seal =
                [this](ExchangeType type, MessageId id, const PayloadChain& payloads) {
                  CHECK(type == ExchangeType::Informational);
                  // As with ciphers, no two are alike.
                  Octets datagram{static_cast<std::uint8_t>(id), ++seals};
                  datagram.push_back(payloads.bytes().back());
                  return std::vector<Octets>{datagram};
                },
            .seal_smaller =
                [this](ExchangeType, MessageId id, const PayloadChain&, std::size_t pieces) {
                  ++cuts;
                  std::vector<Octets> datagrams;
                  if (pieces < most_pieces)
                    for (std::uint8_t piece = 0; piece <= pieces; ++piece)
                      datagrams.push_back({static_cast<std::uint8_t>(id), ++seals, piece});
                  return datagrams;
                },
            .send =
                [this](ByteView datagram) { sent.emplace_back(datagram.begin(), datagram.end()); },
            .give_up = [this] { ++given_up; }},
        timers, settings.retransmission);
  }
  std::shared_ptr<Record> begin(std::uint8_t mark) {
    auto record = std::make_shared<Record>();
    requests->begin(std::make_shared<RecordedExchange>(mark, record));
    return record;
  }
  void answer(MessageId id) {
    const auto exchange = requests->take(id);
    REQUIRE(exchange);
    exchange->on_response({});
    requests->allow(requests->window());
  }
  void pass(Duration time) {
    for (Duration gone{}; gone < time; gone += 10ms) {
      clock.advance(10ms);
      timers.advance();
    }
  }
  // Marks of what was sent, in order.
  std::vector<unsigned> marks() const {
    std::vector<unsigned> all;
    for (const Octets& datagram : sent) all.push_back(datagram.back());
    return all;
  }

  ManualClock clock;
  TimerWheel timers{clock};
  Settings settings;
  std::vector<Octets> sent;
  std::uint8_t seals{};
  std::size_t most_pieces{1};  // that a message can be cut into
  unsigned cuts{};
  unsigned given_up{};
  std::unique_ptr<Requests> requests;
};

TEST_CASE("IKE-25, IKE-27: with a window of 1 requests go one after the other, numbered from 0") {
  Sender sender;
  std::vector<std::shared_ptr<Record>> records;
  for (std::uint8_t mark = 1; mark <= 3; ++mark) records.push_back(sender.begin(mark));
  CHECK(sender.marks() == std::vector{1u});
  CHECK(records[1]->written == 0);  // its turn has not come
  sender.answer(0);
  CHECK(sender.marks() == std::vector{1u, 2u});
  sender.answer(1);
  sender.answer(2);
  CHECK(sender.requests->next_id() == 3);
  CHECK(sender.requests->idle());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(sender.sent[i].front() == i);
    CHECK(records[i]->answered == 1);
    CHECK(records[i]->unanswered.empty());
  }
  CHECK(sender.timers.size() == 0);
}

TEST_CASE("IKE-27: with a window of 5 no more than five are outstanding, and it never shrinks") {
  Sender sender;
  sender.requests->allow(5);
  for (std::uint8_t mark = 0; mark < 8; ++mark) sender.begin(mark);
  CHECK(sender.sent.size() == 5);
  sender.requests->allow(2);
  CHECK(sender.requests->window() == 5);
  sender.answer(3);
  CHECK(sender.marks() == std::vector{0u, 1u, 2u, 3u, 4u, 5u});
  CHECK_FALSE(sender.requests->find(3));
  CHECK(sender.requests->find(0));
  CHECK(sender.requests->find(5));
  CHECK_FALSE(sender.requests->find(6));
  // A window that opens lets those go that wait.
  Sender opening;
  for (std::uint8_t mark = 0; mark < 3; ++mark) opening.begin(mark);
  opening.requests->allow(5);
  CHECK(opening.sent.size() == 3);
}

TEST_CASE("IKE-22, IKE-24: repeats are the same octets, at intervals that double up to a limit") {
  Sender sender;
  const auto record = sender.begin(7);
  std::vector<Duration> times;
  Duration now{};
  while (sender.given_up == 0 && now < 200s) {
    const std::size_t before = sender.sent.size();
    sender.pass(10ms);
    now += 10ms;
    if (sender.sent.size() != before) times.push_back(now);
  }
  CHECK(record->written == 1);
  for (const Octets& datagram : sender.sent) CHECK(datagram == sender.sent.front());
  const std::vector<Duration> expected{1s, 3s, 7s, 15s, 31s, 47s, 63s, 79s};
  REQUIRE(times.size() == expected.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    CHECK(times[i] >= expected[i]);
    CHECK(times[i] <= expected[i] + (i + 1) * 2 * TimerWheel::kStep);
  }
  CHECK(now >= 90s);
  CHECK(now < 100s);
  CHECK(record->unanswered == std::vector{NoResponse::TimedOut});
  CHECK(record->answered == 0);
  CHECK(sender.given_up == 1);
  CHECK(sender.timers.size() == 0);
}

TEST_CASE(
    "IFRAG-04: after three sendings without an answer it goes in more pieces, from the first "
    "wait") {
  Sender sender;
  sender.most_pieces = 3;
  const auto record = sender.begin(7);
  sender.pass(6900ms);
  CHECK(sender.sent.size() == 3);  // at 0, 1 and 3 s
  CHECK(sender.cuts == 0);
  sender.pass(200ms);
  CHECK(sender.sent.size() == 5);
  sender.pass(1050ms);
  CHECK(sender.sent.size() == 7);
  CHECK(sender.sent[5] == sender.sent[3]);  // repeats are what they repeat
  CHECK(sender.sent[6] == sender.sent[4]);
  CHECK(sender.sent[4] != sender.sent[3]);
  sender.pass(6s);
  // Two pieces three times, and now three.
  CHECK(sender.sent.size() == 3 + 3 * 2 + 3);
  CHECK(record->written == 1);
  // They are repeated to the end, which comes when it would have come anyway.
  sender.pass(75s);
  CHECK(sender.given_up == 0);
  sender.pass(5s);
  CHECK(sender.given_up == 1);
  CHECK(record->unanswered == std::vector{NoResponse::TimedOut});
  CHECK(sender.timers.size() == 0);
}

TEST_CASE("IKE-21: once the response is there nothing is repeated") {
  Sender sender;
  sender.begin(1);
  sender.pass(1500ms);
  REQUIRE(sender.sent.size() == 2);
  sender.answer(0);
  CHECK_FALSE(sender.requests->take(0));
  sender.pass(200s);
  CHECK(sender.sent.size() == 2);
  CHECK(sender.given_up == 0);
}

TEST_CASE("MOBIKE-05: what is outstanding can be repeated at once, as it was") {
  Sender sender;
  sender.requests->allow(5);
  sender.begin(1);
  sender.begin(2);
  sender.requests->repeat();
  REQUIRE(sender.sent.size() == 4);
  CHECK(sender.sent[2] == sender.sent[0]);
  CHECK(sender.sent[3] == sender.sent[1]);
}

TEST_CASE("Requests that go first do, and at the end all are told and none follows") {
  Sender sender;
  const auto first = sender.begin(1);
  const auto second = sender.begin(2);
  auto urgent = std::make_shared<Record>();
  sender.requests->begin_first(std::make_shared<RecordedExchange>(9, urgent));
  sender.answer(0);
  CHECK(sender.marks() == std::vector{1u, 9u});
  sender.requests->end(NoResponse::SaGone);
  CHECK(urgent->unanswered == std::vector{NoResponse::SaGone});
  CHECK(second->unanswered == std::vector{NoResponse::SaGone});
  CHECK(first->unanswered.empty());
  const auto late = sender.begin(3);
  CHECK(late->unanswered == std::vector{NoResponse::SaGone});
  sender.pass(100s);
  CHECK(sender.sent.size() == 2);
  CHECK(sender.given_up == 0);
  CHECK(sender.timers.size() == 0);
}

TEST_CASE("IKE-25: no request has the last message ID, and none wraps to 0") {
  Sender sender;
  sender.requests->allow(5);
  sender.requests->start_at(0xfffffffd);
  for (std::uint8_t mark = 1; mark <= 4; ++mark) sender.begin(mark);
  CHECK(sender.marks() == std::vector{1u, 2u});
  CHECK(sender.requests->find(0xfffffffe));
  CHECK_FALSE(sender.requests->find(0xffffffff));
  CHECK_FALSE(sender.requests->find(0));
}

TEST_CASE("Timers of requests end with them") {
  Sender sender;
  sender.begin(1);
  CHECK(sender.timers.size() == 1);
  sender.requests.reset();
  CHECK(sender.timers.size() == 0);
  sender.pass(200s);
  CHECK(sender.given_up == 0);
}

}  // namespace
}  // namespace sallyport::ike::test::windows_test
