#include "mip6/mobile_node_registration.h"

#include <algorithm>

#include "mip6/build_message.h"
#include "mip6/registration_rules.h"
#include "mip6/sequence_number.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr unsigned kRetriesOfLeaving = 3;   // a home agent, for another one
constexpr unsigned kSendingsToSlowest = 7;  // from one second on, twice that each time

template <class Flag>
Flags<Flag> with(Flags<Flag> flags, Flag flag) noexcept {
  using Bits = Flags<Flag>::Bits;
  return Flags<Flag>::of_wire(static_cast<Bits>(flags.wire() | std::to_underlying(flag)));
}

}  // namespace

MobileNodeRegistration::MobileNodeRegistration(const MobileNodeSurroundings& surroundings,
                                               const MobileNodeSettings& settings,
                                               BindingUpdateList& list, Observer& observer)
    : around_(surroundings),
      settings_(settings),
      list_(list),
      observer_(observer),
      home_agents_(settings.home_agents),
      later_(surroundings.timers) {
  if (!home_agents_.empty()) home_agent_ = home_agents_.front();
}

// The tunnel is there before the way out is: policy may let pass at home what it finds without one.
void MobileNodeRegistration::arriving(const Attachment& attachment) {
  if (phase_ == Phase::Ending || tunnel_ || !attachment.care_of) return;
  const auto before = std::exchange(attachment_, attachment);
  open_tunnel();
  attachment_ = before;
}

void MobileNodeRegistration::attached(const Attachment& attachment) {
  const bool moved = !attachment_ || attachment_->link != attachment.link ||
                     attachment_->care_of.has_value() != attachment.care_of.has_value() ||
                     (attachment.care_of && care_of() != attachment.care_of->address);
  attachment_ = attachment;
  if (phase_ != Phase::Working || !moved) return;
  report(EventKind::Movement, at_home() ? "home" : "");
  failed_ = 0;
  asked_.reset();
  later_.cancel();
  check_delay_ = {};
  if (at_home()) return come_home();
  leave_home();
  allow_all();
  BindingUpdateEntry* const known = entry();
  const bool holds = registered_care_of() && known->refresh.is_set();
  if (!holds) register_here();
}

void MobileNodeRegistration::detached() {
  attachment_.reset();
  asked_.reset();
  later_.cancel();
  if (BindingUpdateEntry* const known = entry()) known->retry.stop();
  report(EventKind::Movement, "no link");
}

void MobileNodeRegistration::renew() {
  if (attachment_ && attachment_->care_of && phase_ == Phase::Working) register_here();
}

void MobileNodeRegistration::end() {
  if (phase_ == Phase::Lost) return close_tunnel();
  if (phase_ != Phase::Working) return;
  phase_ = Phase::Ending;
  later_.cancel();
  if (attachment_ && attachment_->care_of && entry() != nullptr) start(Purpose::Deregister);
  purpose_ = Purpose::Deregister;
  close_tunnel();
}

bool MobileNodeRegistration::is_protected(const Arrival& arrival) const noexcept {
  if (mip6::is_protected(arrival)) return true;
  // That tunnel is for everybody behind the home agent, which sends nothing of others in its name.
  const auto& tunnel = arrival.tunnel;
  return in_tunnel() && tunnel && tunnel->protection == Protection::Ipsec &&
         tunnel->source == arrival.source;
}

bool MobileNodeRegistration::is_asking() {
  const BindingUpdateEntry* const known = entry();
  return asked_ != nullptr || (known != nullptr && known->retry.active());
}

std::optional<Address> MobileNodeRegistration::registered_care_of() {
  const BindingUpdateEntry* const known = entry();
  if (known == nullptr || !known->is_bound(now()) || !attachment_ || !attachment_->care_of)
    return std::nullopt;
  if (known->care_of != attachment_->care_of->address) return std::nullopt;
  return known->care_of;
}

Duration MobileNodeRegistration::left() {
  const BindingUpdateEntry* const known = entry();
  if (known == nullptr) return Duration{0};
  return std::min(known->left(now()), std::max(home_address_end_ - now(), Duration{0}));
}

BindingUpdateEntry* MobileNodeRegistration::entry() {
  return home_agent_ ? list_.find(*home_agent_, settings_.home_address) : nullptr;
}

