// IKE SAs that come from another node, and go to one.
#include <fmt/format.h>

#include <algorithm>

#include "ike/carry.h"
#include "ike/daemon.h"

namespace sallyport::ike {

Expected<Octets> Daemon::export_ike_sa(std::uint64_t number) const {
  const SessionPtr session = sessions_.by_number(number);
  if (!session)
    return fail(Error::Code::NotFound, fmt::format("there is no IKE SA {}", number),
                "name one of sallyportctl show ike-sas");
  const auto carried = carry_away(*session);
  if (!carried) return std::unexpected(carried.error());
  return write_record(*carried);
}

Expected<std::uint64_t> Daemon::import_ike_sa(ByteView record, std::vector<Sa> sas,
                                              std::uint64_t jump) {
  auto carried = read_record(record, jump);
  if (!carried) return std::unexpected(carried.error());
  const std::uint64_t number = carried->number;
  const IkeSpi ours =
      carried->side == Side::Initiator ? carried->initiator_spi : carried->responder_spi;
  if (sessions_.by_number(number) || sessions_.by_spi(ours))
    return fail(Error::Code::Exists, fmt::format("IKE SA {} or its SPI is here already", number));
  if (sessions_.size() >= settings_.ike_sas)
    return fail(Error::Code::Exhausted, "there is no room for another IKE SA",
                "raise [limits] ike_sas");
  if (auto session = carry_on(surroundings_, std::move(*carried), std::move(sas)); !session)
    return std::unexpected(session.error());
  last_number_ = std::max(last_number_, number);
  return number;
}

}  // namespace sallyport::ike
