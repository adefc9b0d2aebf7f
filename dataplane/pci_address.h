// PCI addresses as the operator writes them and as EAL names its devices. No DPDK here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

// "0000:03:00.0" for that and for "03:00.0"; nullopt where `device` names none: a vdev string.
[[nodiscard]] std::optional<std::string> pci_address(std::string_view device);

}  // namespace sallyport
