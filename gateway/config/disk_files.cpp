#include "gateway/config/disk_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/file_descriptor.h"
#include "gateway/config/key_text.h"

namespace sallyport {
namespace {

using Path = std::filesystem::path;
constexpr std::size_t kLargestText = 256u << 20;
constexpr std::size_t kLargestKeyFile = 1024;
constexpr std::size_t kLargestSecret = 64u << 10;

std::unexpected<Error> system_failure(const Path& file, int code) {
  return fail(code == ENOENT ? Error::Code::NotFound : Error::Code::Io,
              fmt::format("{}: {}", file.native(), std::strerror(code)));
}

struct OpenFile {
  FileDescriptor descriptor;
  struct stat facts;
};

// A regular file; O_NONBLOCK so that a FIFO in its place stalls nobody.
Expected<OpenFile> open(const Path& file) {
  FileDescriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!descriptor.is_open()) return system_failure(file, errno);
  struct stat facts{};
  if (::fstat(descriptor.get(), &facts) != 0) return system_failure(file, errno);
  if (!S_ISREG(facts.st_mode)) {
    return fail(Error::Code::Io, fmt::format("{} is not a regular file", file.native()));
  }
  return OpenFile{std::move(descriptor), facts};
}

Expected<void> check_private(const Path& file, const struct stat& facts) {
  if ((facts.st_mode & 077) != 0) {
    return fail(Error::Code::Refused,
                fmt::format("{} holds keys and is open to others (mode {:04o})", file.native(),
                            facts.st_mode & 07777),
                fmt::format("chmod 600 {}", file.native()));
  }
  if (facts.st_uid != ::geteuid() && facts.st_uid != 0) {
    return fail(Error::Code::Refused, fmt::format("{} holds keys of another user", file.native()),
                fmt::format("chown {} {}", ::geteuid(), file.native()));
  }
  return {};
}

// Octets read, at most the room there is.
Expected<std::size_t> read_into(const OpenFile& open_file, const Path& file, std::span<char> room) {
  std::size_t used = 0;
  while (used < room.size()) {
    const ssize_t count =
        ::read(open_file.descriptor.get(), room.data() + used, room.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(file, errno);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  return used;
}

}  // namespace

Expected<std::string> DiskFiles::text(const Path& file) const {
  auto opened = open(file);
  if (!opened) return std::unexpected(std::move(opened).error());
  const auto size = static_cast<std::size_t>(opened->facts.st_size);
  if (size > kLargestText) {
    return fail(Error::Code::Refused,
                fmt::format("{} is too large for a configuration", file.native()));
  }
  std::string text(size, '\0');
  const auto count = read_into(*opened, file, text);
  if (!count) return std::unexpected(count.error());
  text.resize(*count);
  return text;
}

Expected<Secret<128>> DiskFiles::key(const Path& file) const {
  auto opened = open(file);
  if (!opened) return std::unexpected(std::move(opened).error());
  if (auto permitted = sallyport::check_private(file, opened->facts); !permitted) {
    return std::unexpected(std::move(permitted).error());
  }
  std::array<char, kLargestKeyFile + 1> text{};
  const auto count = read_into(*opened, file, text);
  auto key = !count ? std::unexpected(count.error())
             : *count > kLargestKeyFile
                 ? fail(Error::Code::Invalid, "the key file is longer than 1024 characters")
                 : parse_key(std::string_view(text.data(), *count));
  wipe(MutableBytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
  if (!key) key.error().what = fmt::format("{}: {}", file.native(), key.error().what);
  return key;
}

Expected<SecretBytes> DiskFiles::secret(const Path& file) const {
  auto opened = open(file);
  if (!opened) return std::unexpected(std::move(opened).error());
  if (auto permitted = sallyport::check_private(file, opened->facts); !permitted) {
    return std::unexpected(std::move(permitted).error());
  }
  SecretBytes room(kLargestSecret + 1);
  const auto count =
      read_into(*opened, file, {reinterpret_cast<char*>(room.room().data()), room.size()});
  if (!count) return std::unexpected(count.error());
  if (*count > kLargestSecret) {
    return fail(Error::Code::Invalid, fmt::format("{} is longer than 64 KiB", file.native()));
  }
  return SecretBytes(room.view().first(*count));
}

Expected<void> DiskFiles::check_private(const Path& file) const {
  auto opened = open(file);
  if (!opened) return std::unexpected(std::move(opened).error());
  return sallyport::check_private(file, opened->facts);
}

Expected<std::vector<Path>> DiskFiles::matching(const Path& pattern) const {
  glob_t found{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found,
                                                         [](glob_t* list) { ::globfree(list); });
  const int code = ::glob(pattern.c_str(), GLOB_ERR, nullptr, &found);  // sorts
  if (code != 0 && code != GLOB_NOMATCH) {
    return fail(Error::Code::Io, fmt::format("{}: cannot be listed", pattern.native()));
  }
  return std::vector<Path>(found.gl_pathv, found.gl_pathv + found.gl_pathc);
}

}  // namespace sallyport
