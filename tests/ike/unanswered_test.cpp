// Questions that nothing comes of are told so at once, and a peer that puts us off is not asked for
// ever (RFC 7296 2.25; IKE-116).
#include <algorithm>
#include <catch2/catch.hpp>

#include "ike/temporary_failures.h"
#include "tests/ike/child_scenes.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test::unanswered_test {
namespace {

using namespace std::chrono_literals;

ChildRequest asking(const Node& node, AcquireId question) {
  return {.policy = node.policies.front(), .selectors = {}, .packet = {}, .question = question};
}

void run_one_job(Node& node) {
  const auto job = std::move(node.jobs.waiting.front());
  node.jobs.waiting.pop_front();
  job()();
}

// Goes on until Alice's pool has done so many jobs and has another one.
void run_up_to_job(TwoPeers& two, unsigned jobs) {
  for (unsigned done = 0; done <= jobs; ++done) {
    while (two.alice.jobs.waiting.empty()) {
      const bool moved = two.deliver(two.alice) || two.deliver(two.bob);
      REQUIRE(moved);
    }
    if (done < jobs) run_one_job(two.alice);
  }
}

void check_refused_once(TwoPeers& two, AcquireId question) {
  CHECK(two.alice.installer.refused == std::vector{question});
  CHECK(two.alice.daemon->size() == 0);
  two.alice.jobs.run_all();
  two.settle();
  CHECK(two.alice.installer.refused == std::vector{question});
  CHECK(two.alice.installer.sas.empty());
}

TEST_CASE("SPD-15: a question is refused as soon as its IKE SA has ended, in whatever job it was") {
  // The key pair, the agreement, our proof, the peer's proof.
  for (unsigned job = 0; job < 4; ++job) {
    CAPTURE(job);
    TwoPeers two;
    two.alice.jobs.at_once = false;
    two.alice.daemon->acquire(asking(two.alice, AcquireId{7}));
    run_up_to_job(two, job);
    CHECK(two.alice.installer.refused.empty());
    two.alice.daemon->close_all();
    check_refused_once(two, AcquireId{7});
  }
  // The key pair and the agreement of a further child.
  for (unsigned job = 0; job < 2; ++job) {
    CAPTURE(job);
    TwoPeers two;
    use_forward_secrecy(two);
    two.bring_up();
    two.alice.jobs.at_once = false;
    two.alice.daemon->acquire(asking(two.alice, AcquireId{7}));
    run_up_to_job(two, job);
    CHECK(two.alice.installer.refused.empty());
    two.bob.daemon->close_all();
    while (two.deliver(two.bob)) {
    }
    check_refused_once(two, AcquireId{7});
  }
}

TEST_CASE("SPD-15: a question is refused whatever the peer makes of it, and once") {
  enum class Course { OffGroup, BadValue, WithoutAnswer, Refused };
  for (const Course course :
       {Course::OffGroup, Course::BadValue, Course::WithoutAnswer, Course::Refused}) {
    CAPTURE(static_cast<int>(course));
    TwoPeers two;
    use_forward_secrecy(two);
    two.bring_up();
    Impostor bob(two.bob.only());
    two.alice.daemon->acquire(asking(two.alice, AcquireId{9}));
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.bob.sent.size() == 1);
    const auto heard = Impostor(two.alice.only()).hears(two.bob.sent.front());
    REQUIRE(heard);
    two.bob.sent.clear();
    PayloadChain answer;
    if (course == Course::OffGroup || course == Course::BadValue) {
      const std::uint16_t group = course == Course::OffGroup ? 19 : facts(Group::Curve25519).ike_id;
      answer.sa(*heard->message.sa);
      answer.nonce(*heard->message.nonce);
      answer.key_exchange(group, Octets(32, 0));  // of which nothing but zeros comes
      answer.selectors(PayloadType::TsInitiator, *heard->message.initiator_selectors);
      answer.selectors(PayloadType::TsResponder, *heard->message.responder_selectors);
    }
    if (course == Course::Refused) answer.notify(NotifyType::ChildSaNotFound);
    two.deliver(two.bob, bob.says(ExchangeType::CreateChildSa, Way::Response, 2, words_of(answer)));
    CHECK(two.alice.installer.refused == std::vector{AcquireId{9}});
    two.alice.daemon->close_all();
    two.settle();
    CHECK(two.alice.installer.refused == std::vector{AcquireId{9}});
    CHECK(two.alice.installer.sas.empty());
  }
}

TEST_CASE("IKE-116: waits after TEMPORARY_FAILURE double up to a limit, and come to an end") {
  Settings settings;
  TemporaryFailures failures;
  Instant now = ManualClock().now();
  std::vector<Duration> waits;
  while (const auto wait = failures.note(now, settings)) {
    waits.push_back(*wait);
    now += *wait;
    REQUIRE(waits.size() < 100);
  }
  CHECK(waits == std::vector<Duration>{2s, 2s, 4s, 8s, 16s, 30s, 30s, 30s, 30s, 30s});
  // Another answer, or none to speak of for long, and it begins anew.
  failures.forget();
  CHECK(failures.note(now, settings) == settings.retry);
  now += 179s;
  CHECK(failures.note(now, settings) == settings.retry);
  now += 60s;
  CHECK(failures.note(now, settings) == settings.retry_longest);
}

