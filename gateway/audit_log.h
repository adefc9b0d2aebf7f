// The audit log: which events become records, how many, and where they go (RFC 4301 4.2, 9; AUD-01,
// AUD-02, AUD-03).
#pragma once

#include <array>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/rate_limit.h"
#include "gateway/audit_output.h"
#include "gateway/config/configuration.h"
#include "gateway/job_pool.h"

namespace sallyport {

struct AuditCounters {
  std::uint64_t recorded{};    // drops and lifetimes
  std::uint64_t suppressed{};  // drops that the rates kept back
  std::uint64_t lost{};  // records that the output did not take, or that waited too long for it
};

// Control thread; only the outputs are used in jobs, so that no disk stalls the loop.
class AuditLog {
 public:
  struct Surroundings {
    JobPool& jobs;  // outlives it, and has finished before it goes
    AuditNames names;
    std::function<WallTime()> wall_time;
  };
  explicit AuditLog(Surroundings surroundings);
  ~AuditLog();

  // From now on; a file is opened anew.
  void configure(const AuditConfig& config);
  // The same with an output of the caller's.
  void configure(const AuditConfig& config, std::shared_ptr<AuditOutput> output);
  // Opens a file anew that has been moved away.
  void reopen() { configure(config_); }

  // A drop that a worker told of, `age` ago.
  void take(const Event& event, Duration age, Instant now);
  // A worker has kept back so many events of the reason since its start.
  void note_suppressed(WorkerId worker, DropReason reason, std::uint64_t count);
  // A record of control's own, as begin_record() starts it; no rate holds it back.
  void record(AuditRecord record);
  [[nodiscard]] AuditRecord begin(std::string_view event) const;

  // Writes what waits, and once a second says of reasons that have fallen silent how much of them
  // was suppressed. Never blocks.
  void poll(Instant now);
  // Writes what is left, waiting for it: for a stop in good order, after the jobs have finished.
  void close();

  // The last records, oldest first, those after number `after`; each with its "number".
  [[nodiscard]] std::vector<AuditRecord> recent(std::uint64_t after) const;
  [[nodiscard]] const AuditConfig& config() const noexcept { return config_; }
  [[nodiscard]] const AuditCounters& counters() const noexcept { return counters_; }

  static constexpr std::size_t kMostWaiting = 10'000;  // records

 private:
  struct Reason {
    std::uint64_t suppressed{};  // not yet told of
    Instant told{};
  };
  void flush();
  void written(std::size_t count, const Expected<void>& outcome);
  void tell_suppressed(Instant now);

  Surroundings my_;
  AuditConfig config_;
  RateLimit limit_;
  std::shared_ptr<AuditOutput> output_;
  std::array<Reason, kDropReasonCount> reasons_{};
  std::map<std::pair<WorkerId, DropReason>, std::uint64_t> suppressed_so_far_;
  std::list<AuditRecord> remembered_;
  std::uint64_t next_number_{1};
  std::vector<AuditRecord> waiting_;
  bool writing_{};
  bool failing_{};
  Instant next_summary_{};
  AuditCounters counters_;
};

}  // namespace sallyport