Address MobileNodeRegistration::care_of() const {
  return attachment_ && attachment_->care_of ? attachment_->care_of->address
                                             : settings_.home_address;
}

TunnelMigrator::Ends MobileNodeRegistration::ends_to(const Address& home_agent) const {
  return {.home_address = settings_.home_address, .home_agent = home_agent};
}

void MobileNodeRegistration::report(EventKind kind, std::string detail) {
  around_.events.report({.kind = kind,
                         .home_address = settings_.home_address,
                         .care_of = care_of(),
                         .peer = home_agent_.value_or(Address::any(Family::V6)),
                         .detail = std::move(detail)});
}

// SAs for Binding Updates come first (RFC 4877 7.3; MDYN-15); where they are, the update goes out
// in this very call (MAPI-09).
void MobileNodeRegistration::register_here() {
  later_.cancel();
  if (!home_agent_) {
    try_later(kMostBindingTimeout);
    return observer_.no_home_agent();
  }
  if (!home_agents_.empty() && !is_one_of_ours(*home_agent_)) use_home_agent(home_agents_.front());
  // Before anything is asked, by who was told of no arrival as well.
  if (!tunnel_) open_tunnel();
  if (!ike_at_) ike_at_ = care_of();
  asked_ = std::make_shared<int>();
  around_.ike.prepare(settings_.home_address, *home_agent_, care_of(),
                      [this, asked = std::weak_ptr(asked_)](const Expected<void>& how) {
                        if (!asked.expired()) prepared(how);
                      });
}

void MobileNodeRegistration::prepared(const Expected<void>& how) {
  asked_.reset();
  if (how) return start(Purpose::Register);
  report(EventKind::Refused, to_string(how.error()));
  fail_over(settings_.first_timeout);
}

void MobileNodeRegistration::start(Purpose purpose) {
  std::array<std::uint8_t, 2> random{};
  around_.random.fill(random);
  const auto needed =
      list_.need(*home_agent_, settings_.home_address, load_be<std::uint16_t>(random.data()));
  if (!needed) return report(EventKind::Refused, to_string(needed.error()));
  BindingUpdateEntry& known = **needed;
  purpose_ = purpose;
  unanswered_ = 0;
  known.outstanding.clear();
  known.refresh.cancel();
  Retransmission::Pace pace{
      .first = known.is_bound(now()) ? kFirstBindingTimeout : settings_.first_timeout,
      .most = kMostBindingTimeout};
  if (purpose == Purpose::Register && home_agents_.size() > 1)
    pace.retries = retries_until_slowest(pace.first, pace.most);
  if (purpose == Purpose::Deregister && !at_home()) pace.retries = kRetriesOfLeaving;
  known.retry.start(pace, [this] { send(); }, [this] { fail_over(Duration{0}); });
}

void MobileNodeRegistration::send() {
  BindingUpdateEntry* const known = entry();
  if (known == nullptr || !attachment_ || !known->rate.take(now())) return;
  const bool registers = purpose_ == Purpose::Register;
  // What goes by the tunnel itself is to leave from here.
  if (in_tunnel()) open_tunnel();
  const BindingUpdate message = update(*known);
  const auto octets = build_message(message, settings_.home_address, *home_agent_);
  if (!octets) return report(EventKind::Refused, to_string(octets.error()));
  around_.sender.send(departure(), *octets);
  known->record({.sequence = message.sequence,
                 .lifetime = message.lifetime,
                 .sent = now(),
                 .care_of = care_of()});
  if (!registers && at_home()) claim_home_address();
  // One that is silent until the slowest pace may have gone (11.4.1).
  if (registers && ++unanswered_ == kSendingsToSlowest) observer_.no_home_agent();
  if (settings_.migrate != MigrateOn::Update) return;
  if (registers) return open_tunnel();
  // It is the home agent's answer that ends protection: anybody may advertise the home prefix.
  observer_.moving();
}

