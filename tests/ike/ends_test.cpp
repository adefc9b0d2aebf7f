// How exchanges, children and IKE SAs end, and that nobody waits for what has ended.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/ike/impostor.h"

namespace sallyport::ike::test::ends_test {
namespace {

using namespace std::chrono_literals;

const std::string& only_child(const Node& node) { return node.only().children.at(0)->name; }

// Bob does not believe Alice: his answer to her IKE_AUTH request, which is given back.
Datagram refused_request(TwoPeers& two) {
  two.bob.set_peers({psk_peer("alice", "alice.example.org", "bob.example.org", "another secret")});
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.alice.sent.size() == 1);
  Datagram request = two.alice.sent.front();
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.sent.size() == 1);
  return request;
}

TEST_CASE("IKE-35, AUTH-06: a refusal in IKE_AUTH is given again, bit for bit, for a while") {
  TwoPeers two;
  const Datagram request = refused_request(two);
  const Datagram refusal = two.bob.sent.front();
  CHECK(two.bob.daemon->size() == 0);
  CHECK(two.bob.daemon->answering() == 1);
  two.bob.sent.clear();  // it is lost
  for (unsigned i = 0; i < 3; ++i) {
    two.clock.advance(5s);
    two.bob.daemon->poll();
    two.deliver(two.alice, request);
    REQUIRE(two.bob.sent.size() == 1);
    CHECK(two.bob.sent.front().message == refusal.message);
    if (i < 2) two.bob.sent.clear();
  }
  // What else comes under its keys is no business of the dead.
  Impostor alice(*two.alice.ike_sas().front());
  const Datagram refusal_again = two.bob.sent.front();
  two.bob.sent.clear();
  for (const MessageId id : {0u, 2u, 3u})
    two.deliver(two.alice, alice.says(ExchangeType::Informational, Way::Request, id));
  two.deliver(two.alice, alice.says(ExchangeType::IkeAuth, Way::Response, 1));
  CHECK(two.bob.sent.empty());
  two.deliver(two.bob, refusal_again);
  CHECK(two.alice.daemon->size() == 0);
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail == "AUTHENTICATION_FAILED from the peer");
  // Then it is forgotten, and nothing of it stays.
  two.pass_silently(100s);
  CHECK(two.bob.daemon->answering() == 0);
  CHECK(two.bob.daemon->timers() == 0);
  two.deliver(two.alice, request);
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().message != refusal.message);  // INVALID_IKE_SPI
}

TEST_CASE("IKE-35: those who are answered again have a bound: the oldest goes first") {
  TwoPeers two;
  std::vector<Datagram> requests;
  std::vector<Datagram> refusals;
  for (unsigned i = 0; i < 1100; ++i) {
    two.alice.start();
    two.alice.sent.clear();
    two.bob.sent.clear();
    requests.push_back(refused_request(two));
    refusals.push_back(two.bob.sent.front());
  }
  CHECK(two.bob.daemon->size() == 0);
  CHECK(two.bob.daemon->answering() == 1024);
  two.bob.sent.clear();
  two.deliver(two.alice, requests.back());
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().message == refusals.back().message);
  two.bob.sent.clear();
  two.clock.advance(1s);
  two.deliver(two.alice, requests.front());
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().message != refusals.front().message);
}

TEST_CASE("IKE-35, IKE-118: who has not heard that its Delete was answered hears it again") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.sent.size() == 1);
  two.bob.sent.clear();
  CHECK(two.bob.daemon->size() == 0);
  CHECK(two.alice.daemon->size() == 1);
  two.pass(1500ms);  // she repeats it
  CHECK(two.alice.daemon->size() == 0);
  REQUIRE(two.alice.last(EventKind::IkeDown) != nullptr);
  CHECK(two.alice.last(EventKind::IkeDown)->detail == "by the operator");
}

TEST_CASE("IKE-120: a malformed request is the end of the IKE SA at both ends, without Delete") {
  PayloadChain nonce_alone;
  nonce_alone.nonce(Octets(32, 1));
  const Words bad_notify{PayloadType::Notify, Octets{0, 0, 0, 5, 1}};
  for (const auto& [exchange, words] :
       {std::pair{ExchangeType::Informational, bad_notify},
        std::pair{ExchangeType::CreateChildSa, bad_notify},
        std::pair{ExchangeType::CreateChildSa, words_of(nonce_alone)}}) {
    TwoPeers two;
    two.bring_up();
    Impostor alice(two.alice.only());
    two.deliver(two.alice, alice.says(exchange, Way::Request, 2, words));
    REQUIRE(two.bob.sent.size() == 1);
    const auto answer = alice.hears(two.bob.sent.front());
    REQUIRE(answer);
    CHECK(answer->message.find(NotifyType::InvalidSyntax) != nullptr);
    CHECK(two.bob.daemon->size() == 0);
    CHECK(two.bob.installer.sas.empty());
  }
  // And where it is ours that was found malformed, we follow.
  TwoPeers two;
  two.bring_up();
  Impostor bob(two.bob.only());
  REQUIRE(two.alice.daemon->rekey_child(only_child(two.alice)));
  two.alice.sent.clear();
  PayloadChain syntax;
  syntax.notify(NotifyType::InvalidSyntax);
  two.deliver(two.bob, bob.says(ExchangeType::CreateChildSa, Way::Response, 2, words_of(syntax)));
  CHECK(two.alice.daemon->size() == 0);
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.alice.sent.empty());
}

