#include "gateway/key_log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"

namespace sallyport {
namespace {

constexpr std::string_view kNames[] = {"ikev2_decryption_table", "esp_sa"};

std::unexpected<Error> key_log_error(const std::filesystem::path& path, std::string_view doing) {
  return fail(Error::Code::Io, fmt::format("cannot {}: {}", doing, std::strerror(errno)),
              "see key_log_directory in docs/configuration.md", path.native());
}

class KeyLogFile {
 public:
  explicit KeyLogFile(std::filesystem::path path) : path_(std::move(path)) {}

  // One of ours that nobody else may read, or none.
  [[nodiscard]] Expected<void> open() {
    descriptor_ = FileDescriptor(::open(
        path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (!descriptor_.is_open()) return key_log_error(path_, "open the key log");
    struct stat facts{};
    if (::fstat(descriptor_.get(), &facts) != 0) return key_log_error(path_, "look at the key log");
    if (!S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid())
      return fail(Error::Code::Refused, "the key log is no file of ours", "take it away",
                  path_.native());
    if (::fchmod(descriptor_.get(), 0600) != 0)
      return key_log_error(path_, "make the key log private");
    return {};
  }

  // Half a line would spoil the next one: what cannot be written whole is taken back.
  [[nodiscard]] Expected<void> append(ByteView text) {
    const off_t before = ::lseek(descriptor_.get(), 0, SEEK_END);
    while (!text.empty()) {
      const ssize_t put = ::write(descriptor_.get(), text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) {
        auto error = key_log_error(path_, "write the key log");
        if (::ftruncate(descriptor_.get(), before) != 0) error.error().what += ", nor take it back";
        return error;
      }
      text = text.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

 private:
  std::filesystem::path path_;
  FileDescriptor descriptor_;
};

// The file is made where there is none.
Expected<void> append_to(const std::filesystem::path& path,
                         const std::vector<const SecretBytes*>& lines) {
  KeyLogFile file(path);
  if (auto opened = file.open(); !opened) return opened;
  for (const SecretBytes* line : lines)
    if (auto done = file.append(line->view()); !done) return done;
  return {};
}

}  // namespace

void KeyLogFiles::add(KeyLogTable table, std::optional<SecretBytes> line) {
  if (!is_on() || !line || waiting_.size() >= kMostWaiting) return;
  waiting_.push_back({table, std::move(*line)});
  flush();
}

// One write at a time keeps the order, and leaves the pool's other threads to others.
void KeyLogFiles::flush() {
  if (writing_ || waiting_.empty()) return;
  writing_ = true;
  // A job may be copied; secrets are not.
  auto lines = std::make_shared<const Lines>(std::exchange(waiting_, {}));
  jobs_.submit([this, directory = directory_, lines = std::move(lines)] {
    const auto outcome = write(directory, *lines);
    return [this, outcome] {
      writing_ = false;
      written(outcome);
      flush();
    };
  });
}

Expected<void> KeyLogFiles::write(const std::filesystem::path& directory, const Lines& lines) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return key_log_error(directory, "make the directory of the key log");
  for (const KeyLogTable table : {KeyLogTable::Ikev2DecryptionTable, KeyLogTable::EspSa}) {
    std::vector<const SecretBytes*> texts;
    for (const Line& line : lines)
      if (line.table == table) texts.push_back(&line.text);
    if (texts.empty()) continue;
    const auto path = directory / kNames[static_cast<std::size_t>(table)];
    if (auto done = append_to(path, texts); !done) return done;
  }
  return {};
}

void KeyLogFiles::written(const Expected<void>& outcome) {
  if (!outcome && !failing_) spdlog::error("keys are not logged: {}", to_string(outcome.error()));
  if (outcome && failing_) spdlog::info("keys are logged again");
  failing_ = !outcome;
}

}  // namespace sallyport
