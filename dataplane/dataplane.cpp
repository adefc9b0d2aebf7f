#include "dataplane/dataplane.h"

#include <fmt/format.h>
#include <pthread.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <algorithm>
#include <charconv>

#include "dataplane/binding_table.h"
#include "dataplane/crypto/sa_iv_source.h"
#include "dataplane/dataplane_parts.h"
#include "dataplane/esp_wrap.h"

namespace sallyport {
namespace {

constexpr std::uint16_t kDataRoom = RTE_MBUF_DEFAULT_BUF_SIZE;
constexpr std::uint16_t kLinkBytes = 18;
constexpr std::uint16_t kTailroom = 64;  // ESP trailer and ICV
static_assert(kTailroom >= kBackRoom);
constexpr unsigned kPoolCache = 256;

// What net_af_packet is told to receive at most (its framesz): a buffer must hold it.
std::uint16_t frame_size_of(const std::string& device) {
  constexpr std::string_view kKey = ",framesz=";
  constexpr std::uint16_t kMost = 0x7fff;
  const std::size_t at = device.find(kKey);
  std::uint16_t size = 0;
  if (at != std::string::npos)
    std::from_chars(device.data() + at + kKey.size(), device.data() + device.size(), size);
  return std::min(size, kMost);
}

// Room in front for link, outer, UDP and ESP headers and for the IV; behind for trailer and ICV.
std::uint16_t data_room(const DataplaneSettings& settings) {
  std::uint16_t mtu = 1500;
  for (const PortSettings& port : settings.ports)
    mtu = std::max({mtu, port.mtu, frame_size_of(port.device)});
  const int needed = RTE_PKTMBUF_HEADROOM + kLinkBytes + mtu + kTailroom;
  return static_cast<std::uint16_t>(std::max<int>(kDataRoom, needed));
}

// For reassembly, and for packets that do not fit an ordinary buffer.
std::size_t large_buffers(const DataplaneSettings& settings) {
  return settings.workers * settings.reassembly_datagrams + settings.large_buffers;
}

Expected<void> open_ports(Dataplane::Parts& parts) {
  for (std::size_t i = 0; i < parts.settings.ports.size(); ++i) {
    auto port = Port::open(PortId{static_cast<std::uint16_t>(i)}, parts.settings.ports[i],
                           {.count = parts.settings.workers}, parts.pool.get());
    if (!port) return std::unexpected(port.error());
    parts.ports.push_back(std::move(*port));
  }
  return {};
}

// Queue pair n is worker n's. Of devices that have fewer pairs than there are workers each begins
// with the worker after the last one's, so that the work of receiving is spread; a worker without a
// pair sends by one that has.
std::vector<PortQueue> queues_of(const Dataplane::Parts& parts, WorkerId me, HandOff& hand_off) {
  const unsigned workers = parts.settings.workers;
  std::vector<PortQueue> queues;
  unsigned first = 0;
  for (const auto& port : parts.ports) {
    const unsigned pairs = port->queue_count();
    const unsigned begin = pairs < workers ? first : 0;
    const unsigned pair = (me.value + workers - begin) % workers;
    if (pair < pairs)
      queues.emplace_back(*port, static_cast<std::uint16_t>(pair), parts.settings.burst);
    else
      queues.emplace_back(*port, hand_off,
                          WorkerId{static_cast<std::uint16_t>((begin + pair % pairs) % workers)});
    if (pairs < workers) first = (first + pairs) % workers;
  }
  return queues;
}

KeyedHash::Key random_hash_key(Random& random) {
  KeyedHash::Key key;
  std::ranges::generate(key, [&random] { return random.u64(); });
  return key;
}

Expected<std::unique_ptr<Worker>> make_worker(Dataplane::Parts& parts, std::uint16_t id,
                                              Random& random,
                                              const Dataplane::IvSourceMaker& make_ivs) {
  auto engine = IpsecMbEngine::create();
  if (!engine) return std::unexpected(engine.error());
  auto to_control = PacketRing::create(parts.settings.punt_ring);
  auto from_control = PacketRing::create(parts.settings.punt_ring);
  if (!to_control) return std::unexpected(to_control.error());
  if (!from_control) return std::unexpected(from_control.error());
  auto events = EventRing::create(parts.settings.event_ring);
  if (!events) return std::unexpected(events.error());
  const DataplaneSettings& settings = parts.settings;
  std::string variant((*engine)->variant());
  auto hand_off = std::make_unique<HandOff>(WorkerId{id}, *parts.hand_off_rings);
  auto queues = queues_of(parts, WorkerId{id}, *hand_off);
  return std::make_unique<Worker>(
      Worker::Shared{*parts.tables, *parts.sas, *parts.handles, *parts.populated, *parts.keys,
                     *parts.neighbours, *parts.bindings, parts.audit_switches, parts.key_manager,
                     parts.pool.get(), parts.large_pool.get(), parts.memory},
      Worker::Settings{.id = WorkerId{id},
                       .workers = settings.workers,
                       .idle = settings.idle,
                       .flows = settings.flows,
                       .flow_cache = settings.flow_cache,
                       .held_each = settings.sa_hold,
                       .policies = settings.policies,
                       .punts_per_second = settings.punts_per_second,
                       .icmp_errors_per_second = settings.icmp_errors_per_second,
                       .audit_events_per_second = settings.audit_events_per_second,
                       .reassembly_datagrams = settings.reassembly_datagrams,
                       .reassembly_time = settings.reassembly_time,
                       .fragment_flows = settings.fragment_flows,
                       .skipped_headers = settings.skipped_headers,
                       .clock = settings.clock},
      Worker::Equipment{std::move(*engine), make_ivs(), std::move(*to_control),
                        std::move(*from_control), std::move(*events), std::move(hand_off),
                        std::move(queues), random_hash_key(random), random.u64(), random.u32(),
                        std::move(variant)});
}

Expected<void> make_tables(Dataplane::Parts& parts, Random& random) {
  const DataplaneSettings& settings = parts.settings;
  auto keys = KeyTable::create(2 * settings.sas, parts.memory, random);
  if (!keys) return std::unexpected(keys.error());
  auto tables = PublishedTables::create(settings.workers);
  if (!tables) return std::unexpected(tables.error());
  auto neighbours = NeighbourTable::create(settings.neighbours, (*tables)->readers());
  if (!neighbours) return std::unexpected(neighbours.error());
  auto bindings = BindingTable::create(settings.bindings, (*tables)->readers(), **tables);
  if (!bindings) return std::unexpected(bindings.error());
  auto populated = PopulatedHandles::create(settings.sas, (*tables)->readers());
  if (!populated) return std::unexpected(populated.error());
  parts.keys = std::move(*keys);
  parts.tables = std::move(*tables);
  parts.neighbours = std::move(*neighbours);
  parts.bindings = std::move(*bindings);
  parts.sas =
      std::make_unique<SaTable>(SaTable::Capacity{settings.sas, settings.sas}, parts.memory);
  parts.handles = std::make_unique<SaHandles>(settings.policies + 1 + settings.sas, parts.memory);
  parts.populated = std::move(*populated);
  parts.forgotten.resize(settings.policies + 1);
  return {};
}

// Control's own: it drops packets, too.
Expected<void> make_control_audit(Dataplane::Parts& parts) {
  auto events = EventRing::create(parts.settings.event_ring);
  if (!events) return std::unexpected(events.error());
  parts.control_events = std::make_unique<EventRing>(std::move(*events));
  parts.control_audit = std::make_unique<AuditTrail>(
      AuditTrail::Surroundings{*parts.sas, *parts.control_events, parts.audit_switches,
                               TickSource(parts.settings.clock), kControl},
      parts.settings.audit_events_per_second);
  parts.control_drops.audit_by(*parts.control_audit);
  return {};
}

Expected<void> pin(std::thread& thread, std::uint16_t core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (core < CPU_SETSIZE) CPU_SET(core, &cores);
  const int status = pthread_setaffinity_np(thread.native_handle(), sizeof cores, &cores);
  if (status == 0) return {};
  return fail(Error::Code::Invalid,
              fmt::format("a worker cannot run on core {}: {}", core, rte_strerror(status)),
              "name cores in [dataplane] cores that exist and that this process may use");
}

}  // namespace

std::uint64_t memory_needed(const DataplaneSettings& settings, std::size_t routes) {
  constexpr std::uint64_t kMegabyte = 1 << 20;
  constexpr std::uint64_t kPerSa = 2 * (2 * sizeof(OutboundSa) + sizeof(OutboundState) + 1536);
  constexpr std::uint64_t kAround = 128;               // a buffer: its header, and lines left free
  constexpr std::uint64_t kBase = 64 * kMegabyte;      // rings, devices, EAL itself
  constexpr std::uint64_t kFibs = 2 * 80 * kMegabyte;  // both families, old and new at once
  const std::uint64_t bytes =
      kBase + settings.mbufs * (buffer_bytes(data_room(settings)) + kAround) +
      large_buffers(settings) * (buffer_bytes(Reassembly::kBufferBytes) + kAround) +
      settings.sas * kPerSa + settings.workers * settings.flows * 2 * sizeof(Flow) +
      std::uint64_t{settings.workers} * settings.workers * 16 * HandOffRings::kCapacity +
      settings.workers * (settings.reassembly_datagrams + settings.fragment_flows) * 512 +
      settings.neighbours * 128 + settings.bindings * BindingTable::kPlaceBytes +
      settings.sas * 192 + (routes > FewIpv4Routes::kMost ? 2 * kFibs : 0);
  return bytes / kMegabyte + 1;
}

Dataplane::Dataplane(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Expected<std::unique_ptr<Dataplane>> Dataplane::open(DataplaneSettings settings, Random& random,
                                                     const IvSourceMaker& make_ivs) {
  auto parts = std::make_unique<Parts>();
  parts->settings = std::move(settings);
  auto pool = make_buffer_pool("packets", {.buffers = parts->settings.mbufs,
                                           .room = data_room(parts->settings),
                                           .worker_cache = kPoolCache,
                                           .remedy = "lower [limits] mbufs or give more memory"});
  if (!pool) return std::unexpected(pool.error());
  parts->pool = std::move(*pool);
  auto large_pool = make_buffer_pool(
      "large-packets",
      {.buffers = large_buffers(parts->settings),
       .room = Reassembly::kBufferBytes,
       .worker_cache = 0,
       .remedy = "lower [limits] large_buffers or reassembly_datagrams, or give more memory"});
  if (!large_pool) return std::unexpected(large_pool.error());
  parts->large_pool = std::move(*large_pool);
  if (auto made = make_tables(*parts, random); !made) return std::unexpected(made.error());
  if (auto made = make_control_audit(*parts); !made) return std::unexpected(made.error());
  if (auto opened = open_ports(*parts); !opened) return std::unexpected(opened.error());
  auto rings = HandOffRings::create(parts->settings.workers, random.u64());
  if (!rings) return std::unexpected(rings.error());
  parts->hand_off_rings = std::make_unique<HandOffRings>(std::move(*rings));
  for (std::uint16_t id = 0; id < parts->settings.workers; ++id) {
    auto worker = make_worker(*parts, id, random, make_ivs);
    if (!worker) return std::unexpected(worker.error());
    parts->workers.push_back(std::move(*worker));
  }
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(parts)));
}