BindingUpdate MobileNodeRegistration::update(const BindingUpdateEntry& known) const {
  BindingUpdate message{.sequence = static_cast<std::uint16_t>(known.sequence + 1),
                        .flags = flags(),
                        .lifetime = {},
                        .options = {.alternate_care_of = settings_.home_address}};
  if (purpose_ == Purpose::Deregister) return message;
  message.lifetime = lifetime();
  message.options.alternate_care_of = care_of();
  if (settings_.kind == NodeKind::Router)
    for (const Prefix& prefix : settings_.mobile_network_prefixes)
      message.options.mobile_network_prefixes.push_back(
          {.address = prefix.first(), .length = prefix.length});
  if (!settings_.dns_name.empty())
    message.options.dns_update = DnsUpdate{.name = settings_.dns_name};
  return message;
}

Flags<UpdateFlag> MobileNodeRegistration::flags() const {
  Flags<UpdateFlag> flags{UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration};
  const auto identifier = around_.addresses.interface_identifier(attachment_->link);
  if (settings_.home_identifier == HomeIdentifier::OfInterface &&
      address_of({settings_.home_address, 64}, identifier) == settings_.home_address)
    flags = with(flags, UpdateFlag::LinkLocalCompatible);
  if (around_.ike.can_move(settings_.home_address))
    flags = with(flags, UpdateFlag::KeyManagementMobility);
  if (settings_.kind == NodeKind::Router) flags = with(flags, UpdateFlag::MobileRouter);
  return flags;
}

// Never 0, which would delete; never beyond either address.
BindingLifetime MobileNodeRegistration::lifetime() const {
  Duration wanted = settings_.lifetime;
  if (attachment_->care_of) wanted = std::min(wanted, attachment_->care_of->valid_until - now());
  wanted = std::min(wanted, home_address_end_ - now());
  constexpr Duration kMost = BindingLifetime::max();
  return std::max(
      std::chrono::duration_cast<BindingLifetime>(std::clamp(wanted, Duration{0}, kMost)),
      BindingLifetime{1});
}

Departure MobileNodeRegistration::departure() const {
  Departure departure{
      .source = settings_.home_address, .destination = *home_agent_, .protocol = kProtocolMobility};
  if (attachment_->care_of) {
    // The tunnel's own header says where from (RFC 4877 3).
    if (!in_tunnel()) departure.source_care_of = attachment_->care_of->address;
  } else {
    departure.port = attachment_->link;
    departure.link_destination = home_agent_link_;
  }
  return departure;
}

// Packets leave from where we are now, by the home agent that we have now, and are expected there.
void MobileNodeRegistration::open_tunnel() {
  if (!home_agent_ || !attachment_) return;
  const Tunnel wanted{.home_agent = *home_agent_, .begin = care_of()};
  if (tunnel_ == wanted) return;
  const auto before = std::exchange(tunnel_, wanted);
  if (const auto moved = around_.tunnels.move(ends_to(*home_agent_), care_of()); !moved) {
    report(EventKind::Refused, to_string(moved.error()));
    tunnel_->begin = Address::any(Family::V6);  // it is tried again
  }
  // Even so: what cannot be protected is not to go as it is.
  const bool router = settings_.kind == NodeKind::Router;
  if (!at_home())
    if (const auto set = around_.bindings.set(
            {.use = BindingUse::MobileNode,
             .home_address = settings_.home_address,
             .care_of = care_of(),
             .peer = home_agent_,
             .home_agent = {},
             .link_local = {},
             .networks = router ? settings_.mobile_network_prefixes : std::vector<Prefix>{}});
        !set)
      report(EventKind::Refused, to_string(set.error()));
  if (before && before->home_agent != *home_agent_) {
    around_.tunnels.deactivate(ends_to(before->home_agent));
    around_.bindings.remove(BindingUse::MobileNode, settings_.home_address, before->home_agent);
  }
  observer_.moving();
}

// Packets with the home address go as policy has it at home.
void MobileNodeRegistration::close_tunnel() {
  if (!tunnel_) return;
  const Tunnel before = *std::exchange(tunnel_, std::nullopt);
  around_.bindings.remove(BindingUse::MobileNode, settings_.home_address, before.home_agent);
  // What leads packets is known by the home agent that we have now.
  if (home_agent_ && *home_agent_ != before.home_agent)
    around_.bindings.remove(BindingUse::MobileNode, settings_.home_address, home_agent_);
  around_.tunnels.deactivate(ends_to(before.home_agent));
  observer_.moving();
}

}  // namespace sallyport::mip6
