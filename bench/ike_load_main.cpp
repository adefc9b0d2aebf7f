// sallyport-bench-ike: what IKE SAs with one child cost, in processor time and in memory: both
// sides in one process, or one side of a run by sockets.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/ike_in_process.h"
#include "bench/ike_initiator.h"
#include "bench/ike_line.h"
#include "bench/ike_responder.h"
#include "bench/program.h"

namespace sallyport::bench {
namespace {

constexpr auto kProgram = "sallyport-bench-ike";
using Json = nlohmann::ordered_json;

Expected<void> write_json(const IkeLine& line, const Json& report) {
  return write_report(line.json, report.dump(2) + "\n");
}

Json json_of(const IkeKind& kind, const InProcessCost& cost) {
  return {{"kind", kind.name},
          {"responder_microseconds", cost.responder_microseconds},
          {"responder_per_second", 1e6 / cost.responder_microseconds},
          {"initiator_microseconds", cost.initiator_microseconds},
          {"responder_octets", cost.responder_octets}};
}

// From the folder, where one is named.
Expected<IkePki> pki_for(const IkeLine& line, const IkeKind& kind) {
  if (line.identities.empty()) return make_pki(kind.method, line.certificates);
  return read_pki(std::filesystem::path(line.identities) / kind.name);
}

Expected<BothIdentities> identities_in_process(const IkeLine& line, const IkeKind& kind) {
  if (kind.method == IkeMethod::Psk) return shared_secret_of_both();
  const auto pki = pki_for(line, kind);
  if (!pki) return std::unexpected(pki.error());
  return both_of(*pki);
}

Expected<void> run_in_process(const IkeLine& line, Random& random) {
  Json rows = Json::array();
  for (const IkeKind& kind : line.kinds) {
    const auto identities = identities_in_process(line, kind);
    if (!identities) return std::unexpected(identities.error());
    const auto cost = measure_in_process(kind, *identities, line.count, random);
    if (!cost) return std::unexpected(cost.error());
    rows.push_back(json_of(kind, *cost));
    fmt::print("{:15} responder {:7.1f} us ({:6.0f}/s), initiator {:7.1f} us, {:6.0f} octets\n",
               kind.name, cost->responder_microseconds, 1e6 / cost->responder_microseconds,
               cost->initiator_microseconds, cost->responder_octets);
  }
  Json report{{"bench", "ike"}, {"rows", std::move(rows)}};
  if (line.hold != 0) {
    const auto each = hold_in_process(line.hold, random);
    if (!each) return std::unexpected(each.error());
    fmt::print("{} held at once, {:.1f} us each\n", line.hold, *each);
    report["held"] = {{"held", line.hold}, {"responder_microseconds", *each}};
  }
  return write_json(line, report);
}

Expected<void> run_make_identities(const IkeLine& line) {
  for (const IkeKind& kind : line.kinds) {
    if (kind.method == IkeMethod::Psk) continue;
    const std::filesystem::path folder = line.make_identities;
    if (auto written = write_pki(make_pki(kind.method, line.certificates), folder / kind.name);
        !written)
      return written;
  }
  return {};
}

Expected<IkeIdentities> identities_for(const IkeLine& line, ike::Side side) {
  const IkeKind& kind = line.kinds.front();
  if (kind.method == IkeMethod::Psk) return shared_secret();
  const auto pki = pki_for(line, kind);
  if (!pki) return std::unexpected(pki.error());
  return identities_of(*pki, side);
}

Expected<void> run_responder(const IkeLine& line, Random& random) {
  const auto identities = identities_for(line, ike::Side::Responder);
  if (!identities) return std::unexpected(identities.error());
  const auto report =
      respond({.address = *line.respond, .kind = line.kinds.front(), .capacity = line.capacity},
              *identities, random);
  if (!report) return std::unexpected(report.error());
  const Json json{{"ike_sas", report->ike_sas},
                  {"children", report->children},
                  {"slot_octets", report->slot_octets},
                  {"failures", report->failures}};
  fmt::print("{}\n", json.dump());
  return write_json(line, json);
}

Expected<void> run_initiator(const IkeLine& line, Random& random) {
  const auto identities = identities_for(line, ike::Side::Initiator);
  if (!identities) return std::unexpected(identities.error());
  const auto report = initiate({.outer = {*line.from, *line.initiate},
                                .kind = line.kinds.front(),
                                .warm_up = line.warm_up,
                                .count = line.count,
                                .in_flight = line.in_flight,
                                .responder = line.responder_process},
                               *identities, random);
  if (!report) return std::unexpected(report.error());
  const IkeLatencies& latencies = report->latencies;
  const Json json{{"kind", line.kinds.front().name},
                  {"count", line.count},
                  {"in_flight", line.in_flight},
                  {"seconds", report->seconds},
                  {"per_second", line.count / report->seconds},
                  {"initiator_microseconds", report->initiator_microseconds},
                  {"responder_microseconds", report->responder_microseconds},
                  {"responder_octets", report->responder_octets},
                  {"latency_microseconds",
                   {{"p50", latencies.half},
                    {"p90", latencies.nine_tenths},
                    {"p99", latencies.all_but_hundredth},
                    {"most", latencies.most}}}};
  fmt::print("{}\n", json.dump());
  return write_json(line, json);
}

Expected<void> run(const IkeLine& line) {
  if (!line.make_identities.empty()) return run_make_identities(line);
  auto random = SystemRandom::open();
  if (!random) return std::unexpected(random.error());
  if (line.respond) return run_responder(line, *random);
  if (line.initiate) return run_initiator(line, *random);
  return run_in_process(line, *random);
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_ike_line(argc, argv), ike_usage(), run);
}
