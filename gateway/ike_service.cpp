#include "gateway/ike_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "net/udp.h"

namespace sallyport {
namespace {

// In front of IKE on port 4500, where ESP has its SPI (RFC 3948 2.2; IKE-06).
constexpr std::array<std::uint8_t, 4> kNonEspMarker{};

ike::Settings settings_of(const Configuration& configuration) {
  const IkeConfig& config = configuration.ike;
  ike::Settings settings;
  settings.retransmission = {.first = config.retransmit.initial,
                             .longest = config.retransmit.cap,
                             .give_up = config.retransmit.give_up};
  settings.admission.half_open = config.half_open_limit;
  settings.admission.cookie_threshold = config.cookie_threshold;
  settings.admission.half_open_per_source = config.half_open_per_source;
  settings.ike_sas = configuration.limits.ike_sas;
  return settings;
}

std::vector<ike::AddressPool> pools_of(const Configuration& configuration) {
  std::vector<ike::AddressPool> pools;
  for (const PoolConfig& pool : configuration.pools)
    pools.push_back({.name = pool.name,
                     .addresses = pool.addresses,
                     .dns = pool.dns,
                     .subnets = pool.subnets,
                     .netmask = pool.netmask,
                     .prefix_length = pool.prefix_length});
  return pools;
}

bool is_failure(ike::EventKind kind) {
  return kind == ike::EventKind::IkeFailed || kind == ike::EventKind::ChildFailed;
}

}  // namespace

IkeService::IkeService(const Surroundings& surroundings, Hooks hooks)
    : my_(surroundings),
      hooks_(std::move(hooks)),
      daemon_({.datagrams = *this,
               .installer = *this,
               .policies = *this,
               .peers = *this,
               .jobs = *this,
               .events = *this,
               .clock = surroundings.clock,
               .random = surroundings.random},
              {}) {
  for (const std::uint16_t port : {kIkePort, kIkeNatPort})
    my_.control.on_udp(port, [this](const UdpDatagram& datagram, Instant) { receive(datagram); });
}

IkeService::~IkeService() = default;

void IkeService::configure(const Configuration& configuration) {
  std::vector<Peer> peers;
  for (const PeerConfig& peer : configuration.peers) peers.push_back(peer.peer);
  // The configuration has been checked as a whole before.
  if (auto pad = Pad::of(std::move(peers)))
    pad_ = std::move(*pad);
  else
    spdlog::error("{}", to_string(pad.error()));
  policies_.clear();
  for (std::size_t spd = 0; spd < configuration.spds.size(); ++spd)
    for (const Policy* const policy : my_.spd.ordered(SpdId{static_cast<std::uint16_t>(spd)}))
      if (policy->protect && policy->protect->sas.empty())
        policies_.push_back(std::make_shared<const Policy>(*policy));
  daemon_.set(settings_of(configuration));
  daemon_.pools().replace(pools_of(configuration));
  daemon_.follow_configuration();
  daemon_.follow_addresses();
}

void IkeService::receive(const UdpDatagram& datagram) {
  ByteView message = datagram.payload;
  if (datagram.destination_port == kIkeNatPort) {
    if (message.size() < kNonEspMarker.size() ||
        !std::ranges::equal(message.first(kNonEspMarker.size()), kNonEspMarker))
      return;
    message = message.subspan(kNonEspMarker.size());
  }
  daemon_.receive(
      {{datagram.destination, datagram.destination_port}, {datagram.source, datagram.source_port}},
      message);
}

void IkeService::send(const ike::Path& path, ByteView message) {
  std::vector<std::uint8_t> payload;
  if (path.local.port == kIkeNatPort) payload.assign(kNonEspMarker.begin(), kNonEspMarker.end());
  payload.insert(payload.end(), message.begin(), message.end());
  my_.control.send_udp({.source = path.local.address,
                        .destination = path.remote.address,
                        .source_port = path.local.port,
                        .destination_port = path.remote.port,
                        .payload = payload});
}

void IkeService::send_keepalive(const ike::Path& path) {
  constexpr std::array<std::uint8_t, 1> kKeepalive{0xff};
  my_.control.send_udp({.source = path.local.address,
                        .destination = path.remote.address,
                        .source_port = path.local.port,
                        .destination_port = path.remote.port,
                        .payload = kKeepalive});
}

std::optional<Address> IkeService::source_for(const Address& remote) {
  return my_.control.source_for(remote);
}

Expected<void> IkeService::install(const ike::ChildPlace& place, std::vector<Sa> sas) {
  std::vector<std::string> names;
  for (const Sa& sa : sas) names.push_back(sa.name);
  // A question that took too long to answer has ended; the SAs are none the worse for it.
  const bool awaited =
      place.answers && my_.control.sa_misses().find({place.answers->value}) != nullptr;
  const auto installed =
      awaited ? my_.acquired.provide({place.answers->value}, std::move(sas), my_.clock.now())
              : my_.acquired.add(place.policy, place.packet, std::move(sas));
  if (!installed) return installed;
  for (const std::string& name : names) policy_of_.emplace(name, place.policy);
  return {};
}

void IkeService::uninstall(std::span<const std::string> names) {
  for (const std::string& name : names) policy_of_.erase(name);
  hooks_.uninstall(Sad::Names(names.begin(), names.end()));
}

void IkeService::on_uninstalled(const Sad::Names& names) {
  for (const std::string& name : names)
    if (policy_of_.erase(name) != 0) daemon_.on_uninstalled(name);
}

void IkeService::refuse(ike::AcquireId question) {
  static_cast<void>(my_.acquired.refuse({question.value}, my_.clock.now()));
}

Expected<void> IkeService::move(const std::string& name, const Endpoints& to,
                                const std::optional<UdpEncapsulation>& encapsulation) {
  const auto policy = policy_of_.find(name);
  if (policy == policy_of_.end()) return {};  // a half that is not installed yet
  return my_.sad.move(name, {to, encapsulation},
                      [this, policy = policy->second](SaSlot) { hooks_.reassign(policy); });
}

std::uint64_t IkeService::packets_of(const std::string& name) {
  const auto entry = my_.sad.find(name);
  if (!entry) return 0;
  return my_.dataplane.sas().counters(entry->sa->direction, entry->slot).packets;
}

void IkeService::acquire(const SaRequest& request) {
  const auto policy = std::ranges::find(policies_, request.policy.name,
                                        [](const Entry& entry) { return entry->name; });
  if (policy == policies_.end()) return refuse({request.id.value});
  daemon_.acquire({.policy = *policy,
                   .selectors = request.selectors,
                   .packet = request.packet,
                   .question = ike::AcquireId{request.id.value}});
}

void IkeService::soft_lifetime(const Sa& sa, LifeLimit) { daemon_.on_soft_limit(sa.name); }
void IkeService::hard_lifetime(const Sa& sa, LifeLimit) { daemon_.on_hard_limit(sa.name); }

void IkeService::report(const ike::Event& event) {
  const std::string text =
      fmt::format("{} {}: {} ({} to {}){}{}", to_string(event.kind), event.peer, event.subject,
                  to_string(event.path.local.address), to_string(event.path.remote.address),
                  event.detail.empty() ? "" : ": ", event.detail);
  if (is_failure(event.kind))
    spdlog::warn("{}", text);
  else
    spdlog::info("{}", text);
  AuditRecord record = my_.audit.begin(to_string(event.kind));
  record["ike_spi"] = fmt::format("{:016x}", event.spi.value);
  record["peer"] = event.peer;
  record["subject"] = event.subject;
  record["local"] = to_string(event.path.local.address);
  record["remote"] = to_string(event.path.remote.address);
  record["detail"] = event.detail;
  my_.audit.record(std::move(record));
}

}  // namespace sallyport
