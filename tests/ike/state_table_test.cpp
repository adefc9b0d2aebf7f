// Every state of an IKE SA and of its children against every message (IKE-32): what comes of it,
// and that nothing is left of either when all is over.
#include <algorithm>
#include <catch2/catch.hpp>

#include "ike/wire/append.h"
#include "tests/ike/scenes.h"

namespace sallyport::ike::test::state_table_test {
namespace {

using namespace std::chrono_literals;

// Requests, by what they ask for. Those that no IKE SA here knows are the last.
enum class Kind : std::uint8_t {
  SaInit,
  Auth,
  Child,
  ChildRekey,
  IkeRekey,
  Nothing,
  ChildDelete,
  IkeDelete,
  Resume,
  Intermediate,
  FollowupKe,
  Unknown,
};
constexpr Kind kLastKind = Kind::Unknown;

ExchangeType exchange_of(Kind kind) {
  switch (kind) {
    case Kind::SaInit:
      return ExchangeType::IkeSaInit;
    case Kind::Auth:
      return ExchangeType::IkeAuth;
    case Kind::Child:
    case Kind::ChildRekey:
    case Kind::IkeRekey:
      return ExchangeType::CreateChildSa;
    case Kind::Nothing:
    case Kind::ChildDelete:
    case Kind::IkeDelete:
      return ExchangeType::Informational;
    case Kind::Resume:
      return ExchangeType::IkeSessionResume;
    case Kind::Intermediate:
      return ExchangeType::IkeIntermediate;
    case Kind::FollowupKe:
      return ExchangeType::IkeFollowupKe;
    case Kind::Unknown:
      break;
  }
  return static_cast<ExchangeType>(240);
}

constexpr std::string_view kNothing = "nothing";

struct Outcome {
  Kind kind;
  std::string_view what;
};
struct Stage {
  std::string_view name;
  std::function<void(Scene&)> prepare;
  std::vector<Outcome> requests{};      // whose turn it is; of others comes nothing
  std::string_view response{kNothing};  // an empty one to what is outstanding
};

// What every IKE SA that is up makes of requests, unless it is busy with something.
std::vector<Outcome> usual_outcomes() {
  return {{Kind::Child, "SA"},      {Kind::ChildRekey, "SA"}, {Kind::IkeRekey, "SA"},
          {Kind::Nothing, "empty"}, {Kind::ChildDelete, "D"}, {Kind::IkeDelete, "empty, ended"}};
}

std::vector<Outcome> but(std::vector<Outcome> outcomes, std::initializer_list<Outcome> others) {
  for (const Outcome& other : others)
    std::ranges::find(outcomes, other.kind, &Outcome::kind)->what = other.what;
  return outcomes;
}

constexpr std::string_view kLater = "TEMPORARY_FAILURE";

std::vector<Outcome> outcomes_without_creation() {
  return but(usual_outcomes(),
             {{Kind::Child, kLater}, {Kind::ChildRekey, kLater}, {Kind::IkeRekey, kLater}});
}

std::vector<Stage> first_stages() {
  return {{.name = "init sent", .prepare = init_sent},
          {.name = "init answered", .prepare = init_answered},
          {.name = "auth sent", .prepare = auth_sent, .response = "ended"},
          {.name = "auth answered", .prepare = auth_answered},
          {.name = "init received", .prepare = init_received},
          {.name = "auth expected",
           .prepare = auth_expected,
           .requests = {{Kind::Auth, "AUTHENTICATION_FAILED, ended"}}},
          {.name = "auth received", .prepare = auth_received}};
}

std::vector<Stage> eap_stages() {
  const std::vector<Outcome> refused = {{Kind::Auth, "AUTHENTICATION_FAILED, ended"},
                                        {Kind::Nothing, "empty"},
                                        {Kind::ChildDelete, "empty"},
                                        {Kind::IkeDelete, "empty, ended"}};
  return {{.name = "EAP offered", .prepare = eap_offered},
          {.name = "EAP sent", .prepare = eap_sent, .response = "ended"},
          {.name = "proof after EAP sent", .prepare = eap_proof_sent, .response = "ended"},
          {.name = "EAP received", .prepare = eap_received},
          {.name = "EAP expected", .prepare = eap_expected, .requests = refused},
          {.name = "proof after EAP expected", .prepare = eap_succeeded, .requests = refused}};
}

using Preparation = void (*)(Scene&, Node&);

// For Alice, who was the first initiator, and for Bob.
void add(std::vector<Stage>& stages, std::string_view name, Preparation prepare,
         const std::vector<Outcome>& requests, std::string_view response = kNothing) {
  for (Node TwoPeers::* const node : {&TwoPeers::alice, &TwoPeers::bob})
    stages.push_back({.name = name,
                      .prepare = [=](Scene& scene) { prepare(scene, (*scene.two).*node); },
                      .requests = requests,
                      .response = response});
}

std::vector<Stage> ike_stages() {
  const auto usual = usual_outcomes();
  // It still has the child, and what is to come of an IKE SA cannot be settled yet.
  const auto rekeying = but(usual, {{Kind::Child, kLater}, {Kind::ChildRekey, kLater}});
  // Its child is its successor's.
  const auto replaced = but(outcomes_without_creation(), {{Kind::ChildDelete, "empty"}});
  std::vector<Stage> stages;
  add(stages, "established", established, usual);
  add(stages, "IKE rekey sent", ike_rekeying, rekeying, "asks D(IKE)");
  add(stages, "IKE rekey answered", ike_rekey_answered,
      but(rekeying, {{Kind::IkeRekey, kNothing}}));  // it is worked at
  add(stages, "replaced by us", replaced_by_us, replaced, "ended");
  add(stages, "replaced by the peer", replaced_by_peer, replaced);
  add(stages, "deleting", deleting, outcomes_without_creation(), "ended");
  add(stages, "deleted by the peer", deleted_by_peer, {});
  return stages;
}

std::vector<Stage> child_stages() {
  const auto usual = usual_outcomes();
  std::vector<Stage> stages;
  add(stages, "child rekey sent", child_rekeying, but(usual, {{Kind::IkeRekey, kLater}}), "asks D");
  const auto going = but(
      usual, {{Kind::ChildRekey, kLater}, {Kind::IkeRekey, kLater}, {Kind::ChildDelete, "empty"}});
  add(stages, "child replaced by us", child_replaced_by_us, going, "child retired");
  add(stages, "child replaced by the peer", child_replaced_by_peer,
      but(usual, {{Kind::ChildRekey, "CHILD_SA_NOT_FOUND"}}));
  add(stages, "child being deleted", child_deleting, going, "child gone");
  return stages;
}

void write_child(PayloadChain& payloads, const Scene& scene) {
  const Policy& policy = *scene.other().policies.front();
  const ChildTerms terms = terms_of(*policy.protect, ForwardSecrecy::None);
  const SelectorPair selectors = offer_selectors(policy.selectors, nullptr);
  payloads.sa(offer_child(terms, Spi{0xabcdef}));
  payloads.nonce(Octets(32, 7));
  payloads.selectors(PayloadType::TsInitiator, selectors.local);
  payloads.selectors(PayloadType::TsResponder, selectors.remote);
}

void write_ike_rekey(PayloadChain& payloads, const Scene& scene) {
  Octets point(32, 0);
  point.front() = 9;
  payloads.sa(offer_ike(scene.other().pad().entries().front()->proposals, Octets(8, 0x77)));
  payloads.nonce(Octets(32, 7));
  payloads.key_exchange(facts(Group::Curve25519).ike_id, point);
}

Words request_of(Kind kind, const Scene& scene) {
  PayloadChain payloads;
  if (kind == Kind::ChildRekey) {
    Notify rekey{.type = NotifyType::RekeySa, .protocol = ProtocolId::Esp};
    append(rekey.spi, scene.child.value);
    payloads.notify(rekey);
  }
  if (kind == Kind::Child || kind == Kind::ChildRekey) write_child(payloads, scene);
  if (kind == Kind::IkeRekey) write_ike_rekey(payloads, scene);
  if (kind == Kind::ChildDelete) payloads.remove(ProtocolId::Esp, {&scene.child, 1});
  if (kind == Kind::IkeDelete) payloads.remove_ike_sa();
  return words_of(payloads);
}

bool deletes_ike_sa(const Message& message) {
  return std::ranges::any_of(message.deletes, [](const DeletePayload& payload) {
    return payload.protocol == ProtocolId::Ike;
  });
}

// One datagram of the target, in a word.
std::string in_words(const Scene& scene, const Datagram& datagram) {
  const auto heard = scene.voice->hears(datagram);
  if (!heard) return "in clear";
  const Header& header = heard->header;
  if (header.is_response() && header.message_id + 1 == scene.expected) return "again";
  const Message& message = heard->message;
  std::string what = "empty";
  if (const Notify* const error = message.error()) what = name_of(error->type);
  if (message.sa) what = "SA";
  if (!message.deletes.empty()) what = deletes_ike_sa(message) ? "D(IKE)" : "D";
  return header.is_response() ? what : "asks " + what;
}

const IkeSa* target_of(const Scene& scene) {
  for (const IkeSa* const sa : scene.target->ike_sas())
    if (sa->our_spi() == scene.spi) return sa;
  return nullptr;
}

const ChildSa* child_of(const Scene& scene) {
  for (const IkeSa* const sa : scene.target->ike_sas())
    for (const auto& child : sa->children)
      if (child->chosen.peer_spi == scene.child) return child.get();
  return nullptr;
}

// What the target makes of a message, in words.
std::string outcome_of(Scene& scene, const Datagram& datagram) {
  scene.two->alice.sent.clear();
  scene.two->bob.sent.clear();
  const bool known = target_of(scene) != nullptr;
  const ChildSa* const child = child_of(scene);
  const bool carried = child != nullptr && child->state != ChildState::Replaced;
  scene.two->deliver(scene.other(), datagram);

  std::string words;
  const auto say = [&](const std::string& word) { words += (words.empty() ? "" : ", ") + word; };
  for (const Datagram& sent : scene.target->sent) say(in_words(scene, sent));
  if (known && target_of(scene) == nullptr) say("ended");
  if (!words.empty()) return words;
  if (!carried) return std::string(kNothing);
  const ChildSa* const after = child_of(scene);
  if (after == nullptr) return "child gone";
  return after->state == ChildState::Replaced ? "child retired" : std::string(kNothing);
}

std::size_t left_behind(const Node& node) {
  const Daemon& daemon = *node.daemon;
  return daemon.size() + daemon.half_open() + daemon.answering() + daemon.timers() +
         node.installer.sas.size();
}

// Both say goodbye, and time does the rest.
void check_nothing_stays(Scene& scene) {
  TwoPeers& two = *scene.two;
  for (Node* const node : {&two.alice, &two.bob}) {
    node->jobs.at_once = true;
    node->jobs.run_all();
    node->daemon->close_all();
  }
  for (unsigned second = 0; second < 300; ++second) {
    two.settle();
    two.clock.advance(1s);
    two.poll();
    if (left_behind(two.alice) + left_behind(two.bob) == 0) return;
  }
  CHECK(left_behind(two.alice) == 0);
  CHECK(left_behind(two.bob) == 0);
}

std::string_view outcome_of(const Stage& stage, Kind kind) {
  const auto found = std::ranges::find(stage.requests, kind, &Outcome::kind);
  return found == stage.requests.end() ? kNothing : found->what;
}

// By how much a message ID is off; not further down than it goes.
std::vector<int> offsets(MessageId right) {
  return right == 0 ? std::vector{0, 1} : std::vector{0, 1, -1};
}

void check_request(const Stage& stage, Kind kind, int off) {
  Scene scene;
  stage.prepare(scene);
  const MessageId id = scene.expected + static_cast<MessageId>(off);
  const bool repeats = off == -1 && scene.answered == exchange_of(kind);
  std::string_view expected = kNothing;
  if (off == 0) expected = outcome_of(stage, kind);
  if (repeats) expected = "again";
  CAPTURE(stage.name, scene.target == &scene.two->alice, static_cast<int>(kind), off);
  const Datagram request =
      scene.voice->says(exchange_of(kind), Way::Request, id, request_of(kind, scene));
  CHECK(outcome_of(scene, request) == expected);
  check_nothing_stays(scene);
}

void check_response(const Stage& stage, Kind kind, int off) {
  Scene scene;
  stage.prepare(scene);
  const MessageId outstanding = scene.outstanding ? scene.outstanding->message_id : 0;
  const bool right =
      off == 0 && scene.outstanding && scene.outstanding->exchange == exchange_of(kind);
  CAPTURE(stage.name, scene.target == &scene.two->alice, static_cast<int>(kind), off);
  const Datagram response = scene.voice->says(exchange_of(kind), Way::Response,
                                              outstanding + static_cast<MessageId>(off));
  CHECK(outcome_of(scene, response) == (right ? stage.response : kNothing));
  check_nothing_stays(scene);
}

void check_stage(const Stage& stage) {
  Scene sample;
  stage.prepare(sample);
  for (std::uint8_t number = 0; number <= static_cast<std::uint8_t>(kLastKind); ++number) {
    const Kind kind{number};
    for (const int off : offsets(sample.expected)) check_request(stage, kind, off);
    for (const int off : offsets(sample.outstanding ? sample.outstanding->message_id : 0))
      check_response(stage, kind, off);
  }
}

TEST_CASE("IKE-32, IKE-11: before a peer is known, every state against every message") {
  for (const Stage& stage : first_stages()) check_stage(stage);
}

TEST_CASE("IKE-32, EAP-08: amid EAP, every state against every message") {
  for (const Stage& stage : eap_stages()) check_stage(stage);
}

TEST_CASE("IKE-32, IKE-11, IKE-112, IKE-115: IKE SAs that are up, against every message") {
  for (const Stage& stage : ike_stages()) check_stage(stage);
}

TEST_CASE("IKE-32, IKE-111, IKE-117, IKE-128: children on their way, against every message") {
  for (const Stage& stage : child_stages()) check_stage(stage);
}

}  // namespace
}  // namespace sallyport::ike::test::state_table_test