std::unique_ptr<IvSource> Dataplane::sa_ivs() { return std::make_unique<SaIvSource>(); }

Dataplane::~Dataplane() { stop(); }

Expected<void> Dataplane::start() {
  for (auto& worker : parts_->workers) {
    parts_->threads.emplace_back([&worker] {
      rte_thread_register();
      worker->run();
      rte_thread_unregister();
    });
    const std::size_t index = parts_->threads.size() - 1;
    if (index >= parts_->settings.cores.size()) continue;
    if (auto pinned = pin(parts_->threads.back(), parts_->settings.cores[index]); !pinned)
      return pinned;
  }
  return {};
}

void Dataplane::stop() noexcept {
  for (auto& worker : parts_->workers) worker->stop();
  for (std::thread& thread : parts_->threads) thread.join();
  parts_->threads.clear();
}

bool Dataplane::turn() noexcept {
  bool busy = false;
  for (auto& worker : parts_->workers) busy |= worker->turn();
  return busy;
}

SaTable& Dataplane::sas() noexcept { return *parts_->sas; }
SaHandles& Dataplane::handles() noexcept { return *parts_->handles; }
PopulatedHandles& Dataplane::populated() noexcept { return *parts_->populated; }
SaHandle Dataplane::first_populated_handle() const noexcept {
  return SaHandle{static_cast<std::uint32_t>(parts_->settings.policies + 1)};
}
KeyStore& Dataplane::keys() noexcept { return *parts_->keys; }
Retirement& Dataplane::retirement() noexcept { return *parts_->tables; }
NeighbourTable& Dataplane::neighbours() noexcept { return *parts_->neighbours; }
BindingTable& Dataplane::bindings() noexcept { return *parts_->bindings; }

