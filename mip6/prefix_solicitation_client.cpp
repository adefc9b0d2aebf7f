#include "mip6/prefix_solicitation_client.h"

#include <algorithm>
#include <array>

#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

// INITIAL_SOLICIT_TIMER (RFC 6275 12)
constexpr Duration kFirstSolicitWait = std::chrono::seconds{3};
constexpr Duration kLeastWait = std::chrono::seconds{1};

}  // namespace

PrefixSolicitationClient::PrefixSolicitationClient(const MobileNodeSurroundings& surroundings,
                                                   const MobileNodeSettings& settings,
                                                   MobileNodeRegistration& registration,
                                                   Advertised advertised)
    : around_(surroundings),
      settings_(settings),
      registration_(registration),
      advertised_(std::move(advertised)),
      retry_(surroundings.timers),
      due_(surroundings.timers) {}

void PrefixSolicitationClient::solicit() {
  if (retry_.active() || !registration_.registered_care_of()) return;
  std::array<std::uint8_t, 2> random{};
  around_.random.fill(random);
  identifier_ = load_be<std::uint16_t>(random.data());
  retry_.start({.first = kFirstSolicitWait, .most = kMostBindingTimeout}, [this] { send(); });
}

void PrefixSolicitationClient::stop() {
  retry_.stop();
  due_.cancel();
}

// With a tenth of the time left, for it may take several.
void PrefixSolicitationClient::solicit_before(Instant end) {
  if (end == Instant::max()) return due_.cancel();
  const Duration left = end - around_.clock.now();
  due_.set(std::max(left - left / 10, kLeastWait), [this] { solicit(); });
}

void PrefixSolicitationClient::send() {
  const auto care_of = registration_.registered_care_of();
  const auto& home_agent = registration_.accepted_by();
  if (!care_of || !home_agent) return;
  around_.sender.send({.source = settings_.home_address,
                       .destination = *home_agent,
                       .source_care_of = care_of,
                       .protocol = kProtocolIcmpv6},
                      build_discovery_message(MobilePrefixSolicitation{.identifier = identifier_},
                                              settings_.home_address, *home_agent));
}

void PrefixSolicitationClient::receive(const Arrival& arrival,
                                       const MobilePrefixAdvertisement& advertisement) {
  if (!registration_.accepted_by() || arrival.source != *registration_.accepted_by()) return;
  if (arrival.destination != settings_.home_address || !arrival.destination_care_of) return;
  if (!registration_.is_protected(arrival)) return;
  // What was not asked for says no more than that asking is worth it.
  if (!retry_.active() || advertisement.identifier != identifier_) return solicit();
  retry_.stop();
  advertised_(advertisement);
}

}  // namespace sallyport::mip6
