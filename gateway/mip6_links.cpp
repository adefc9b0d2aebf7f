#include "gateway/mip6_links.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr Duration kLookPeriod = std::chrono::milliseconds(100);
constexpr std::uint32_t kAdvertisements = 10;  // a second

mip6::MovementDetection::Settings movement_of(const MobileNodeConfig& config) {
  using Duplicates = mip6::MovementDetection::Duplicates;
  mip6::MovementDetection::Settings settings;
  if (config.home_address)
    settings.home_prefixes = {{*config.home_address, config.home_prefix_length}};
  settings.links = config.links;
  settings.duplicates = config.address_check == AddressCheck::BeforeUse ? Duplicates::DetectFirst
                                                                        : Duplicates::Optimistic;
  return settings;
}

}  // namespace

Mip6Links::Mip6Links(const MobileNodeConfig& config, const Surroundings& surroundings)
    : my_(surroundings),
      movement_({.clock = my_.clock,
                 .timers = my_.timers,
                 .random = my_.random,
                 .neighbours = my_.neighbours,
                 .discovery = my_.neighbours,
                 .addresses = my_.addresses},
                movement_of(config), *this) {
  for (const PortId port : config.links)
    links_.push_back(
        {.port = port,
         .advertisements = RateLimit::per_second(kAdvertisements, kAdvertisements, kInstantHertz)});
}

Mip6Links::~Mip6Links() {
  listener_ = nullptr;
  for (const Link& link : links_) my_.neighbours.heard(link.port);
  my_.addresses.clear();
}

void Mip6Links::tell(mip6::MovementListener& listener) {
  if (std::exchange(listener_, &listener) == &listener) return;
  if (const auto& place = movement_.attachment()) listener.attached(*place);
}

void Mip6Links::leave(const mip6::MovementListener& listener) {
  if (listener_ == &listener) listener_ = nullptr;
}

void Mip6Links::arriving(const mip6::Attachment& attachment) {
  if (listener_ != nullptr) listener_->arriving(attachment);
}

void Mip6Links::attached(const mip6::Attachment& attachment) {
  if (listener_ != nullptr) listener_->attached(attachment);
}

void Mip6Links::detached() {
  if (listener_ != nullptr) listener_->detached();
}

void Mip6Links::poll(Instant now) {
  if (now < next_look_) return;
  next_look_ = now + kLookPeriod;
  for (Link& link : links_) {
    const bool up = my_.dataplane.link_up(link.port);
    if (std::exchange(link.up, up) == up) continue;
    if (up)
      movement_.link_up(link.port);
    else
      movement_.link_down(link.port);
  }
}

Expected<void> Mip6Links::link_moved(PortId link) {
  if (std::ranges::find(links_, link, &Link::port) == links_.end())
    return fail(Error::Code::NotFound, "the port is none of the mobile node's links",
                "one of `links` of [mobile_node]");
  movement_.link_moved(link);
  return {};
}

// Its link address is known by that (RFC 4861 6.3.4).
void Mip6Links::hear(PortId link, const mip6::RouterAdvertisement& advertisement) {
  const auto heard_on = std::ranges::find(links_, link, &Link::port);
  if (heard_on == links_.end()) return;
  const auto now = static_cast<std::uint64_t>(my_.clock.now().time_since_epoch().count());
  if (!heard_on->advertisements.allow(now)) return;
  // One that takes its leave answers no solicitation (RFC 4861 6.3.7).
  if (advertisement.lifetime != mip6::RouterLifetime{}) my_.neighbours.heard(link);
  if (advertisement.link_address)
    my_.control.learn_neighbour(link, advertisement.source, *advertisement.link_address,
                                my_.clock.now());
  movement_.advertised(link, advertisement);
}

}  // namespace sallyport
