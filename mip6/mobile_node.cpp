#include "mip6/mobile_node.h"

#include <algorithm>

#include "net/icmp.h"

namespace sallyport::mip6 {
namespace {

constexpr std::size_t kMostKnownHomeAgents = 32;  // known now, and those of a list before

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

MobileNode::MobileNode(const MobileNodeSurroundings& surroundings, MobileNodeSettings settings)
    : around_(surroundings),
      settings_(std::move(settings)),
      home_agents_(around_.timers, kMostKnownHomeAgents),
      correspondents_(around_.timers, settings_.most_correspondents),
      registration_(around_, settings_, home_agents_, *this),
      routes_(around_, settings_, correspondents_, registration_),
      prefixes_(around_, settings_, registration_,
                [this](const MobilePrefixAdvertisement& advertisement) {
                  prefixes_advertised(advertisement);
                }),
      discovery_(around_, settings_,
                 [this](std::vector<Address> home_agents) {
                   if (!home_agents.empty()) registration_.discovered(home_agents);
                 }),
      home_link_(around_.sender, settings_) {}

void MobileNode::attached(const Attachment& attachment) {
  const bool had_link = registration_.attachment().has_value();
  registration_.attached(attachment);
  if (registration_.at_home()) discovery_.stop();
  if (!had_link) registered();
}

void MobileNode::detached() {
  registration_.detached();
  routes_.suspend();
  discovery_.stop();
  prefixes_.stop();
}

void MobileNode::receive(const Arrival& arrival, const Message& message, ByteView octets) {
  std::visit(
      Overloaded{[&](const BindingAcknowledgement& one) {
                   if (arrival.source == registration_.home_agent())
                     registration_.acknowledged(arrival, one);
                   else
                     routes_.acknowledged(arrival, octets, one);
                 },
                 [&](const HomeTest& one) { routes_.tested(arrival, one); },
                 [&](const CareOfTest& one) { routes_.tested(arrival, one); },
                 [&](const BindingRefreshRequest&) { routes_.refresh_requested(arrival); },
                 [&](const BindingError& one) { take(arrival, one); },
                 [&](const HomeAgentSwitch& one) { take(arrival, one); }, [](const auto&) {}},
      message);
}

void MobileNode::receive(const Arrival& arrival, const DiscoveryMessage& message) {
  if (const auto* const reply = std::get_if<HomeAgentDiscoveryReply>(&message))
    discovery_.receive(arrival, *reply);
  if (const auto* const advertisement = std::get_if<MobilePrefixAdvertisement>(&message))
    prefixes_.receive(arrival, *advertisement);
}

bool MobileNode::receive_of_link(const Arrival& arrival, std::uint8_t protocol, ByteView octets) {
  tell_home_link();
  return arrival.tunnel ? home_link_.from_tunnel(arrival, protocol, octets)
                        : home_link_.from_host(arrival, protocol, octets);
}

// What is so now; moving() has told of an end that another binding has followed since.
void MobileNode::tell_home_link() {
  const auto& home_agent = registration_.home_agent();
  const auto& attachment = registration_.attachment();
  if (!home_agent || registration_.left() == Duration{0}) return home_link_.unbound();
  if (!attachment || !attachment->care_of) return home_link_.pause();
  home_link_.bound(*home_agent);
}

void MobileNode::parameter_problem(const Address& peer, std::uint8_t code) {
  if (code == icmp6::kCodeUnknownHeader) routes_.unsupported_by(peer);
  if (code == icmp6::kCodeUnknownOption)
    around_.events.report({.kind = EventKind::Refused,
                           .home_address = settings_.home_address,
                           .peer = peer,
                           .detail = "it does not know the Home Address option"});
}

void MobileNode::end() {
  routes_.suspend();
  registration_.end();
}

void MobileNode::take(const Arrival& arrival, const BindingError& error) {
  const bool of_home_agent = arrival.source == registration_.home_agent();
  if (error.status == BindingErrorStatus::UnknownType)
    return routes_.unsupported_by(arrival.source);
  if (error.status != BindingErrorStatus::UnknownBinding) return;
  if (!of_home_agent) return routes_.unknown_to(arrival.source);
  // Nobody has proved who says so: what is being asked already is not begun anew by it.
  if (registration_.registered_care_of() && !registration_.is_asking()) registration_.renew();
}

void MobileNode::take(const Arrival& arrival, const HomeAgentSwitch& message) {
  // It may be sent again until it is answered; who is left already says nothing more.
  const bool ours = arrival.source == registration_.accepted_by() &&
                    arrival.source == registration_.home_agent() &&
                    registration_.is_protected(arrival) &&
                    arrival.destination == settings_.home_address;
  if (ours) registration_.switch_to(message.home_agents);
}

void MobileNode::moving() {
  routes_.suspend();
  tell_home_link();
}

void MobileNode::registered() {
  routes_.registered();
  // What stop() has taken off, and what has ended meanwhile.
  prefixes_.resume_before(registration_.home_address_end());
}

// On its link the home address is no older than what its router says.
void MobileNode::returned() {
  registration_.set_home_address_end(Instant::max());
  prefixes_.stop();
  routes_.returned();
}

void MobileNode::no_home_agent() {
  if (settings_.discovery == HomeAgentDiscovery::Off) return;
  const auto& attachment = registration_.attachment();
  if (attachment && attachment->care_of) discovery_.start(attachment->care_of->address);
}

void MobileNode::home_address_lost() {
  prefixes_.stop();
  discovery_.stop();
  if (lost_) lost_();
}

// As an advertisement on the home link would: the home address lives as long as its prefix
// (11.4.3).
void MobileNode::prefixes_advertised(const MobilePrefixAdvertisement& advertisement) {
  const Instant now = around_.clock.now();
  for (const PrefixInformation& told : advertisement.prefixes) {
    if (!told.prefix.contains(settings_.home_address)) continue;
    const Instant end = end_of(told.valid, now);
    registration_.set_home_address_end(end);
    routes_.shorten(end);
    prefixes_.solicit_before(end);
  }
}

}  // namespace sallyport::mip6
