// DPDK's environment: started once a process, hugepages where they can be had.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace sallyport {

enum class Hugepages : std::uint8_t { Auto, Yes, No };

struct EalSettings {
  std::string file_prefix{"sallyport"};
  std::uint64_t memory_megabytes{512};
  Hugepages hugepages{Hugepages::Auto};
  std::vector<std::string> pci{};    // the PCI devices to take; no other is touched
  std::vector<std::string> extra{};  // the operator's own EAL arguments, last
};

// What EAL is told, once it is known whether there are huge pages: Yes or No.
[[nodiscard]] std::vector<std::string> eal_arguments(const EalSettings& settings,
                                                     Hugepages hugepages);

// The environment of this process; ends with it. The thread that starts it is the control thread.
class Eal {
 public:
  // Fails where EAL does; its own messages are on stderr.
  [[nodiscard]] static Expected<Eal> start(const EalSettings& settings);
  ~Eal();
  Eal(Eal&& other) noexcept;
  Eal& operator=(Eal&&) = delete;

  [[nodiscard]] bool hugepages() const noexcept { return hugepages_; }
  [[nodiscard]] const std::vector<std::string>& arguments() const noexcept { return arguments_; }

 private:
  Eal() = default;
  bool running_{};
  bool hugepages_{};
  std::vector<std::string> arguments_;
};

}  // namespace sallyport
