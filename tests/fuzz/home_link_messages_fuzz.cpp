// Fuzzes what is said inside a home tunnel and to the DHCPv6 server behind it: messages of
// multicast listeners, relay messages, UDP. First octet: which, then the message. Checksums are
// made right, so that more is reached; what is taken, written once more, is read as the same.
// Proves: HA-18, HA-19
#include <cstdlib>

#include "mip6/dhcp_relay_message.h"
#include "mip6/listener_discovery.h"
#include "net/datagram.h"
#include "net/protocol.h"
#include "net/udp.h"
#include "tests/mip6/mobility.h"

namespace {

using namespace sallyport;
using namespace sallyport::mip6;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_listener(Octets octets) {
  // Behind a Hop-by-Hop header, or without one.
  const bool bare = !octets.empty() && octets[0] != kProtocolIcmpv6;
  const auto icmp = test::on_exact_copy(octets, [&](ByteView copy) -> std::optional<Octets> {
    const auto behind = icmp_behind(bare ? kProtocolIcmpv6 : kProtocolHopByHop, copy);
    if (!behind) return std::nullopt;
    return Octets(behind->begin(), behind->end());
  });
  if (!icmp || icmp->size() < 4) return;
  octets = *icmp;
  set_icmp_checksum(octets, test::kHome, test::kHomeAgent);
  const auto read = [](const Octets& whole) {
    return test::on_exact_copy(whole, [](ByteView copy) {
      return parse_listener_message(copy, test::kHome, test::kHomeAgent);
    });
  };
  const auto taken = read(octets);
  if (!taken) return;
  const Octets again = build_listener_message(*taken, test::kHome, test::kHomeAgent);
  require(again.size() <= octets.size());
  require(read(again) == taken);
}

void check_relay(const Octets& octets) {
  const auto read = [](const Octets& whole) {
    return test::on_exact_copy(whole, [](ByteView copy) { return parse_dhcp_relay_message(copy); });
  };
  const auto taken = read(octets);
  if (!taken) return;
  require(taken->hop_count <= kDhcpHopLimit);
  require(!taken->message.empty() && taken->message.size() <= kMostDhcpMessage);
  require(!taken->interface_id.empty() && taken->interface_id.size() <= kMostInterfaceId);
  require(read(build_dhcp_relay_message(*taken)) == taken);
}

void check_udp(Octets octets) {
  if (octets.size() >= sizeof(UdpHeader)) {
    // Ports and payload of it, as one whole message, or with a length that is another.
    const auto ports = udp_ports(octets).value();
    const std::uint8_t length[2] = {octets[4], octets[5]};
    octets = make_udp_message(ports, test::kHome, test::kHomeAgent,
                              ByteView(octets).subspan(sizeof(UdpHeader)));
    if (length[0] % 2 != 0) octets[5] = length[1];
  }
  test::on_exact_copy(octets, [](ByteView copy) {
    const auto payload = udp_payload(copy, test::kHome, test::kHomeAgent);
    if (payload) require(payload->size() + sizeof(UdpHeader) <= copy.size() && udp_ports(copy));
    return 0;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 65'000) return 0;
  const Octets message(data + 1, data + size);
  switch (data[0] % 4) {
    case 0:
    case 1:
      check_listener(message);
      return 0;
    case 2:
      check_relay(message);
      return 0;
    default:
      check_udp(message);
      return 0;
  }
}