void Dataplane::set_mobility(std::optional<MobilityFacts> facts) {
  parts_->mobility = facts ? std::make_shared<const MobilityFacts>(std::move(*facts)) : nullptr;
  parts_->publish_again();
}

void Dataplane::set_listeners(std::shared_ptr<const GroupListeners> listeners) {
  parts_->listeners = std::move(listeners);
  parts_->publish_again();
}

void Dataplane::Parts::publish(std::shared_ptr<const PolicySet> policies,
                               std::shared_ptr<const Routes> routes) {
  tables->publish({std::move(policies), std::move(routes), mobility, listeners});
}

void Dataplane::Parts::publish_again() {
  if (tables->any_published()) publish(tables->latest().policies, tables->latest().routes);
}

Expected<void> Dataplane::publish(std::shared_ptr<const PolicySet> policies,
                                  std::span<const Route> routes) {
  auto built = build(routes);
  if (!built) return std::unexpected(std::move(built).error());
  publish(std::move(policies), std::move(*built));
  return {};
}

Expected<std::shared_ptr<const Routes>> Dataplane::build(std::span<const Route> routes) {
  auto built = Routes::build(routes);
  if (!built) return std::unexpected(std::move(built).error());
  return std::shared_ptr<const Routes>(std::move(*built));
}

