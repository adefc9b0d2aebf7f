#include "gateway/ike_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "ike/key_log.h"
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
  settings.hash_and_url = config.hash_and_url;
  return settings;
}

std::vector<ike::AddressPool> pools_of(const Configuration& configuration) {
  std::vector<ike::AddressPool> pools;
  for (const PoolConfig& pool : configuration.pools) {
    pools.push_back({.name = pool.name,
                     .addresses = pool.addresses,
                     .dns = pool.dns,
                     .subnets = pool.subnets,
                     .netmask = pool.netmask,
                     .prefix_length = pool.prefix_length});
    if (pool.home_prefix)
      pools.back().home_prefix =
          ike::HomePrefix{.prefix = *pool.home_prefix, .lifetime = pool.home_prefix_lifetime};
  }
  return pools;
}

// Where peers may find us besides: what is on the protected side is none of their business.
std::vector<Address> addresses_towards_peers(const Configuration& configuration) {
  std::vector<Address> addresses;
  for (const PortConfig& port : configuration.ports) {
    if (port.side != PortSide::Unprotected || port.kind != PortKind::Link) continue;
    for (const Prefix& own : port.addresses)
      if (!own.address.is_link_local()) addresses.push_back(own.address);
  }
  return addresses;
}

FetchTerms fetch_terms_of(const FetchConfig& config) {
  return {.timeout = config.timeout, .most_bytes = config.max_size, .allowed = config.allow};
}

// Of which strangers can make as many as they like.
bool is_failure(ike::EventKind kind) {
  return kind == ike::EventKind::IkeFailed || kind == ike::EventKind::ChildFailed;
}

std::string text_of(const ike::Event& event) {
  return fmt::format("{} {}: {} ({} to {}){}{}", to_string(event.kind), event.peer, event.subject,
                     to_string(event.path.local.address), to_string(event.path.remote.address),
                     event.detail.empty() ? "" : ": ", event.detail);
}

std::uint64_t nanoseconds(Instant instant) {
  return static_cast<std::uint64_t>(instant.time_since_epoch().count());
}

}  // namespace

IkeService::IkeService(const Surroundings& surroundings, Hooks hooks)
    : my_(surroundings),
      hooks_(std::move(hooks)),
      key_log_(surroundings.jobs),
      daemon_({.datagrams = *this,
               .installer = *this,
               .policies = *this,
               .peers = *this,
               .jobs = *this,
               .events = *this,
               .clock = surroundings.clock,
               .random = surroundings.random,
               .key_log = this,
               .fetches = &fetcher_},
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
      if (policy->protect && policy->protect->sas.empty()) {
        auto entry = std::make_shared<Policy>(*policy);
        entry->active = true;  // whether packets meet it now is no matter of its SAs (MAPI-08)
        policies_.push_back(std::move(entry));
      }
  key_log_.configure(configuration.ike.key_log_directory);
  failures_ =
      RateLimit::per_second(configuration.audit.rate, configuration.audit.rate, kInstantHertz);
  fetcher_.set(fetch_terms_of(configuration.ike.fetch));
  daemon_.set(settings_of(configuration));
  daemon_.pools().replace(pools_of(configuration));
  addresses_ = addresses_towards_peers(configuration);
  daemon_.follow_addresses();
  daemon_.follow_configuration();
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
  std::vector<std::optional<SecretBytes>> key_lines;
  for (const Sa& sa : sas) {
    names.push_back(sa.name);
    if (key_log_.is_on()) key_lines.push_back(ike::esp_key_line(sa));
  }
  std::vector<AcquiredSas::Carried> carried{{place.policy, place.packet}};
  for (const ike::DecidedPacket& other : place.others)
    carried.push_back({other.policy, other.packet});
  // A question that took too long to answer has ended; the SAs are none the worse for it.
  const bool awaited =
      place.answers && my_.control.sa_misses().find({place.answers->value}) != nullptr;
  const auto installed =
      awaited ? my_.acquired.provide({.id = {place.answers->value}, .others = carried},
                                     std::move(sas), my_.clock.now())
              : my_.acquired.add(carried, std::move(sas));
  if (!installed) return installed;
  installed_.insert(names.begin(), names.end());
  for (auto& line : key_lines) key_log_.add(KeyLogTable::EspSa, std::move(line));
  if (hooks_.installed) hooks_.installed(place.policy);
  return {};
}

