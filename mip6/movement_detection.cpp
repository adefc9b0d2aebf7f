#include "mip6/movement_detection.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

constexpr unsigned kMostIdentifiers = 3;  // RFC 7217 7: IDGEN_RETRIES
constexpr std::size_t kMostDuplicates = 64;

bool makes_addresses(const KnownPrefix& prefix) noexcept {
  return prefix.prefix.length == 64 && prefix.flags.has(PrefixFlag::Autonomous);
}

bool share_a_prefix(const KnownRouter& left, const KnownRouter& right) {
  return std::ranges::any_of(
      left.prefixes, [&right](const KnownPrefix& prefix) { return right.knows(prefix.prefix); });
}

std::vector<Address> addresses_of(const KnownRouter& router) {
  std::vector<Address> addresses;
  for (const KnownPrefix& prefix : router.prefixes)
    if (prefix.flags.has(PrefixFlag::RouterAddress)) addresses.push_back(prefix.router);
  return addresses;
}

bool same_place(const Attachment& attachment, PortId link, const std::optional<CareOf>& care_of) {
  if (attachment.link != link) return false;
  if (!attachment.care_of || !care_of) return !attachment.care_of && !care_of;
  return attachment.care_of->address == care_of->address;
}

}  // namespace

MovementDetection::MovementDetection(const Surroundings& surroundings, Settings settings,
                                     MovementListener& listener)
    : around_(surroundings),
      settings_(std::move(settings)),
      listener_(listener),
      watch_(around_.timers) {}

void MovementDetection::link_up(PortId link) {
  links_.insert(link);
  around_.discovery.solicit(link);
}

void MovementDetection::link_down(PortId link) {
  links_.erase(link);
  hinted_.erase(link);
  routers_.remove_link(link);
  if (held_ && held_->router.link == link) release_held();
  if (pending_ && pending_->link == link) forget(*pending_);
  if (current_ && current_->link == link) forget(*current_);
  if (!current_ && !pending_) choose();
}

void MovementDetection::link_moved(PortId link) {
  around_.discovery.solicit(link);
  if (!current_ || current_->link != link) return;
  hinted_.insert(link);
  suspect();
}

void MovementDetection::advertised(PortId link, const RouterAdvertisement& advertisement) {
  const RouterKey key{link, advertisement.source};
  if (advertisement.lifetime == RouterLifetime{}) return lose(key);
  links_.insert(link);
  // Another router by the same address is another link by the same port: nothing that was known of
  // it holds.
  if (const KnownRouter* known = routers_.find(key); known && is_another(*known, advertisement)) {
    routers_.remove_link(link);
    if (pending_ && pending_->link == link) forget(*pending_);
    if (current_ && current_->link == link) forget(*current_);
  }
  consider(routers_.update(key, advertisement, around_.clock.now(), current_));
}

void MovementDetection::router_unreachable(PortId link, const Address& router) {
  lose({link, router});
}

void MovementDetection::set_home_prefixes(std::vector<Prefix> prefixes) {
  settings_.home_prefixes = std::move(prefixes);
  choose();
}

bool MovementDetection::is_home(const KnownRouter& router) const {
  return std::ranges::any_of(settings_.home_prefixes, [&router](const Prefix& home) {
    return router.knows({home.first(), home.length});
  });
}

void MovementDetection::consider(const KnownRouter& router) {
  if (!current_) {
    if (!pending_ || is_home(router)) choose();
    return;
  }
  if (at(router.key)) {
    hinted_.erase(router.key.link);
    if (!attach(router)) lose(router.key);
    return;
  }
  if (is_home(router) && attachment_ && attachment_->care_of) {
    attach(router);
    return;
  }
  const KnownRouter* const ours = routers_.find(*current_);
  if (router.key.link != current_->link || pending_ || !ours || share_a_prefix(*ours, router))
    return;
  if (settings_.switching == Switching::Eager || hinted_.erase(router.key.link) != 0)
    attach(router);
  else
    suspect();
}

