#include "mip6/mobility_input.h"

#include <utility>

#include "mip6/acknowledge.h"
#include "mip6/build_message.h"

namespace sallyport::mip6 {
namespace {

bool is_for_home_agent(const BindingUpdate& update) {
  return update.flags.has(UpdateFlag::HomeRegistration) ||
         update.flags.has(UpdateFlag::MobileRouter);
}

template <class... Kinds>
bool is_one_of(const Message& message) {
  return (std::holds_alternative<Kinds>(message) || ...);
}

}  // namespace

MobilityInput::MobilityInput(const Clock& clock, PacketSender& sender, Roles roles)
    : clock_(clock),
      sender_(sender),
      roles_(std::move(roles)),
      errors_(clock, sender),
      refusals_(RateLimit::per_second(MessageErrors::kPerSecond, MessageErrors::kAtOnce,
                                      kInstantHertz)) {}

void MobilityInput::receive(const Arrival& arrival, ByteView upper) {
  const auto message = parse_message(upper, arrival.source, arrival.destination);
  if (!message) return errors_.answer(arrival, upper, message.error());
  const ByteView octets = *one_message(upper);
  if (is_one_of<BindingUpdate>(*message)) return take_update(arrival, *message, octets);
  if (is_one_of<HomeTestInit, CareOfTestInit>(*message)) {
    if (roles_.correspondent) roles_.correspondent(arrival, *message, octets);
    return;
  }
  if (is_one_of<Heartbeat, BindingRevocation>(*message)) return;  // of proxies (RFC 5213)
  if (roles_.mobile_node) roles_.mobile_node(arrival, *message, octets);
}

// Their messages differ, so a gateway may be both.
bool MobilityInput::receive_of_link(const Arrival& arrival, std::uint8_t protocol,
                                    ByteView octets) {
  if (arrival.tunnel && roles_.home_agent_link && roles_.home_agent_link(arrival, protocol, octets))
    return true;
  return roles_.mobile_node_link && roles_.mobile_node_link(arrival, protocol, octets);
}

void MobilityInput::take_update(const Arrival& arrival, const Message& message, ByteView octets) {
  const auto& update = std::get<BindingUpdate>(message);
  if (!is_for_home_agent(update)) {
    if (roles_.correspondent) roles_.correspondent(arrival, message, octets);
    return;
  }
  if (roles_.home_agent != nullptr && roles_.home_agent->has_address(arrival.destination))
    return roles_.home_agent->receive(arrival, update);
  refuse_registration(arrival, update);
}

// RFC 6275 10.3.1. Who has no home agent here has no SA with us either: nothing is protected.
void MobilityInput::refuse_registration(const Arrival& arrival, const BindingUpdate& update) {
  if (!refusals_.allow(static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()))) return;
  if (!arrival.source.is_unicast_routable() || !arrival.wire_source().is_unicast_routable()) return;
  const Departure departure = acknowledgement_departure(arrival);
  const auto answer =
      build_message(BindingAcknowledgement{.status = BindingStatus::HomeRegistrationNotSupported,
                                           .sequence = update.sequence},
                    departure.source, departure.destination);
  if (answer) sender_.send(departure, *answer);
  if (roles_.events == nullptr) return;
  roles_.events->report(
      {.kind = EventKind::Refused,
       .home_address = arrival.source,
       .care_of = care_of_address(arrival, update),
       .peer = arrival.wire_source(),
       .detail = std::string(name_of(BindingStatus::HomeRegistrationNotSupported))});
}

}  // namespace sallyport::mip6
