#include "mip6/router_advertiser.h"

#include <algorithm>
#include <utility>

#include "net/ipv6.h"
#include "net/neighbour_discovery.h"
#include "net/protocol.h"

namespace sallyport::mip6 {

RouterAdvertiser::RouterAdvertiser(const Surroundings& around, AdvertisingSettings settings,
                                   HomeLink link)
    : around_(around), settings_(settings), link_(std::move(link)), alarm_(around.timers) {}

void RouterAdvertiser::start() {
  first_ones_ = kFirstOnes;
  advertise();
}

void RouterAdvertiser::stop() {
  if (!alarm_.is_set()) return;
  alarm_.cancel();
  send(compose_farewell(settings_, link_, around_.clock.now()));
}

// What is due sooner answers as well.
void RouterAdvertiser::solicited() {
  if (!alarm_.is_set()) return;
  const Instant now = around_.clock.now();
  Instant soon = now + between(Duration{0}, kMostDelay);
  if (last_) soon = std::max(soon, *last_ + settings_.between);
  if (soon < due_) schedule(soon - now);
}

void RouterAdvertiser::set(AdvertisingSettings settings, HomeLink link) {
  settings_ = settings;
  link_ = std::move(link);
  solicited();
}

void RouterAdvertiser::send(const RouterAdvertisement& advertisement) {
  const auto datagram = build_router_advertisement(advertisement);
  if (!datagram) return;
  around_.sender.send({.source = advertisement.source,
                       .destination = advertisement.destination,
                       .protocol = kProtocolIcmpv6,
                       .hop_limit = kFromThisLink,
                       .port = link_.port},
                      ByteView(*datagram).subspan(sizeof(Ipv6Header)));
}

void RouterAdvertiser::advertise() {
  last_ = around_.clock.now();
  send(compose_advertisement(settings_, link_, *last_));
  Duration delay = between(settings_.least, settings_.most);
  if (first_ones_ > 0 && --first_ones_ > 0) delay = std::min(delay, kFirstInterval);
  schedule(delay);
}

void RouterAdvertiser::schedule(Duration delay) {
  due_ = around_.clock.now() + delay;
  alarm_.set(delay, [this] { advertise(); });
}

// Uniform, in milliseconds.
Duration RouterAdvertiser::between(Duration least, Duration most) {
  const auto span = std::chrono::floor<std::chrono::milliseconds>(most - least).count();
  const std::uint64_t chosen = around_.random.u64() % (static_cast<std::uint64_t>(span) + 1);
  return least + std::chrono::milliseconds(static_cast<std::int64_t>(chosen));
}

}  // namespace sallyport::mip6