TEST_CASE(
    "IKE-129, IKE-100: three errors end an IKE SA that is being authenticated, no other does") {
  for (const NotifyType type : {NotifyType::UnsupportedCriticalPayload, NotifyType::InvalidSyntax,
                                NotifyType::AuthenticationFailed, NotifyType::NoProposalChosen,
                                NotifyType::SinglePairRequired, NotifyType::InternalAddressFailure,
                                NotifyType::FailedCpRequired, NotifyType::TsUnacceptable}) {
    CAPTURE(name_of(type));
    TwoPeers two;
    REQUIRE(two.alice.daemon->initiate("net"));
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.deliver(two.bob));
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.bob.sent.size() == 1);
    // Bob's own IDr and AUTH, with other words behind them.
    const auto heard = Impostor(*two.alice.ike_sas().front()).hears(two.bob.sent.front());
    REQUIRE(heard);
    two.bob.sent.clear();
    PayloadChain answer;
    answer.id(PayloadType::IdResponder, heard->message.responder->body);
    answer.authentication(heard->message.authentication->method,
                          heard->message.authentication->data);
    answer.notify(type);
    two.deliver(
        two.bob,
        Impostor(two.bob.only()).says(ExchangeType::IkeAuth, Way::Response, 1, words_of(answer)));
    const bool ends = type == NotifyType::UnsupportedCriticalPayload ||
                      type == NotifyType::InvalidSyntax || type == NotifyType::AuthenticationFailed;
    CHECK(two.alice.up().size() == (ends ? 0u : 1u));
    CHECK(two.alice.daemon->size() == (ends ? 0u : 1u));
    CHECK(two.alice.installer.sas.empty());
    CHECK(two.alice.count(EventKind::ChildFailed) == 1);
    CHECK(two.alice.sent.empty());  // nothing is told to who has told it
  }
}

TEST_CASE("IKE-129: SA without selectors in IKE_AUTH is malformed, whoever it may be from") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  two.alice.sent.clear();
  Impostor alice(*two.alice.ike_sas().front());
  PayloadChain request;
  const Octets id = id_body(2, Octets{'a'});
  request.id(PayloadType::IdInitiator, id);
  request.authentication(AuthMethod::SharedKey, Octets(32, 1));
  request.sa(offer_child({.transforms = {parse_transform("aes128-gcm16").value()}, .groups = {}},
                         Spi{0x1234}));
  two.deliver(two.alice, alice.says(ExchangeType::IkeAuth, Way::Request, 1, words_of(request)));
  REQUIRE(two.bob.sent.size() == 1);
  const auto answer = alice.hears(two.bob.sent.front());
  REQUIRE(answer);
  REQUIRE(answer->message.notifies.size() == 1);
  CHECK(answer->message.notifies.front().type == NotifyType::InvalidSyntax);
  CHECK(two.bob.daemon->size() == 0);
}

TEST_CASE("Look-ups by number and name follow IKE SAs and children wherever they go") {
  TwoPeers two;
  two.bring_up();
  const std::uint64_t number = two.alice.only().number;
  const std::string child = only_child(two.alice);
  CHECK_FALSE(two.alice.daemon->rekey(number + 100));
  CHECK_FALSE(two.alice.daemon->rekey_child("net/0.0"));
  REQUIRE(two.alice.daemon->rekey(number));
  two.settle();
  two.poll();
  // The child has kept its name, and is its successor's.
  CHECK(two.alice.only().number != number);
  CHECK(only_child(two.alice) == child);
  CHECK_FALSE(two.alice.daemon->rekey(number));
  REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
  two.pass(3s);
  CHECK(only_child(two.alice) == child);
  REQUIRE(two.alice.daemon->rekey_child(child));
  two.pass(3s);
  CHECK(only_child(two.alice) != child);
  CHECK_FALSE(two.alice.daemon->rekey_child(child));
  CHECK_FALSE(two.alice.daemon->terminate_child(child));
  CHECK(two.traffic_flows());
  const std::string last = only_child(two.alice);
  two.alice.daemon->on_soft_limit(last + "-out");
  CHECK(two.alice.sent.size() == 1);
  two.pass(3s);
  CHECK(only_child(two.alice) != last);
  REQUIRE(two.alice.daemon->terminate_child(only_child(two.alice)));
  two.settle();
  CHECK(two.alice.only().children.empty());
  // Another child is made under the IKE SA that is there.
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.alice.daemon->size() == 1);
  CHECK(two.traffic_flows());
}

}  // namespace
}  // namespace sallyport::ike::test::ends_test
