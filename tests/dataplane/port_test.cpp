#include "dataplane/port.h"

#include <catch2/catch.hpp>

#include "dataplane/dataplane_parts.h"
#include "tests/support/test_gateway.h"

namespace sallyport::port_test {

TEST_CASE("a port with a link address of its own takes the frames that are sent to it") {
  auto settings = two_ports({});
  settings.ports[kOutside.value].mac = MacAddress{{2, 9, 8, 7, 6, 5}};
  TestGateway gateway(std::move(settings));
  CHECK(gateway.mac(kOutside) == MacAddress{{2, 9, 8, 7, 6, 5}});
  const std::uint16_t device = gateway.dataplane().parts().ports[kOutside.value]->device_id();
  rte_ether_addr address{};
  REQUIRE(rte_eth_macaddr_get(device, &address) == 0);
  const bool set = address.addr_bytes[1] == 9 && address.addr_bytes[5] == 5;
  CHECK((set || rte_eth_promiscuous_get(device) == 1));
}

TEST_CASE("a core that is not there ends the start with an error") {
  FixedRandom random(1);
  static_cast<void>(TestGateway(two_ports({})));  // EAL runs
  DataplaneSettings settings;
  settings.cores = {1023};
  settings.mbufs = 512;
  auto dataplane = Dataplane::open(std::move(settings), random);
  REQUIRE(dataplane);
  REQUIRE((*dataplane)->publish(Spd(8, 1).snapshot(), std::span<const Route>{}));
  const auto started = (*dataplane)->start();
  REQUIRE_FALSE(started);
  CHECK(started.error().what.find("core 1023") != std::string::npos);
  (*dataplane)->stop();
}

}  // namespace sallyport::port_test
