// Who is there on a link: what is asked, how often, and whose answer counts.
#include "dataplane/neighbour_questions.h"

#include <catch2/catch.hpp>

#include "dataplane/neighbour_messages.h"
#include "tests/dataplane/neighbour_link.h"

namespace sallyport::neighbour_questions_test {
namespace {

using namespace std::chrono_literals;
using Asker = NeighbourQuestions::Asker;
using Kind = NeighbourMessage::Kind;

const Address kRouter = ip("fe80::b");
const Address kHome = ip("2001:db8:1::10");

struct Link : NeighbourLink {
  void ask(const NeighbourQuestions::Question& question) {
    questions.ask(
        question, [this](const std::optional<MacAddress>& one) { answers.push_back(one); },
        clock.now());
  }
  void wait(Duration time) {
    clock.advance(time);
    questions.tick(clock.now());
  }
  void hears(const NeighbourMessage& message, PortId port = kLan, const MacAddress& from = mac(7)) {
    const auto bytes = build_neighbour_message(message);
    REQUIRE(messages.take_discovery(
        {.datagram = bytes, .summary = summary_of(bytes), .port = port, .mac = from}, clock.now()));
  }
  std::size_t sent() const { return sender.datagrams.size(); }

  NeighbourQuestions questions{{own, sender}};
  NeighbourMessages messages{{own, sender, neighbours, nullptr, &questions}};
  std::vector<std::optional<MacAddress>> answers;
};

NeighbourMessage answer(const Address& target, bool solicited) {
  return {.kind = Kind::Advertisement,
          .source = target,
          .destination = solicited ? mac(0xa0).link_local() : all_nodes(),
          .target = target,
          .link_address = mac(7),
          .solicited = solicited,
          .override = true};
}

}  // namespace

TEST_CASE("MN-01: a router is asked where it was, three times, and is not there then") {
  Link link;
  link.ask({.port = kLan, .target = kRouter, .asker = Asker::Known, .known = mac(7)});
  REQUIRE(link.sent() == 1);
  CHECK(discovery_in(link.sender.datagrams.front()) ==
        NeighbourMessage{.kind = Kind::Solicitation,
                         .source = mac(0xa0).link_local(),
                         .destination = kRouter,
                         .target = kRouter,
                         .link_address = mac(0xa0)});
  CHECK(link.sender.datagrams.front().to == LinkDestination{kLan, mac(7)});
  link.wait(999ms);
  CHECK(link.sent() == 1);
  link.wait(1ms);
  link.wait(1s);
  CHECK(link.sent() == 3);
  CHECK(link.answers.empty());
  link.wait(1s);
  CHECK(link.sent() == 3);
  CHECK(link.answers == std::vector<std::optional<MacAddress>>{std::nullopt});
  link.wait(10s);
  CHECK(link.answers.size() == 1);
}

TEST_CASE("MN-01: only what answers the question, from that link, shows a router reachable") {
  Link link;
  link.ask({.port = kLan, .target = kRouter, .asker = Asker::Known});
  link.hears(answer(kRouter, false));
  link.hears(answer(kRouter, true), kWan);
  link.hears(answer(ip("fe80::c"), true));
  link.hears(answer(kRouter, true), kLan, mac(0xa0));  // ours, come back
  CHECK(link.answers.empty());
  link.hears(answer(kRouter, true));
  CHECK(link.answers == std::vector<std::optional<MacAddress>>{mac(7)});
}

TEST_CASE("MN-09: who defends an address is asked by nobody in particular, and tells all nodes") {
  Link link;
  link.ask({.port = kLan, .target = kHome, .asker = Asker::Nobody});
  link.ask({.port = kLan, .target = kHome, .asker = Asker::Nobody});  // under way already
  REQUIRE(link.sent() == 1);
  CHECK(discovery_in(link.sender.datagrams.front()) ==
        NeighbourMessage{.kind = Kind::Solicitation,
                         .source = Address::any(Family::V6),
                         .destination = solicited_node(kHome),
                         .target = kHome});
  link.hears(answer(kHome, false));
  CHECK(link.answers == std::vector<std::optional<MacAddress>>{mac(7), mac(7)});
}

}  // namespace sallyport::neighbour_questions_test
