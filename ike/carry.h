// From an IKE SA at work to what of it is carried to another node, and back (RFC 6311 has the
// scene: a standby goes on where the active member has failed). Control thread.
#pragma once

#include <memory>
#include <vector>

#include "ike/ike_sa_record.h"
#include "ike/session.h"

namespace sallyport::ike {

// Refuses an IKE SA that is not established, and one with an exchange under way, whichever side
// began it: then the two ends do not agree on whose turn it is. Children that have been replaced
// stay behind.
[[nodiscard]] Expected<CarriedIkeSa> carry_away(Session& session);

// Goes on with it, under its own number and names; the old node sends nothing by it any more.
// `sas`: both SAs of each child and no others, as the SAD's records carry them. Refuses it where
// the PAD has no such peer, the SPD no such policy, or the SAs are not the children's; then nothing
// has changed.
[[nodiscard]] Expected<std::shared_ptr<Session>> carry_on(const Surroundings& surroundings,
                                                          CarriedIkeSa carried,
                                                          std::vector<Sa> sas);

}  // namespace sallyport::ike
