#include "mip6/acknowledge.h"

#include "net/protocol.h"

namespace sallyport::mip6 {

Departure acknowledgement_departure(const Arrival& update) noexcept {
  return {.source = update.destination,
          .destination = update.source,
          .destination_care_of = update.source_care_of,
          .protocol = kProtocolMobility};
}

Departure on_link_departure(const Arrival& update) noexcept {
  Departure departure = acknowledgement_departure(update);
  departure.port = update.port;
  departure.link_destination = update.link_source;
  return departure;
}

}  // namespace sallyport::mip6
