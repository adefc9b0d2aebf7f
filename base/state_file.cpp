#include "base/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file_descriptor.h"

namespace sallyport {
namespace {

std::unexpected<Error> state_error(const std::filesystem::path& file, std::string_view doing) {
  return fail(Error::Code::Io, fmt::format("cannot {}: {}", doing, std::strerror(errno)),
              "make the state directory writable and give it room", file.string());
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
  if (out.get() < 0) return state_error(file, "create it");
  if (::fchmod(out.get(), 0600) != 0) return state_error(file, "protect it");
  if (!write_whole(out.get(), text)) return state_error(file, "write it");
  if (::fsync(out.get()) != 0) return state_error(file, "bring it to the disk");
  return {};
}

Expected<void> sync_directory_of(const std::filesystem::path& file) {
  const std::filesystem::path parent = file.has_parent_path() ? file.parent_path() : ".";
  const FileDescriptor directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    return state_error(parent, "bring the directory to the disk");
  return {};
}

}  // namespace

Expected<std::optional<std::string>> read_state_file(const std::filesystem::path& file) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.get() < 0 && errno == ENOENT) return std::nullopt;
  if (in.get() < 0) return state_error(file, "open it");
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t got = ::read(in.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return state_error(file, "read it");
    if (got == 0) return text;
    text.append(chunk, static_cast<std::size_t>(got));
  }
}

Expected<void> replace_state_file(const std::filesystem::path& file, std::string_view text) {
  std::filesystem::path fresh = file;
  fresh += ".new";
  if (auto written = write_durably(fresh, text); !written) return written;
  if (::rename(fresh.c_str(), file.c_str()) != 0) return state_error(file, "replace it");
  return sync_directory_of(file);
}

}  // namespace sallyport
