#include "tests/differential/worker_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "dataplane/dataplane_parts.h"
#include "dataplane/policy_match.h"
#include "net/protocol.h"

namespace sallyport::differential {
namespace {

constexpr PortId kLab{2};  // by which the local user's packets come in
constexpr unsigned kWholeEvery = 16;

// For whom all pieces are looked at. The packet alone decides, so that a course that fails does so
// however short it is made.
bool is_sampled(const SelectorFields& fields) {
  const auto sum = number_of(fields.local) + number_of(fields.remote) + fields.local_port;
  return static_cast<unsigned>(sum % kWholeEvery) == fields.remote_port % kWholeEvery;
}

TestGateway::Settings settings() {
  auto settings = two_ports({});
  PortSettings lab = settings.ports[kInside.value];
  lab.name = "lab";
  lab.addresses = {Prefix::parse("10.99.0.1/24").value()};
  lab.mac.reset();
  lab.user = UserId{1};
  settings.ports.push_back(lab);
  settings.users = {std::string(kUser)};
  settings.workers = 1;
  settings.flows = 256;  // small, so that flows displace each other
  settings.flow_cache.keep_active = {};
  return settings;
}

// The packet that has these fields.
PacketSummary summary_of(const Step& step) {
  const SelectorFields& fields = step.fields;
  const bool outbound = step.direction == Direction::Outbound;
  const PortValue sent = outbound ? fields.local_port : fields.remote_port;
  const PortValue other = outbound ? fields.remote_port : fields.local_port;
  PacketSummary summary;
  summary.family = fields.local.family;
  summary.source = (outbound ? fields.local : fields.remote).bytes;
  summary.destination = (outbound ? fields.remote : fields.local).bytes;
  summary.protocol = fields.protocol;
  summary.ports_visible = sent != kUnavailable;
  if (summary.ports_visible) summary.source_port = static_cast<std::uint16_t>(sent);
  if (summary.ports_visible && other != kNotApplicable)
    summary.destination_port = static_cast<std::uint16_t>(other);
  return summary;
}

}  // namespace

WorkerAnswers::WorkerAnswers() : gateway_(std::make_unique<TestGateway>(settings())) {
  // Whatever is protected has an SA, as far as a flow cache can tell.
  for (std::uint32_t id = 0; id <= Spd::ids_for(256); ++id)
    gateway_->dataplane().handles().assign(SaHandle{id}, SaSlot{0});
}

WorkerAnswers::~WorkerAnswers() = default;

void WorkerAnswers::begin() {
  gateway_->spd().replace({});
  gateway_->publish();
  gateway_->settle();
  gateway_->spd().reuse(gateway_->spd().take_removed());
}

void WorkerAnswers::edit(const Step& step, const PlainList& list) {
  Spd& spd = gateway_->spd();
  bool done = false;
  switch (step.kind) {
    case Step::Kind::Insert:
      done = spd.insert(step.policy, list.place_of(step)).has_value();
      break;
    case Step::Kind::Remove:
      done = spd.remove(step.policy.name).has_value();
      break;
    default:
      done = spd.move(step.policy.name, list.place_of(step)).has_value();
      break;
  }
  REQUIRE(done);
  gateway_->publish();
}

std::string WorkerAnswers::ask_worker(const Step& step) {
  const auto& worker = gateway_->dataplane().parts().workers.front();
  // The worker stands still: this thread is it.
  auto& my = const_cast<WorkerContext&>(worker->context());
  const NextHop out{NextHop::Kind::OnLink, kOutside, {}};
  auto store = std::make_unique<PacketStore>();
  Packet& packet = (*store)[0];
  packet = Packet{};
  packet.summary = summary_of(step);
  const bool outbound = step.direction == Direction::Outbound;
  packet.ingress = !outbound ? kOutside : step.by_user ? kLab : kInside;
  packet.next_hop = &out;
  Burst burst;
  burst.push(packet);
  const Tables& now = gateway_->dataplane().parts().tables->latest();
  if (outbound)
    match_policies<Direction::Outbound>(burst, now, my);
  else
    match_policies<Direction::Inbound>(burst, now, my);
  const Policy* const policy = gateway_->spd().find(packet.policy);
  if (policy == nullptr) return {};
  return packet.action == policy->action ? policy->name : policy->name + " with another action";
}

std::string WorkerAnswers::decorrelated_objection(const Step& step, const PlainList& list,
                                                  const std::string& name) {
  const std::vector<const Policy*> met = list.met_by(step);
  Decorrelation decorrelation(met);
  const auto place = std::ranges::find(met, name, &Policy::name);
  if (place != met.end()) {
    const auto piece =
        decorrelation.piece_of(static_cast<std::size_t>(place - met.begin()), step.fields);
    if (!piece || !piece->region.contains(step.fields)) return "no piece of " + name;
  }
  if (!is_sampled(step.fields)) return {};
  for (std::size_t i = 0; i < met.size(); ++i) {
    const auto pieces = decorrelation.pieces_of(i);
    if (!pieces) continue;  // too many: matched in order
    pieces_ += pieces->regions.size();
    const auto holding = std::ranges::count_if(
        pieces->regions, [&](const Region& region) { return region.contains(step.fields); });
    if (holding != (met[i]->name == name ? 1 : 0))
      return fmt::format("{} piece(s) of {}", holding, met[i]->name);
  }
  return {};
}

std::string WorkerAnswers::ask(const Step& step, const PlainList& list) {
  std::string name = ask_worker(step);
  std::string objection = decorrelated_objection(step, list, name);
  return objection.empty() ? name : objection;
}

std::uint64_t WorkerAnswers::cached() const {
  return gateway_->dataplane().parts().workers.front()->flows().hits();
}

std::uint64_t WorkerAnswers::stale() const {
  return gateway_->dataplane().parts().workers.front()->flows().stale.read();
}

}  // namespace sallyport::differential