void Dataplane::publish(std::shared_ptr<const PolicySet> policies,
                        std::shared_ptr<const Routes> routes) {
  parts_->publish(std::move(policies), std::move(routes));
}

void Dataplane::publish(std::shared_ptr<const PolicySet> policies) {
  parts_->publish(std::move(policies), parts_->tables->latest().routes);
}

const PolicySet& Dataplane::policies() const noexcept { return *parts_->tables->latest().policies; }

const NextHop& Dataplane::next_hop(const Address& destination) const noexcept {
  return parts_->tables->latest().routes->look_up(destination);
}

const MacAddress& Dataplane::link_address(PortId port) const {
  return parts_->ports[port.value]->mac();
}

bool Dataplane::link_up(PortId port) const { return parts_->ports[port.value]->link_up(); }

std::uint16_t Dataplane::link_mtu(const Address& remote) const {
  if (parts_->tables->any_published() && !remote.is_unspecified()) {
    const NextHop& hop = next_hop(remote);
    if (hop.kind == NextHop::Kind::OnLink || hop.kind == NextHop::Kind::Gateway)
      return parts_->settings.ports[hop.port.value].mtu;
  }
  std::uint16_t least = 0;
  for (const PortSettings& port : parts_->settings.ports)
    if (port.side == Side::Unprotected && (least == 0 || port.mtu < least)) least = port.mtu;
  return least == 0 ? std::uint16_t{1500} : least;
}

void Dataplane::end_sa(Direction direction, SaSlot slot, Duration in) noexcept {
  const TickSource clock(parts_->settings.clock);
  constexpr double kMost = 1e18;  // as good as never
  const double ticks = std::min(
      kMost, std::chrono::duration<double>(in).count() * static_cast<double>(clock.per_second()));
  parts_->sas->set_expiry(direction, slot,
                          Expiry::after(clock.now(), static_cast<std::uint64_t>(ticks)));
}

void Dataplane::poll() { parts_->tables->poll(); }

void Dataplane::choose_audits(const AuditSelection& selection) noexcept {
  parts_->audit_switches.choose(selection);
}

}  // namespace sallyport
