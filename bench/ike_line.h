// The command line of sallyport-bench-ike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/ike_terms.h"
#include "net/address.h"

namespace sallyport::bench {

struct IkeLine {
  std::vector<IkeKind> kinds;
  unsigned count{};
  unsigned hold{};
  unsigned certificates{};
  std::string json;
  // What else than the measurement in one process it is run for; one of them at most.
  std::string make_identities;      // a folder
  std::optional<Address> respond;   // as the responder at this address
  std::optional<Address> initiate;  // as the peers of the responder at this address
  std::string identities;           // a folder; empty: they are made
  // For these.
  std::optional<Address> from;
  unsigned warm_up{};
  unsigned in_flight{};
  unsigned capacity{};
  int responder_process{};
  bool help{};
};

[[nodiscard]] Expected<IkeLine> read_ike_line(int argc, char** argv);
[[nodiscard]] std::string ike_usage();

}  // namespace sallyport::bench
