// Whose packets the SAs of a policy carry: one party's at a time. Two hosts behind one NAT that
// have the same address inside, or ask for the same transport selectors, would have each other's
// packets otherwise (RFC 3948 5.1, 5.2; RFC 7296 2.23; NAT-05).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "ike/child_sa.h"
#include "ike/ike_sa.h"
#include "spd/populate.h"

namespace sallyport::ike {

// Who an IKE SA's packets go to. Its successors are the same party, and so is who has proved the
// same identity; who has proved none is a party of its own each time.
[[nodiscard]] std::string party_of(const IkeSa& sa);

// Control thread.
class ChildPlaces {
 public:
  // No other party has a child to which packets of this policy and these selectors go.
  [[nodiscard]] bool are_free(const Policy& policy, const SelectorPair& selectors,
                              const std::string& party) const;
  [[nodiscard]] bool are_free(const ChildSa& child, const std::string& party) const;
  // Of a child: once, until it leaves them.
  void take(const ChildSa& child, const std::string& party);
  void leave(const ChildSa& child);

 private:
  // Packets of one policy that find the same SA: by the values that it is populated with.
  struct Place {
    std::string policy;
    PopulatedKey values;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Holder {
    std::string party;
    std::size_t children{};
  };
  [[nodiscard]] static std::vector<Place> places_of(const Policy& policy,
                                                    const SelectorPair& selectors);
  [[nodiscard]] static std::vector<Place> places_of(const ChildSa& child);
  std::map<Place, Holder> holders_;
};

}  // namespace sallyport::ike
