// EAP-MSCHAPv2 between both of its sides, without IKE.
#include <catch2/catch.hpp>
#include <optional>

#include "ike/eap/local_users.h"
#include "ike/eap/ms_chap_message.h"
#include "ike/eap/peer.h"
#include "tests/crypto/octets.h"
#include "tests/support/fixed_random.h"

namespace sallyport::ike::eap_method_test {
namespace {

using sallyport::test::text_view;
using Round = LocalUsers::IdentityRound;

LocalUsers table(Round round) {
  LocalUsers::Users users;
  users.emplace("carol", LocalUser{nt_hash(text_view("open sesame")).value(),
                                   Identity::parse("subscriber-7.example.org").value()});
  return {"aaa", std::move(users), round};
}

std::unique_ptr<EapPeer> peer_of(const std::string& user, std::string_view password,
                                 Random& random) {
  LocalAuthentication by{.kind = AuthenticationKind::Eap,
                         .secret = std::make_shared<const SecretBytes>(text_view(password)),
                         .credential = nullptr};
  by.user = user;
  return EapPeer::of(by, random).value();
}

// A conversation, and what it has said last.
class Table {
 public:
  explicit Table(Round round = Round::None)
      : conversation_(table(round).begin(Identity::parse("x.org").value(), random_)) {
    hears({});
  }
  void hears(ByteView response) {
    bool said = false;
    conversation_->take(response, [&](EapStep step) {
      said = true;
      last = std::move(step);
    });
    REQUIRE(said);
  }
  [[nodiscard]] EapPacket request() const {
    const auto* const asked = std::get_if<EapRequest>(&last);
    REQUIRE(asked != nullptr);
    return parse_eap_packet(asked->packet).value();
  }
  [[nodiscard]] std::string failure() const {
    const auto* const failed = std::get_if<EapFailure>(&last);
    if (failed == nullptr) return {};
    CHECK(parse_eap_packet(failed->packet)->code == EapCode::Failure);
    return failed->why;
  }
  EapStep last;

