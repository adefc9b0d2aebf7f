// Fuzzes what mobile nodes, home agents and routers send: mobility messages, home agent discovery
// and router advertisements. First octet: which, then the message. Checksums are made right, so
// that more is reached; what is taken, written once more, is read as the same.
// Proves: MH-14
#include <cstdlib>

#include "net/datagram.h"
#include "net/icmp.h"
#include "net/neighbour_discovery.h"
#include "tests/mip6/read_again.h"

namespace {

using namespace sallyport;
using namespace sallyport::mip6;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_mobility(Octets message) {
  const auto taken = test::parse_exactly(test::with_checksum(std::move(message)));
  if (taken) return require(test::is_read_again(*taken));
  const MessageFault fault = taken.error();
  require(fault.pointer <= 1);
  require(fault.pointer == 0 || fault.answer == MessageFault::Answer::ParameterProblem);
}

void check_discovery(Octets message) {
  if (message.size() >= sizeof(IcmpHeader))
    set_icmp_checksum(message, test::kHomeAgent, test::kHome);
  const auto taken = test::parse_discovery_exactly(message, test::kHomeAgent, test::kHome);
  if (taken) require(test::is_read_again(*taken));
}

void check_advertisement(Octets message) {
  if (message.size() < sizeof(IcmpHeader)) return;
  const Octets datagram = make_icmp_datagram({.source = test::ip("fe80::1"),
                                              .destination = test::ip("ff02::1"),
                                              .hop_limit = kFromThisLink},
                                             std::move(message));
  if (const auto taken = test::parse_advertisement_exactly(datagram))
    require(test::is_read_again(*taken));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 65'000) return 0;
  Octets message(data + 1, data + size);
  switch (data[0] % 4) {
    case 0:
    case 1:
      check_mobility(std::move(message));
      return 0;
    case 2:
      check_discovery(std::move(message));
      return 0;
    default:
      check_advertisement(std::move(message));
      return 0;
  }
}
