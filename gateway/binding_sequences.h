// The last sequence number of each home address, on the disk: what was registered before a restart
// is not taken again (3776 4.4; MSEC-34).
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "gateway/job_pool.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread. A number that the process has taken in the last moment before it ends badly may
// be lost: then that one update could be replayed once, to a home agent that has no binding.
class BindingSequences final : public mip6::StateStore {
 public:
  // Reads the file where there is one; what is no entry is passed over.
  BindingSequences(std::filesystem::path file, JobPool& jobs);

  void save(const Address& home_address, std::uint16_t sequence) override;
  [[nodiscard]] std::optional<std::uint16_t> load(const Address& home_address) const override;
  // Has what changed since written, one job at a time.
  void poll();

 private:
  std::filesystem::path file_;
  JobPool& jobs_;
  std::map<Address, std::uint16_t> numbers_;
  bool changed_{};
  bool writing_{};
};

}  // namespace sallyport
