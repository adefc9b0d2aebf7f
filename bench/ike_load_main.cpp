// sallyport-bench-ike: what IKE SAs with one child cost the responder, in processor time and in
// memory.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/ike_parties.h"
#include "bench/program.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;
using Json = nlohmann::ordered_json;

constexpr auto kProgram = "sallyport-bench-ike";

struct IkeLine {
  unsigned count{};
  unsigned hold{};
  std::string json;
  bool help{};
};

options::options_description description() {
  options::options_description all(kProgram);
  all.add_options()("count", options::value<unsigned>()->default_value(1000),
                    "IKE SAs of each kind that are timed")(
      "hold", options::value<unsigned>()->default_value(100'000),
      "IKE SAs by pre-shared key that are up at once; 0: not tried")(
      "json", options::value<std::string>()->default_value(""), "file to write the figures to")(
      "help", "this text");
  return all;
}

Expected<IkeLine> read_ike_line(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv, description());
  if (!parsed) return std::unexpected(parsed.error());
  IkeLine line{.count = (*parsed)["count"].as<unsigned>(),
               .hold = (*parsed)["hold"].as<unsigned>(),
               .json = (*parsed)["json"].as<std::string>(),
               .help = parsed->contains("help")};
  if (line.count == 0) return fail(Error::Code::Invalid, "no such --count", "1 and up");
  return line;
}

struct Cost {
  double responder_microseconds{};
  double initiator_microseconds{};
  double responder_octets{};
};

// So many IKE SAs, one after the other; each is up before the next begins.
Expected<void> make(IkeParty& initiator, IkeParty& responder, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    Expected<void> begun;
    initiator.run([&] { begun = initiator.daemon().initiate_anew("all"); });
    if (!begun) return begun;
    while (responder.take_from(initiator) || initiator.take_from(responder)) continue;
  }
  initiator.poll();
  responder.poll();
  return {};
}

Expected<Cost> measure(const IkeLoad& load, Random& random) {
  const SystemClock clock;
  auto terms = make_terms(load);
  if (!terms) return std::unexpected(terms.error());
  IkeParty initiator(clock, random, std::move(terms->initiator));
  IkeParty responder(clock, random, std::move(terms->responder));
  if (auto warm = make(initiator, responder, std::min(load.peers, 20u)); !warm)
    return std::unexpected(warm.error());
  const auto spent = std::pair(responder.spent(), initiator.spent());
  if (auto made = make(initiator, responder, load.peers); !made)
    return std::unexpected(made.error());
  const double each = 1e-3 / load.peers;
  Cost cost{.responder_microseconds =
                static_cast<double>((responder.spent() - spent.first).count()) * each,
            .initiator_microseconds =
                static_cast<double>((initiator.spent() - spent.second).count()) * each};
  responder.weigh_memory();
  if (auto weighed = make(initiator, responder, load.peers); !weighed)
    return std::unexpected(weighed.error());
  cost.responder_octets = static_cast<double>(responder.kept()) / load.peers;
  const std::uint64_t expected = 2 * (2ull * load.peers + std::min(load.peers, 20u));
  if (responder.failures() + initiator.failures() != 0 || responder.installed() != expected)
    return fail(Error::Code::Refused, "not every IKE SA came to be");
  return cost;
}

Json row(const IkeLoad& load, const Cost& cost) {
  return {{"method", to_string(load.method)},
          {"group", facts(load.group).name},
          {"responder_microseconds", cost.responder_microseconds},
          {"responder_per_second", 1e6 / cost.responder_microseconds},
          {"initiator_microseconds", cost.initiator_microseconds},
          {"responder_octets", cost.responder_octets}};
}

Expected<Json> hold(unsigned count, Random& random) {
  const SystemClock clock;
  auto terms = make_terms({.peers = count});
  if (!terms) return std::unexpected(terms.error());
  IkeParty initiator(clock, random, std::move(terms->initiator));
  IkeParty responder(clock, random, std::move(terms->responder));
  if (auto made = make(initiator, responder, count); !made) return std::unexpected(made.error());
  if (responder.daemon().size() != count)
    return fail(Error::Code::Refused, "they are not all up at once");
  return Json{
      {"held", count},
      {"responder_microseconds", static_cast<double>(responder.spent().count()) * 1e-3 / count}};
}

Expected<void> run(const IkeLine& line) {
  auto random = SystemRandom::open();
  if (!random) return std::unexpected(random.error());
  Json rows = Json::array();
  for (const IkeLoad& load : {IkeLoad{IkeMethod::Psk, Group::Curve25519, line.count},
                              IkeLoad{IkeMethod::Psk, Group::Modp2048, line.count},
                              IkeLoad{IkeMethod::Ecdsa, Group::Curve25519, line.count},
                              IkeLoad{IkeMethod::Rsa, Group::Curve25519, line.count}}) {
    const auto cost = measure(load, *random);
    if (!cost) return std::unexpected(cost.error());
    rows.push_back(row(load, *cost));
    fmt::print(
        "{:10} {:10}  responder {:7.1f} us ({:6.0f}/s), initiator {:7.1f} us, {:6.0f} octets\n",
        to_string(load.method), facts(load.group).name, cost->responder_microseconds,
        1e6 / cost->responder_microseconds, cost->initiator_microseconds, cost->responder_octets);
  }
  Json all{{"bench", "ike"}, {"rows", std::move(rows)}};
  if (line.hold != 0) {
    auto held = hold(line.hold, *random);
    if (!held) return std::unexpected(held.error());
    fmt::print("{} held at once, {:.1f} us each\n", line.hold,
               (*held)["responder_microseconds"].get<double>());
    all["held"] = std::move(*held);
  }
  return write_report(line.json, all.dump(2) + "\n");
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_ike_line(argc, argv), text_of(description()), run);
}