 private:
  FixedRandom random_{11};
  std::unique_ptr<EapConversation> conversation_;
};

// The two until the table has come to an end.
struct Talk {
  explicit Talk(const std::string& user = "carol", std::string_view password = "open sesame",
                Round round = Round::None)
      : side(round), peer(peer_of(user, password, random)) {}
  unsigned run() {
    unsigned rounds = 0;
    while (std::holds_alternative<EapRequest>(side.last) && rounds < 10) {
      const auto response = peer->answer(side.request());
      REQUIRE(response);
      side.hears(*response);
      ++rounds;
    }
    return rounds;
  }
  FixedRandom random{22};
  Table side;
  std::unique_ptr<EapPeer> peer;
};

Octets response_to(const EapPacket& request, ByteView data) {
  return eap_response(request.identifier, request.type, data);
}

}  // namespace

TEST_CASE("EAP-03, EAP-05: both sides come to one MSK, and to who the user is") {
  Talk talk;
  CHECK(talk.run() == 2);
  auto* const success = std::get_if<EapSuccess>(&talk.side.last);
  REQUIRE(success != nullptr);
  CHECK(success->packet.size() == 4);
  CHECK(to_string(success->identity) == "subscriber-7.example.org");
  CHECK(success->msk.size() == kLeastMskBytes);
  const auto msk = talk.peer->take_key();
  REQUIRE(msk);
  CHECK(to_octets(msk->view()) == to_octets(success->msk.view()));
  CHECK_FALSE(talk.peer->take_key());  // once
}

TEST_CASE("EAP-05: an identity is asked for where the table says so, and decides nothing") {
  Talk talk("carol", "open sesame", Round::First);
  CHECK(talk.side.request().type == EapType::Identity);
  const auto response = talk.peer->answer(talk.side.request());
  REQUIRE(response);
  CHECK(to_octets(parse_eap_packet(*response)->data) == to_octets(text_view("carol")));
  const EapPacket asked = talk.side.request();
  talk.side.hears(response_to(asked, text_view("somebody else")));
  CHECK(talk.side.request().type == EapType::MsChapV2);
  talk.run();
  REQUIRE(std::holds_alternative<EapSuccess>(talk.side.last));
  CHECK(to_string(std::get<EapSuccess>(talk.side.last).identity) == "subscriber-7.example.org");
  // What is no identity is no answer.
  Table other(Round::First);
  other.hears(eap_response(other.request().identifier, EapType::MsChapV2, {}));
  CHECK(other.failure() == "no identity");
}

TEST_CASE("EAP-06: a domain in front of the user's name is passed over") {
  Talk talk("EXAMPLE\\carol");
  talk.run();
  CHECK(std::holds_alternative<EapSuccess>(talk.side.last));
}

TEST_CASE("EAP-08: wrong passwords and unknown users hear the same, and fail") {
  Talk wrong("carol", "open barley");
  CHECK(wrong.run() == 2);
  CHECK(wrong.side.failure() == "a wrong password of user \"carol\"");
  CHECK_FALSE(wrong.peer->take_key());
  Talk unknown("mallory\n", "open sesame");
  CHECK(unknown.run() == 2);
  CHECK(unknown.side.failure() == "no user \"mallory?\"");
  for (const std::string user : {"carol", "mallory"}) {
    Talk talk(user, "no");
    talk.side.hears(*talk.peer->answer(talk.side.request()));
    const auto message = parse_ms_chap(talk.side.request().data);
    REQUIRE(message);
    CHECK(message->op == MsChapOp::Failure);
    CHECK(message->text.starts_with("E=691 R=0 C="));  // no second attempt
  }
}

TEST_CASE("EAP-08: after a wrong password nothing that is said makes it good") {
  Talk talk("carol", "open barley");
  talk.side.hears(*talk.peer->answer(talk.side.request()));
  talk.side.hears(response_to(talk.side.request(), ms_chap_acknowledgement(MsChapOp::Success)));
  CHECK(talk.side.failure() == "a wrong password of user \"carol\"");
}

TEST_CASE("EAP-02: responses that answer nothing fail: late, malformed, out of turn") {
  const auto failure_of = [](const std::function<Octets(const EapPacket&)>& response) {
    Table side;
    side.hears(response(side.request()));
    return side.failure();
  };
  const auto of_type = [](const EapPacket& request, int identifier, EapType type, ByteView data) {
    return eap_response(static_cast<std::uint8_t>(request.identifier + identifier), type, data);
  };
  const std::string none = "no EAP response to what was asked";
  const Octets acknowledgement = ms_chap_acknowledgement(MsChapOp::Success);
  CHECK(failure_of([](const EapPacket&) { return Octets{}; }) == none);
  CHECK(failure_of([](const EapPacket&) { return Octets(4, 2); }) == none);
  CHECK(failure_of([&](const EapPacket& request) {
          return of_type(request, -1, EapType::MsChapV2, acknowledgement);
        }) == none);
  CHECK(failure_of([&](const EapPacket& request) {
          return eap_request(request.identifier, EapType::MsChapV2, acknowledgement);
        }) == none);
  CHECK(failure_of([](const EapPacket& request) { return eap_success(request.identifier); }) ==
        none);
  CHECK(failure_of([&](const EapPacket& request) {
          return of_type(request, 0, EapType::Nak, Octets{13});
        }) == "the peer wants another EAP method");
  CHECK(failure_of([&](const EapPacket& request) {
          return of_type(request, 0, EapType::Identity, {});
        }) == "a response of another EAP method");
  CHECK(failure_of([&](const EapPacket& request) { return response_to(request, Octets{9}); }) ==
        "a malformed response of MS-CHAPv2");
  // An acknowledgement before there is a success proves nothing.
  CHECK(failure_of([&](const EapPacket& request) {
          return response_to(request, acknowledgement);
        }) == "no response to the challenge of MS-CHAPv2");
}

TEST_CASE("EAP-06: a proof for another challenge, or of another length, is none") {
  Talk talk;
  const auto response = talk.peer->answer(talk.side.request());
  REQUIRE(response);
  const auto message = parse_ms_chap(parse_eap_packet(*response)->data).value();
  const auto says = [&](MsChapMessage altered) {
    Table side;
    const EapPacket request = side.request();
    altered.id = parse_ms_chap(request.data)->id;
    side.hears(response_to(request, ms_chap_value(altered)));
    if (!side.failure().empty()) return side.failure();
    side.hears(response_to(side.request(), ms_chap_acknowledgement(MsChapOp::Failure)));
    return side.failure();
  };
  // The same seed, the same challenge: then it fits, and only then.
  CHECK(says(message) == "the peer does not believe us");
  for (const std::size_t octet : {0u, 15u, 24u, 47u}) {
    Octets value = to_octets(message.value);
    value[octet] ^= 1;
    MsChapMessage altered = message;
    altered.value = value;
    CHECK(says(altered) == "a wrong password of user \"carol\"");
  }
  MsChapMessage shorter = message;
  shorter.value = message.value.first(48);
  CHECK(says(shorter) == "no response to the challenge of MS-CHAPv2");
}

TEST_CASE("EAP-06: an authenticator that does not know the password is not believed") {
  Talk talk;
  talk.side.hears(*talk.peer->answer(talk.side.request()));
  const auto message = parse_ms_chap(talk.side.request().data).value();
  std::string text(message.text);
  text[2] = text[2] == '0' ? '1' : '0';
  MsChapMessage altered = message;
  altered.text = text;
  const Octets data = ms_chap_text(altered);
  EapPacket request = talk.side.request();
  request.data = data;
  const auto answer = talk.peer->answer(request);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().what.find("does not know the password") != std::string::npos);
  CHECK_FALSE(talk.peer->take_key());
}

TEST_CASE("EAP-06: no key before both sides have proved themselves") {
  Talk talk;
  CHECK_FALSE(talk.peer->take_key());
  talk.side.hears(*talk.peer->answer(talk.side.request()));
  CHECK_FALSE(talk.peer->take_key());
  // A second challenge could be meant to try out passwords.
  const Octets value(16, 1);
  const Octets challenge =
      ms_chap_value({.op = MsChapOp::Challenge, .id = 1, .value = value, .text = "x"});
  CHECK_FALSE(talk.peer->answer(
      {.code = EapCode::Request, .identifier = 1, .type = EapType::MsChapV2, .data = challenge}));
}

TEST_CASE("EAP-06: what a peer hears that is not its method it declines, or answers for EAP") {
  FixedRandom random(5);
  const auto peer = peer_of("carol", "open sesame", random);
  const auto answer = [&](EapType type) {
    return peer->answer({.code = EapCode::Request, .identifier = 6, .type = type}).value();
  };
  CHECK(answer(EapType{13}) == eap_response(6, EapType::Nak, Octets{26}));
  CHECK(answer(EapType::Notification) == eap_response(6, EapType::Notification, {}));
}

}  // namespace sallyport::ike::eap_method_test
