#include "dataplane/pci_address.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "dataplane/eal.h"

namespace sallyport::pci_address_test {

TEST_CASE("PCI: an address is whole or lacks its domain, and a vdev string is none") {
  CHECK(pci_address("0000:03:00.0") == "0000:03:00.0");
  CHECK(pci_address("03:00.1") == "0000:03:00.1");
  CHECK(pci_address("0001:af:1f.7") == "0001:af:1f.7");
  for (const char* other : {"", "net_tap0", "net_af_packet0,iface=eth1:1", "net_vhost0,iface=a:b",
                            "3:00.0", "03:00.0,arg=1", "0000:03:00", "0000:03:00.0 "}) {
    CAPTURE(other);
    CHECK_FALSE(pci_address(other));
  }
}

TEST_CASE("PCI: EAL takes the devices of the configuration and touches no other") {
  const auto none = eal_arguments({}, Hugepages::Yes);
  CHECK(std::ranges::count(none, "--no-pci") == 1);
  CHECK(std::ranges::count(none, "-a") == 0);
  const auto two =
      eal_arguments({.pci = {"0000:03:00.0", "0000:03:00.1"}, .extra = {"-x"}}, Hugepages::Yes);
  CHECK(std::ranges::count(two, "--no-pci") == 0);
  const auto first = std::ranges::find(two, "-a");
  REQUIRE(two.end() - first == 5);
  CHECK(std::vector(first, two.end()) ==
        std::vector<std::string>{"-a", "0000:03:00.0", "-a", "0000:03:00.1", "-x"});
}

}  // namespace sallyport::pci_address_test
