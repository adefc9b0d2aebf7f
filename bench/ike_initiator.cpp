#include "bench/ike_initiator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "bench/ike_installers.h"
#include "bench/ike_party.h"
#include "bench/process_cost.h"
#include "bench/udp_datagrams.h"

namespace sallyport::bench {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(5);
constexpr Duration kPatience = std::chrono::seconds(30);

// Where everybody stands at one moment.
struct Moment {
  Instant time;
  ProcessCost own;
  ProcessCost responder;
};

class Peers {
 public:
  Peers(const InitiatorSettings& settings, const IkeIdentities& identities, UdpDatagrams& datagrams,
        Random& random);

  // So many more IKE SAs; returns when all are up.
  Expected<void> make(unsigned count);
  // From the given number on.
  [[nodiscard]] IkeLatencies latencies(unsigned first) const;
  [[nodiscard]] Expected<Moment> moment() const;

 private:
  Expected<void> begin();
  void on_event(const ike::Event& event);

  const InitiatorSettings& settings_;
  const IkeIdentities& identities_;
  UdpDatagrams& datagrams_;
  SystemClock clock_;
  ForgetfulInstaller installer_;
  std::vector<Instant> begun_;       // by number
  std::vector<Duration> latencies_;  // likewise
  unsigned up_{};
  Instant heard_{};
  IkeParty party_;
};

Peers::Peers(const InitiatorSettings& settings, const IkeIdentities& identities,
             UdpDatagrams& datagrams, Random& random)
    : settings_(settings),
      identities_(identities),
      datagrams_(datagrams),
      latencies_(std::size_t{settings.warm_up} + settings.count),
      party_({clock_, random, datagrams, installer_}) {
  party_.on_event([this](const ike::Event& event) { on_event(event); });
}

void Peers::on_event(const ike::Event& event) {
  if (event.kind != ike::EventKind::ChildUp) return;
  std::size_t number = 0;
  std::from_chars(event.peer.data(), event.peer.data() + event.peer.size(), number);
  heard_ = clock_.now();
  latencies_[number] = heard_ - begun_[number];
  ++up_;
}

Expected<void> Peers::begin() {
  const auto number = static_cast<unsigned>(begun_.size());
  IkeTerms terms = client_terms(settings_.kind, identities_, settings_.outer, number);
  begun_.push_back(clock_.now());
  return party_.initiate(std::move(terms));
}

Expected<void> Peers::make(unsigned count) {
  const std::size_t last = begun_.size() + count;
  const UdpDatagrams::Take take = [this](const ike::Path& path, ByteView message) {
    party_.daemon().receive(path, message);
  };
  heard_ = clock_.now();
  while (up_ < last) {
    while (begun_.size() < last && begun_.size() - up_ < settings_.in_flight)
      if (auto begun = begin(); !begun) return begun;
    datagrams_.flush();
    datagrams_.wait(kTick);
    while (datagrams_.receive(take) != 0) datagrams_.flush();
    party_.daemon().poll();
    if (party_.failures() != 0) return fail(Error::Code::Refused, party_.failure());
    if (clock_.now() - heard_ > kPatience)
      return fail(Error::Code::Refused, fmt::format("the responder says nothing after {}", up_));
  }
  return {};
}

IkeLatencies Peers::latencies(unsigned first) const {
  std::vector<Duration> sorted(latencies_.begin() + first, latencies_.end());
  std::ranges::sort(sorted);
  const auto at = [&](double part) {
    const auto place = static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1));
    return std::chrono::duration<double, std::micro>(sorted[place]).count();
  };
  return {at(0.5), at(0.9), at(0.99), at(1)};
}

Expected<Moment> Peers::moment() const {
  auto own = cost_of(getpid());
  if (!own) return std::unexpected(own.error());
  Moment moment{.time = clock_.now(), .own = *own, .responder = {}};
  if (settings_.responder == 0) return moment;
  auto responder = cost_of(settings_.responder);
  if (!responder) return std::unexpected(responder.error());
  moment.responder = *responder;
  return moment;
}

double microseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

}  // namespace

Expected<InitiatorReport> initiate(const InitiatorSettings& settings,
                                   const IkeIdentities& identities, Random& random) {
  auto datagrams = UdpDatagrams::open(settings.outer.local, {});
  if (!datagrams) return std::unexpected(datagrams.error());
  Peers peers(settings, identities, **datagrams, random);
  if (auto warm = peers.make(settings.warm_up); !warm) return std::unexpected(warm.error());
  const auto before = peers.moment();
  if (!before) return std::unexpected(before.error());
  if (auto made = peers.make(settings.count); !made) return std::unexpected(made.error());
  const auto after = peers.moment();
  if (!after) return std::unexpected(after.error());
  const double count = settings.count;
  const double grown = static_cast<double>(after->responder.resident) -
                       static_cast<double>(before->responder.resident);
  return InitiatorReport{
      .seconds = microseconds(after->time - before->time) * 1e-6,
      .initiator_microseconds = microseconds(after->own.processor - before->own.processor) / count,
      .responder_microseconds =
          microseconds(after->responder.processor - before->responder.processor) / count,
      .responder_octets = grown / count,
      .latencies = peers.latencies(settings.warm_up)};
}

}  // namespace sallyport::bench
