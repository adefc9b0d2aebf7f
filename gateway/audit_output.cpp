#include "gateway/audit_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/file_descriptor.h"

namespace sallyport {
namespace {

std::unexpected<Error> audit_error(const std::filesystem::path& path, const char* doing) {
  return fail(Error::Code::Io, fmt::format("cannot {}: {}", doing, std::strerror(errno)),
              "see [audit] in docs/configuration.md", path.native());
}

std::string text_of(const AuditRecord& value) {
  return value.is_string() ? value.get<std::string>() : json_line(value);
}

class FileOutput final : public AuditOutput {
 public:
  explicit FileOutput(std::filesystem::path file) : file_(std::move(file)) {}

  Expected<void> write(std::span<const AuditRecord> records) override {
    if (auto opened = open(); !opened) return opened;
    std::string text;
    for (const AuditRecord& record : records) text += json_line(record) + '\n';
    const off_t before = ::lseek(out_.get(), 0, SEEK_END);
    for (std::string_view rest = text; !rest.empty();) {
      const ssize_t put = ::write(out_.get(), rest.data(), rest.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return take_back(before);
      rest.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }

 private:
  Expected<void> open() {
    if (out_.is_open()) return {};
    out_ = FileDescriptor(
        ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
               0600));  // a FIFO that nobody reads stalls no job
    if (!out_.is_open()) return audit_error(file_, "open the audit log");
    return {};
  }

  // Half a line would spoil the next one. A pipe has no place to go back to.
  Expected<void> take_back(off_t before) {
    auto error = audit_error(file_, "write the audit log");
    if (before >= 0 && ::ftruncate(out_.get(), before) != 0)
      error.error().what += ", nor take back what was written of it";
    return error;
  }

  std::filesystem::path file_;
  FileDescriptor out_;
};

class SyslogOutput final : public AuditOutput {
 public:
  explicit SyslogOutput(SyslogFacility facility) : facility_(static_cast<int>(facility) << 3) {}

  Expected<void> write(std::span<const AuditRecord> records) override {
    for (const AuditRecord& record : records)
      ::syslog(facility_ | LOG_NOTICE, "%s", json_line(record).c_str());
    return {};
  }

 private:
  int facility_;
};

class JournalOutput final : public AuditOutput {
 public:
  explicit JournalOutput(std::filesystem::path socket) : path_(std::move(socket)) {}

  Expected<void> write(std::span<const AuditRecord> records) override {
    if (auto opened = open(); !opened) return opened;
    for (const AuditRecord& record : records) {
      const std::string fields = journal_fields(record);
      if (::send(socket_.get(), fields.data(), fields.size(), MSG_NOSIGNAL) >= 0) continue;
      auto error = audit_error(path_, "write to the journal");
      socket_ = {};  // it may have been restarted
      return error;
    }
    return {};
  }

 private:
  Expected<void> open() {
    if (socket_.is_open()) return {};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.native().copy(address.sun_path, sizeof address.sun_path - 1);
    constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
    socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (socket_.is_open() &&
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) == 0 &&
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return {};
    auto error = audit_error(path_, "reach the journal");
    socket_ = {};
    return error;
  }

  std::filesystem::path path_;
  FileDescriptor socket_;
};

}  // namespace

std::string json_line(const AuditRecord& record) {
  return record.dump(-1, ' ', false, AuditRecord::error_handler_t::replace);
}

std::string journal_fields(const AuditRecord& record) {
  std::string message;
  std::string fields;
  for (const auto& [name, value] : record.items()) {
    std::string text = text_of(value);
    for (char& c : text)
      if (c == '\n') c = ' ';  // ends a field
    if (name != "time") message += fmt::format("{}{}={}", message.empty() ? "" : " ", name, text);
    std::string key = name;
    for (char& c : key) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    fields += fmt::format("SALLYPORT_{}={}\n", key, text);
  }
  return fmt::format("MESSAGE={}\nPRIORITY={}\nSYSLOG_IDENTIFIER=sallyport\n{}", message,
                     LOG_NOTICE, fields);
}

std::unique_ptr<AuditOutput> audit_file(std::filesystem::path file) {
  return std::make_unique<FileOutput>(std::move(file));
}

std::unique_ptr<AuditOutput> audit_syslog(SyslogFacility facility) {
  return std::make_unique<SyslogOutput>(facility);
}

std::unique_ptr<AuditOutput> audit_journal(std::filesystem::path socket) {
  return std::make_unique<JournalOutput>(std::move(socket));
}

}  // namespace sallyport
