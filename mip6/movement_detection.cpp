#include "mip6/movement_detection.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

constexpr unsigned kMostIdentifiers = 3;  // RFC 7217 7: IDGEN_RETRIES
constexpr std::size_t kMostDuplicates = 64;
constexpr Duration kDuplicateSilence = std::chrono::minutes{5};
// Ours, where another link's router is heard and it tells no interval of its own.
constexpr Duration kRouterSilence = std::chrono::seconds{30};
// For an answer to a solicitation (RFC 4861 10: RTR_SOLICITATION_INTERVAL).
constexpr Duration kAnswerTime = std::chrono::seconds{4};

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
      watch_(around_.timers),
      doubt_(around_.timers) {}

void MovementDetection::link_up(PortId link) {
  links_.insert(link);
  around_.discovery.solicit(link);
}

void MovementDetection::link_down(PortId link) {
  links_.erase(link);
  hinted_.erase(link);
  forget_duplicates(link);
  routers_.remove_link(link);
  if (held_ && held_->router.link == link) release_held();
  if (pending_ && pending_->link == link) forget(*pending_);
  if (current_ && current_->link == link) forget(*current_);
  if (!current_ && !pending_) choose();
}

void MovementDetection::link_moved(PortId link) {
  around_.discovery.solicit(link);
  forget_duplicates(link);
  if (!current_ || current_->link != link) return;
  hinted_.insert(link);
  suspect();
}

void MovementDetection::advertised(PortId link, const RouterAdvertisement& advertisement) {
  const RouterKey key{link, advertisement.source};
  if (advertisement.lifetime == RouterLifetime{}) return lose(key);
  links_.insert(link);
  if (const KnownRouter* known = routers_.find(key); known && is_another(*known, advertisement)) {
    if (is_doubtful(key)) return doubt(key, advertisement);
    replace(key);
  } else if (doubted_ && doubted_->router == key) {
    doubted_.reset();  // it says itself what it has
    doubt_.cancel();
  }
  take(key, advertisement);
}

void MovementDetection::take(const RouterKey& router, const RouterAdvertisement& advertisement) {
  std::vector<RouterKey> kept;
  if (current_) kept.push_back(*current_);
  if (pending_) kept.push_back(*pending_);
  consider(routers_.update(router, advertisement, around_.clock.now(), kept));
}

// Anybody on the link can speak in its name. Who is not bound to it, or has been told of a move,
// needs not ask.
bool MovementDetection::is_doubtful(const RouterKey& router) const {
  return at(router) && settings_.switching == Switching::Lazy && !hinted_.contains(router.link);
}

// Is it still our router, then it answers with what it has.
void MovementDetection::doubt(const RouterKey& router, const RouterAdvertisement& advertisement) {
  const bool asked = doubted_ && doubted_->router == router;
  doubted_ = Doubted{.router = router, .advertisement = advertisement};
  if (asked) return;
  around_.discovery.solicit(router.link);
  doubt_.set(kAnswerTime, [this] {
    const auto heard = std::exchange(doubted_, std::nullopt);
    if (!heard || !at(heard->router)) return;
    replace(heard->router);
    take(heard->router, heard->advertisement);
  });
}

// Another router by the same address is another link by the same port: where that was ours, nothing
// that was known of the link holds.
void MovementDetection::replace(RouterKey router) {
  if (at(router)) {
    routers_.remove_link(router.link);
    if (pending_ && pending_->link == router.link) forget(*pending_);
  }
  routers_.remove(router);
  forget(router);
}

void MovementDetection::router_unreachable(PortId link, const Address& router) {
  lose({link, router});
}

void MovementDetection::set_home_prefixes(std::vector<Prefix> prefixes) {
  settings_.home_prefixes = std::move(prefixes);
  choose();
}

bool MovementDetection::is_home(const KnownRouter& router) const {
  const Instant now = around_.clock.now();
  return std::ranges::any_of(settings_.home_prefixes, [&router, now](const Prefix& home) {
    const Prefix prefix{home.first(), home.length};
    const auto found = std::ranges::find(router.prefixes, prefix, &KnownPrefix::prefix);
    return found != router.prefixes.end() && found->valid_until > now;
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
  const KnownRouter* const ours = routers_.find(*current_);
  if (router.key.link != current_->link) {
    if (is_home(router) && attachment_ && attachment_->care_of)
      attach(router);
    else if (ours != nullptr && around_.clock.now() - ours->heard >= kRouterSilence)
      suspect();
    return;
  }
  // The home link as any: while our router is there this is the link that it was (RFC 6275 11.5.2).
  if (pending_ || !ours || share_a_prefix(*ours, router)) return;
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
  doubted_.reset();
  doubt_.cancel();
}

// Behind all that are preferred where the operator has not named it.
std::size_t MovementDetection::rank(PortId link) const {
  return static_cast<std::size_t>(std::ranges::find(settings_.links, link) -
                                  settings_.links.begin());
}

// The home link first, then the links in their order, then what was heard last.
void MovementDetection::choose() {
  routers_.remove_ended(around_.clock.now());
  std::vector<const KnownRouter*> order;
  for (const auto& [key, router] : routers_.all()) order.push_back(&router);
  std::ranges::sort(order, [this](const KnownRouter* left, const KnownRouter* right) {
    if (is_home(*left) != is_home(*right)) return is_home(*left);
    if (rank(left->key.link) != rank(right->key.link))
      return rank(left->key.link) < rank(right->key.link);
    return left->heard > right->heard;
  });
  for (const KnownRouter* router : order) {
    if (current_ && !is_home(*router)) break;
    if (current_ && current_->link == router->key.link && !at(router->key)) continue;
    if (attach(*router)) return;
  }
  if (!current_ && !pending_) detach();
}

// Routers are asked for where one has gone: who never had one has asked before (RFC 4861 6.3.7).
void MovementDetection::detach() {
  if (!attachment_) return;
  const Attachment before = *std::exchange(attachment_, std::nullopt);
  if (before.care_of) around_.addresses.remove(before.link, before.care_of->address);
  around_.addresses.set_router(before.link, std::nullopt);
  listener_.detached();
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
        is_duplicate(router.key.link, prefix.prefix, now))
      continue;
    const bool ours = is_ours(router.key, prefix.prefix);
    const int rank = (prefix.preferred_until > now ? 3 : 1) + (ours ? 1 : 0);
    if (rank <= best_rank) continue;
    best = &prefix;
    best_rank = rank;
  }
  return best;
}

bool MovementDetection::is_duplicate(PortId link, const Prefix& prefix, Instant now) const {
  const auto found = duplicates_.find({link, prefix});
  return found != duplicates_.end() && found->second > now;
}

void MovementDetection::forget_duplicates(PortId link) {
  std::erase_if(duplicates_, [link](const auto& entry) { return entry.first.first == link; });
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
    duplicates_[{candidate.router.link, candidate.prefix.prefix}] =
        around_.clock.now() + kDuplicateSilence;
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
  listener_.arriving(*attachment_);
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
  if (known == nullptr || !known->knows({Prefix{before.care_of->address, 64}.first(), 64}))
    return around_.addresses.remove(before.link, before.care_of->address);
  held_ = Held{.router = router, .address = before.care_of->address};
  // For what comes: its neighbours are not to be looked for there any more.
  around_.addresses.add(before.link, {before.care_of->address, 128});
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
