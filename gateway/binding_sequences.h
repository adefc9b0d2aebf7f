// The last sequence number of each home address, on the disk: what was registered before a restart
// is not taken again (3776 4.4; MSEC-34).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "base/clock.h"
#include "gateway/job_pool.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread. A number that the process has taken in the last moments before it ends badly may
// be lost: then that one update could be replayed once, to a home agent that has no binding.
class BindingSequences final : public mip6::StateStore {
 public:
  // Reads the file where there is one; what is no entry is passed over.
  BindingSequences(std::filesystem::path file, JobPool& jobs);
  // Writes what has changed since the last job, if that has ended.
  ~BindingSequences() override;
  BindingSequences(const BindingSequences&) = delete;
  BindingSequences& operator=(const BindingSequences&) = delete;

  void save(const Address& home_address, std::uint16_t sequence) override;
  [[nodiscard]] std::optional<std::uint16_t> load(const Address& home_address) const override;
  // Forgets those of other nodes, which are no longer served.
  void keep(const std::function<bool(const Address&)>& is_served);
  // Has what changed since written, one job at a time, and once in kInterval.
  void poll(Instant now);

  static constexpr Duration kInterval = std::chrono::seconds(1);

 private:
  using Numbers = std::map<Address, std::uint16_t>;
  [[nodiscard]] static Expected<void> write(const std::filesystem::path& file,
                                            const Numbers& numbers);

  std::filesystem::path file_;
  JobPool& jobs_;
  Numbers numbers_;
  std::optional<Instant> last_;  // when a job was begun
  bool changed_{};
  bool writing_{};
};

}  // namespace sallyport
