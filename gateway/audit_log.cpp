#include "gateway/audit_log.h"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <utility>

namespace sallyport {
namespace {

constexpr Duration kSummaryPeriod = std::chrono::seconds(1);

std::shared_ptr<AuditOutput> output_of(const AuditConfig& config) {
  switch (config.target) {
    case AuditTarget::None:
      return nullptr;
    case AuditTarget::File:
      return audit_file(config.file);
    case AuditTarget::Syslog:
      return audit_syslog(config.facility);
    case AuditTarget::Journal:
      return audit_journal(kJournalSocket);
  }
  return nullptr;
}

}  // namespace

AuditLog::AuditLog(Surroundings surroundings) : my_(std::move(surroundings)) {}
AuditLog::~AuditLog() = default;

AuditRecord AuditLog::begin(std::string_view event) const {
  return begin_record(my_.wall_time(), event);
}

void AuditLog::configure(const AuditConfig& config) { configure(config, output_of(config)); }

void AuditLog::configure(const AuditConfig& config, std::shared_ptr<AuditOutput> output) {
  output_ = std::move(output);
  if (config.rate != config_.rate || next_number_ == 1)
    limit_ = RateLimit::per_second(config.rate, config.rate, kInstantHertz);
  config_ = config;
  while (remembered_.size() > config_.remember) remembered_.pop_front();
}

void AuditLog::take(const Event& event, Duration age, Instant now) {
  note_suppressed(event.worker, event.reason, event.suppressed);
  Reason& reason = reasons_[static_cast<std::size_t>(event.reason)];
  if (!limit_.allow(static_cast<std::uint64_t>(now.time_since_epoch().count()))) {
    ++reason.suppressed;
    ++counters_.suppressed;
    return;
  }
  const auto time = my_.wall_time() - std::chrono::duration_cast<WallTime::duration>(age);
  AuditRecord entry = drop_record(event, time, my_.names);
  if (reason.suppressed != 0) entry["suppressed"] = std::exchange(reason.suppressed, 0);
  reason.told = now;
  record(std::move(entry));
}

// The count may be read from the worker before an event that has an older one is taken.
void AuditLog::note_suppressed(WorkerId worker, DropReason reason, std::uint64_t count) {
  if (count == 0) return;
  std::uint64_t& so_far = suppressed_so_far_[{worker, reason}];
  if (count <= so_far) return;
  reasons_[static_cast<std::size_t>(reason)].suppressed += count - so_far;
  counters_.suppressed += count - so_far;
  so_far = count;
}

void AuditLog::record(AuditRecord record) {
  ++counters_.recorded;
  if (output_ != nullptr && waiting_.size() < kMostWaiting)
    waiting_.push_back(record);
  else if (output_ != nullptr)
    ++counters_.lost;
  record["number"] = next_number_++;
  if (config_.remember == 0) return;
  if (remembered_.size() == config_.remember) remembered_.pop_front();
  remembered_.push_back(std::move(record));
}

void AuditLog::poll(Instant now) {
  if (now >= next_summary_) {
    next_summary_ = now + kSummaryPeriod;
    tell_suppressed(now);
  }
  flush();
}

void AuditLog::tell_suppressed(Instant now) {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    Reason& reason = reasons_[i];
    if (reason.suppressed == 0 || now - reason.told < kSummaryPeriod) continue;
    AuditRecord summary = begin("suppressed");
    summary["reason"] = facts(static_cast<DropReason>(i)).name;
    summary["suppressed"] = std::exchange(reason.suppressed, 0);
    record(std::move(summary));
  }
}

// One write at a time keeps the order, and leaves the pool's other threads to others.
void AuditLog::flush() {
  if (writing_ || waiting_.empty() || output_ == nullptr) return;
  writing_ = true;
  my_.jobs.submit([this, output = output_, records = std::exchange(waiting_, {})] {
    const auto outcome = output->write(records);
    return [this, count = records.size(), outcome] { written(count, outcome); };
  });
}

void AuditLog::written(std::size_t count, const Expected<void>& outcome) {
  writing_ = false;
  if (!outcome) counters_.lost += count;
  if (!outcome && !failing_)
    spdlog::error("audit records are lost: {}", to_string(outcome.error()));
  if (outcome && failing_) spdlog::info("audit records are written again");
  failing_ = !outcome;
}

void AuditLog::close() {
  if (waiting_.empty() || output_ == nullptr) return;
  const auto records = std::exchange(waiting_, {});
  written(records.size(), output_->write(records));
}

std::vector<AuditRecord> AuditLog::recent(std::uint64_t after) const {
  std::vector<AuditRecord> records;
  for (const AuditRecord& record : remembered_)
    if (record["number"] > after) records.push_back(record);
  return records;
}

}  // namespace sallyport
