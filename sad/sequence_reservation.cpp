#include "sad/sequence_reservation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>

namespace sallyport {
namespace {

constexpr std::string_view kFirstLine = "sallyport sequence numbers 1";

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> io_error(const std::filesystem::path& file, std::string_view doing) {
  return fail(Error::Code::Io, fmt::format("cannot {}: {}", doing, std::strerror(errno)),
              "make the state directory writable and give it room", file.string());
}

std::unexpected<Error> damaged(const std::filesystem::path& file, std::size_t line,
                               std::string what) {
  return fail(Error::Code::Invalid, std::move(what),
              "restore the file, or give every configured SA a new key and remove it",
              fmt::format("{}:{}", file.string(), line));
}

// Nullopt where there is no such file.
Expected<std::optional<std::string>> read_whole(const std::filesystem::path& file) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0 && errno == ENOENT) return std::nullopt;
  if (in.get() < 0) return io_error(file, "open it");
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t got = ::read(in.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error(file, "read it");
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
  }
}

struct Line {
  std::string_view identity;
  SequenceNumber reserved;
};

bool is_plain(char c) { return c > ' ' && c < 0x7f; }

std::optional<Line> parse_line(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  Line line{text.substr(0, space), {}};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + space + 1, end, line.reserved.value);
  if (error != std::errc{} || stopped != end || !std::ranges::all_of(line.identity, is_plain))
    return std::nullopt;
  return line;
}

bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(descriptor, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

Expected<void> write_durably(const std::filesystem::path& file, std::string_view text) {
  ::unlink(file.c_str());  // what an interrupted save has left
  const FileDescriptor out(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (out.get() < 0) return io_error(file, "create it");
  if (::fchmod(out.get(), 0600) != 0) return io_error(file, "protect it");
  if (!write_whole(out.get(), text)) return io_error(file, "write it");
  if (::fsync(out.get()) != 0) return io_error(file, "bring it to the disk");
  return {};
}

Expected<void> sync_directory_of(const std::filesystem::path& file) {
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  const FileDescriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    return io_error(parent, "bring the directory to the disk");
  return {};
}

}  // namespace

// The file, and which edition of it is on the disk.
struct SequenceReservations::Image::File {
  std::filesystem::path path;
  std::mutex mutex;
  std::uint64_t saved{};  // under the mutex
};

SequenceReservations::SequenceReservations(std::filesystem::path file)
    : file_(std::make_shared<Image::File>()) {
  file_->path = std::move(file);
}

Expected<SequenceReservations> SequenceReservations::open(std::filesystem::path file) {
  SequenceReservations reservations(std::move(file));
  const std::filesystem::path& path = reservations.file_->path;
  const auto text = read_whole(path);
  if (!text) return std::unexpected(text.error());
  if (!*text) return reservations;
  std::string_view rest = **text;
  for (std::size_t number = 1; !rest.empty() || number == 1; ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos)
      return damaged(path, number, "the file of sequence numbers is cut short");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (number == 1) {
      if (line == kFirstLine) continue;
      return damaged(path, 1, "this is not a file of sequence numbers");
    }
    const auto entry = parse_line(line);
    if (!entry) return damaged(path, number, "a line is an identity and a number");
    if (!reservations.reserved_.emplace(entry->identity, entry->reserved).second)
      return damaged(path, number, "an identity stands twice");
  }
  return reservations;
}

SequenceNumber SequenceReservations::reserved(const std::string& identity) const noexcept {
  const auto found = reserved_.find(identity);
  return found == reserved_.end() ? SequenceNumber{} : found->second;
}

void SequenceReservations::reserve(const std::string& identity, SequenceNumber up_to) {
  SequenceNumber& present = reserved_[identity];
  present = std::max(present, up_to);
}

void SequenceReservations::settle(const std::string& identity, SequenceNumber used) {
  reserved_[identity] = used;
}

SequenceReservations::Image SequenceReservations::image() {
  Image image;
  image.file_ = file_;
  image.edition_ = ++edition_;
  image.reserved_ = reserved_;
  return image;
}

SequenceNumber SequenceReservations::Image::reserved(const std::string& identity) const noexcept {
  const auto found = reserved_.find(identity);
  return found == reserved_.end() ? SequenceNumber{} : found->second;
}

Expected<void> SequenceReservations::Image::save() const {
  const std::lock_guard lock(file_->mutex);
  if (file_->saved >= edition_) return {};
  std::string text = fmt::format("{}\n", kFirstLine);
  for (const auto& [identity, reserved] : reserved_)
    text += fmt::format("{} {}\n", identity, reserved.value);
  std::filesystem::path fresh = file_->path;
  fresh += ".new";
  if (auto written = write_durably(fresh, text); !written) return written;
  if (::rename(fresh.c_str(), file_->path.c_str()) != 0) return io_error(file_->path, "replace it");
  if (auto synced = sync_directory_of(file_->path); !synced) return synced;
  file_->saved = edition_;
  return {};
}

}  // namespace sallyport