void IkeService::uninstall(std::span<const std::string> names) {
  for (const std::string& name : names) installed_.erase(name);
  hooks_.uninstall(Sad::Names(names.begin(), names.end()));
}

void IkeService::on_uninstalled(const Sad::Names& names) {
  for (const std::string& name : names)
    if (installed_.erase(name) != 0) daemon_.on_uninstalled(name);
}

void IkeService::on_moved_peer(const Event& event) {
  const auto entry = my_.sad.find(event.direction, event.sa);
  // The slot may have a new SA since.
  if (!entry || entry->sa->spi != event.spi) return;
  daemon_.on_moved_peer(entry->sa->name, {{event.source, event.family}, event.source_port});
}

void IkeService::refuse(ike::AcquireId question) {
  static_cast<void>(my_.acquired.refuse({question.value}, my_.clock.now()));
}

Expected<void> IkeService::move(const std::string& name, const Endpoints& to,
                                const std::optional<UdpEncapsulation>& encapsulation) {
  if (!installed_.contains(name)) return {};  // a half that is not installed yet
  auto moved =
      my_.sad.move(name, {to, encapsulation}, [this, name](SaSlot) { hooks_.reassign(name); });
  // Wireshark finds an SA by its addresses.
  if (const auto entry = my_.sad.find(name); moved && entry && key_log_.is_on())
    key_log_.add(KeyLogTable::EspSa, ike::esp_key_line(*entry->sa));
  return moved;
}

std::uint64_t IkeService::packets_of(const std::string& name) {
  const auto entry = my_.sad.find(name);
  if (!entry) return 0;
  return my_.dataplane.sas().counters(entry->sa->direction, entry->slot).packets;
}

void IkeService::on_keys(const ike::IkeSa& sa) {
  if (key_log_.is_on()) key_log_.add(KeyLogTable::Ikev2DecryptionTable, ike::ike_key_line(sa));
}

void IkeService::acquire(const SaRequest& request) {
  const auto policy = std::ranges::find(policies_, request.policy.name,
                                        [](const Entry& entry) { return entry->name; });
  if (policy == policies_.end()) return refuse({request.id.value});
  daemon_.acquire({.policy = *policy,
                   .selectors = request.selectors,
                   .packet = request.packet,
                   .question = ike::AcquireId{request.id.value},
                   .care_of = request.care_of});
}

void IkeService::soft_lifetime(const Sa& sa, LifeLimit) { daemon_.on_soft_limit(sa.name); }
void IkeService::hard_lifetime(const Sa& sa, LifeLimit) { daemon_.on_hard_limit(sa.name); }

void IkeService::report(const ike::Event& event) {
  if (hooks_.happened) hooks_.happened(event);
  // A child has its policy's name in front of its own number.
  if (event.kind == ike::EventKind::ChildFailed && hooks_.failed)
    hooks_.failed(event.subject.substr(0, event.subject.find('/')), event.detail);
  if (is_failure(event.kind) && !failures_.allow(nanoseconds(my_.clock.now()))) {
    ++untold_failures_;
    return;
  }
  spdlog::log(is_failure(event.kind) ? spdlog::level::warn : spdlog::level::info, "{}",
              text_of(event));
  AuditRecord record = my_.audit.begin(to_string(event.kind));
  record["ike_spi"] = fmt::format("{:016x}", event.spi.value);
  record["peer"] = event.peer;
  record["subject"] = event.subject;
  record["local"] = to_string(event.path.local.address);
  record["remote"] = to_string(event.path.remote.address);
  record["detail"] = event.detail;
  if (is_failure(event.kind) && untold_failures_ != 0)
    record["suppressed"] = std::exchange(untold_failures_, 0);
  my_.audit.record(std::move(record));
}

}  // namespace sallyport