// A Bob who says TEMPORARY_FAILURE to all that is to be created, and is alive and well besides.
class BusyBob {
 public:
  explicit BusyBob(TwoPeers& two) : two_(two), voice_(two.bob.only()) {
    two.alice.sent.clear();
    two.bob.sent.clear();
  }

  // What Alice does in that time.
  void pass(Duration time) {
    const Instant end = two_.clock.now() + time;
    while (two_.clock.now() < end) {
      two_.clock.advance(100ms);
      two_.alice.daemon->poll();
      answer_all();
    }
  }
  void answer_all() {
    while (!two_.alice.sent.empty()) {
      const Datagram datagram = two_.alice.sent.front();
      two_.alice.sent.pop_front();
      answer(datagram);
    }
  }

  std::vector<Instant> asked;     // when something was to be created
  std::optional<Instant> closed;  // when the IKE SA was deleted

 private:
  void answer(const Datagram& datagram) {
    const auto heard = voice_.hears(datagram);
    REQUIRE(heard);
    PayloadChain words;
    if (heard->header.exchange == ExchangeType::CreateChildSa) {
      asked.push_back(two_.clock.now());
      words.notify(NotifyType::TemporaryFailure);
    }
    if (!heard->message.deletes.empty()) closed = two_.clock.now();
    two_.deliver(two_.bob, voice_.says(heard->header.exchange, Way::Response,
                                       heard->header.message_id, words_of(words)));
  }

  TwoPeers& two_;
  Impostor voice_;
};

void check_patience(const TwoPeers& two, const BusyBob& bob) {
  REQUIRE(bob.asked.size() > 5);
  CHECK(bob.asked.size() < 15);
  for (std::size_t i = 1; i < bob.asked.size(); ++i) {
    const Duration wait = bob.asked[i] - bob.asked[i - 1];
    CHECK(wait >= std::min<Duration>(bob.asked[i - 1] - bob.asked.front(), 30s));
    CHECK(wait >= 2s);
    CHECK(wait <= 46s);
  }
  REQUIRE(bob.closed);
  CHECK(*bob.closed - bob.asked.front() >= 3min);
  CHECK(*bob.closed - bob.asked.front() < 5min);
  CHECK(two.alice.daemon->size() == 0);
  CHECK(two.alice.installer.sas.empty());
  REQUIRE(two.alice.last(EventKind::IkeDown) != nullptr);
  CHECK(two.alice.last(EventKind::IkeDown)->detail.find("TEMPORARY_FAILURE") != std::string::npos);
}

TEST_CASE("IKE-116: a peer that puts off a rekey for minutes loses the IKE SA") {
  SECTION("of a child") {
    TwoPeers two;
    two.bring_up();
    BusyBob bob(two);
    REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
    bob.pass(5min);
    check_patience(two, bob);
  }
  SECTION("of the IKE SA") {
    TwoPeers two;
    two.bring_up();
    BusyBob bob(two);
    REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
    bob.pass(5min);
    check_patience(two, bob);
  }
}

TEST_CASE("IKE-116: two that put each other off do not do so for ever") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  REQUIRE(two.bob.daemon->rekey_child(two.bob.only().children.front()->name));
  // Each finds the other busy.
  two.pass(60s);
  CHECK(two.alice.count(EventKind::IkeRekeyed) == 1);
  CHECK(two.bob.count(EventKind::ChildRekeyed) == 1);
  CHECK(two.alice.installer.sas.size() == 2);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-116: a new child that is put off is refused at once, and may be asked for again") {
  TwoPeers two;
  two.bring_up();
  BusyBob bob(two);
  std::uint64_t questions = 0;
  while (!bob.closed && questions < 100) {
    two.alice.daemon->acquire(asking(two.alice, AcquireId{++questions}));
    bob.answer_all();
    CHECK(two.alice.installer.refused.size() == questions);
    bob.pass(5s);
  }
  REQUIRE(bob.closed);
  CHECK(questions > 30);
  CHECK(two.alice.daemon->size() == 0);
}

TEST_CASE("IKE-116: a rekey that was put off by an IKE rekey is made under the successor") {
  TwoPeers two;
  two.bring_up();
  const std::string before = two.alice.only().children.front()->name;
  REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
  REQUIRE(two.alice.daemon->rekey_child(before));
  REQUIRE(two.deliver(two.alice));
  const Datagram put_off = two.bob.sent.back();  // behind Bob's own request
  const auto heard = Impostor(two.alice.only()).hears(put_off);
  REQUIRE(heard);
  CHECK(heard->message.find(NotifyType::TemporaryFailure) != nullptr);
  two.bob.sent.pop_back();
  two.deliver(two.bob, put_off);
  two.pass(8s);
  CHECK(two.alice.count(EventKind::IkeRekeyed) == 1);
  CHECK(two.alice.count(EventKind::ChildRekeyed) == 1);
  CHECK(two.alice.only().children.front()->name != before);
  CHECK(two.alice.installer.sas.size() == 2);
  CHECK(two.bob.installer.sas.size() == 2);
  CHECK(two.traffic_flows());
}

}  // namespace
}  // namespace sallyport::ike::test::unanswered_test