void MovementDetection::suspect() {
  if (probe_ || !current_) return;
  probe_ = std::make_shared<int>();
  around_.discovery.probe(current_->link, current_->address,
                          [this, probe = std::weak_ptr(probe_),
                           key = *current_](NeighbourDiscovery::Reachability reachability) {
                            if (probe.expired()) return;
                            probe_.reset();
                            if (reachability == NeighbourDiscovery::Reachability::Unreachable)
                              return lose(key);
                            hinted_.erase(key.link);
                            if (KnownRouter* const router = routers_.find(key))
                              router->heard = around_.clock.now();
                            watch();
                          });
}

void MovementDetection::lose(RouterKey router) {
  routers_.remove(router);
  forget(router);
  if (held_ && held_->router == router) release_held();
  if (!current_ && !pending_) choose();
}

void MovementDetection::forget(RouterKey router) {
  if (pending_ == router) {
    pending_.reset();
    check_.reset();
  }
  if (current_ != router) return;
  current_.reset();
  probe_.reset();
  watch_.cancel();
}

// The home link first, then what was heard last.
void MovementDetection::choose() {
  routers_.remove_ended(around_.clock.now());
  std::vector<const KnownRouter*> order;
  for (const auto& [key, router] : routers_.all()) order.push_back(&router);
  std::ranges::sort(order, [this](const KnownRouter* left, const KnownRouter* right) {
    if (is_home(*left) != is_home(*right)) return is_home(*left);
    return left->heard > right->heard;
  });
  for (const KnownRouter* router : order) {
    if (current_ && !is_home(*router)) break;
    if (attach(*router)) return;
  }
  if (!current_ && !pending_) detach();
}

void MovementDetection::detach() {
  if (attachment_) {
    const Attachment before = *std::exchange(attachment_, std::nullopt);
    if (before.care_of) around_.addresses.remove(before.link, before.care_of->address);
    around_.addresses.set_router(before.link, std::nullopt);
    listener_.detached();
  }
  for (const PortId link : links_) around_.discovery.solicit(link);
}

// True where it is done, or under way.
bool MovementDetection::attach(const KnownRouter& router) {
  if (is_home(router)) {
    pending_.reset();
    check_.reset();
    become(router, std::nullopt);
    return true;
  }
  const KnownPrefix* const prefix = best_prefix(router);
  if (prefix == nullptr) return false;
  if (is_ours(router.key, prefix->prefix)) {
    become(router,
           CareOf{.address = attachment_->care_of->address, .valid_until = prefix->valid_until});
    return true;
  }
  if (pending_ == router.key) return true;
  try_address({.router = router.key,
               .prefix = *prefix,
               .address = address_of(prefix->prefix,
                                     around_.addresses.interface_identifier(router.key.link))});
  return true;
}

// The one that our address has, another that is preferred, any that is valid.
const KnownPrefix* MovementDetection::best_prefix(const KnownRouter& router) const {
  const Instant now = around_.clock.now();
  const KnownPrefix* best = nullptr;
  int best_rank = 0;
  for (const KnownPrefix& prefix : router.prefixes) {
    if (!makes_addresses(prefix) || prefix.valid_until <= now ||
        duplicates_.contains(prefix.prefix))
      continue;
    const bool ours = is_ours(router.key, prefix.prefix);
    const int rank = (prefix.preferred_until > now ? 3 : 1) + (ours ? 1 : 0);
    if (rank <= best_rank) continue;
    best = &prefix;
    best_rank = rank;
  }
  return best;
}

bool MovementDetection::is_ours(const RouterKey& router, const Prefix& prefix) const {
  return attachment_ && attachment_->link == router.link && attachment_->care_of &&
         prefix.contains(attachment_->care_of->address);
}

void MovementDetection::try_address(const Candidate& candidate) {
  check_ = std::make_shared<int>();
  const auto answer = [this, check = std::weak_ptr(check_),
                       candidate](NeighbourProxy::Uniqueness uniqueness) {
    if (!check.expired()) detected(uniqueness, candidate);
  };
  if (settings_.duplicates == Duplicates::Optimistic) {
    around_.neighbours.detect(candidate.router.link, candidate.address, answer);
    if (const KnownRouter* const router = routers_.find(candidate.router))
      become(*router,
             CareOf{.address = candidate.address, .valid_until = candidate.prefix.valid_until});
    return;
  }
  pending_ = candidate.router;
  around_.neighbours.detect(candidate.router.link, candidate.address, answer);
}

