// Where audit records go: a file of JSON lines, syslog, or the journal.
#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "base/error.h"
#include "gateway/audit_record.h"
#include "gateway/config/configuration.h"

namespace sallyport {

// Used by one job at a time; may block.
class AuditOutput {
 public:
  virtual ~AuditOutput() = default;
  // Writes them all, or says why not; what was written of a line then is taken back where that can
  // be.
  [[nodiscard]] virtual Expected<void> write(std::span<const AuditRecord> records) = 0;
};

// Appends; the file is opened with the first record, mode 0600.
[[nodiscard]] std::unique_ptr<AuditOutput> audit_file(std::filesystem::path file);
// syslog(3), severity notice.
[[nodiscard]] std::unique_ptr<AuditOutput> audit_syslog(SyslogFacility facility);
// The journal's own protocol: each field of a record is one of the journal, SALLYPORT_SPI and so
// on, besides a MESSAGE for people.
inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
[[nodiscard]] std::unique_ptr<AuditOutput> audit_journal(std::filesystem::path socket);

// One line without its end.
[[nodiscard]] std::string json_line(const AuditRecord& record);
// One datagram.
[[nodiscard]] std::string journal_fields(const AuditRecord& record);

}  // namespace sallyport