void MovementDetection::detected(NeighbourProxy::Uniqueness uniqueness,
                                 const Candidate& candidate) {
  check_.reset();
  if (uniqueness == NeighbourProxy::Uniqueness::Duplicate) return try_another_identifier(candidate);
  if (!pending_) return;  // optimistic: it is in use
  pending_.reset();
  if (const KnownRouter* const router = routers_.find(candidate.router))
    become(*router,
           CareOf{.address = candidate.address, .valid_until = candidate.prefix.valid_until});
  else
    choose();
}

void MovementDetection::try_another_identifier(Candidate candidate) {
  const Address duplicate = candidate.address;
  if (candidate.tries < kMostIdentifiers) {
    ++candidate.tries;
    std::array<std::uint8_t, 8> identifier{};
    around_.random.fill(identifier);
    candidate.address = address_of(candidate.prefix.prefix, identifier);
    try_address(candidate);
  } else {
    if (duplicates_.size() >= kMostDuplicates) duplicates_.clear();
    duplicates_.insert(candidate.prefix.prefix);
    forget(candidate.router);
    choose();
  }
  if (held_ && held_->address == duplicate) release_held();  // was in use, by optimism
}

void MovementDetection::become(const KnownRouter& router, const std::optional<CareOf>& care_of) {
  const PortId link = router.key.link;
  const std::optional<Attachment> before =
      std::exchange(attachment_, Attachment{.link = link,
                                            .router = router.key.address,
                                            .router_link_address = router.link_address,
                                            .router_addresses = addresses_of(router),
                                            .care_of = care_of});
  if (before && !same_place(*before, link, care_of)) leave(*before, care_of);
  if (care_of && (!before || !same_place(*before, link, care_of)))
    around_.addresses.add(link, {care_of->address, 64});
  if (current_ != router.key) {
    probe_.reset();
    if (before && before->link != link) around_.addresses.set_router(before->link, std::nullopt);
    around_.addresses.set_router(link, router.key.address);
  }
  current_ = router.key;
  watch();
  listener_.attached(*attachment_);
}

// The address before stays as long as its router is there.
void MovementDetection::leave(const Attachment& before, const std::optional<CareOf>& care_of) {
  if (held_ && care_of && held_->address == care_of->address) held_.reset();
  release_held();
  if (!before.care_of) return;
  const RouterKey router{before.link, before.router};
  const KnownRouter* const known = routers_.find(router);
  if (known != nullptr && known->knows({Prefix{before.care_of->address, 64}.first(), 64}))
    held_ = Held{.router = router, .address = before.care_of->address};
  else
    around_.addresses.remove(before.link, before.care_of->address);
}

void MovementDetection::release_held() {
  if (!held_) return;
  around_.addresses.remove(held_->router.link, held_->address);
  held_.reset();
}

void MovementDetection::watch() {
  const KnownRouter* const router = current_ ? routers_.find(*current_) : nullptr;
  if (router == nullptr) return;
  Instant due = router->ends;
  if (router->interval && !probe_)
    due = std::min(due, router->heard + *router->interval * settings_.missed_advertisements);
  const Instant now = around_.clock.now();
  for (const KnownPrefix& prefix : router->prefixes)
    for (const Instant end : {prefix.preferred_until, prefix.valid_until})
      if (end > now) due = std::min(due, end);
  watch_.set(std::max(due - now, Duration{0}), [this] { look(); });
}

void MovementDetection::look() {
  const Instant now = around_.clock.now();
  if (!current_) return;
  const RouterKey key = *current_;
  if (held_) {
    routers_.remove_ended(now);
    if (routers_.find(held_->router) == nullptr) release_held();
  }
  const KnownRouter* const router = routers_.find(key);
  if (router == nullptr || router->ends <= now) return lose(key);
  if (router->interval &&
      router->heard + *router->interval * settings_.missed_advertisements <= now)
    suspect();
  if (!attach(*router)) return lose(key);
}

Address address_of(const Prefix& prefix, const std::array<std::uint8_t, 8>& identifier) noexcept {
  Address address = prefix.first();
  std::ranges::copy(identifier, address.bytes.begin() + 8);
  return address;
}

}  // namespace sallyport::mip6
