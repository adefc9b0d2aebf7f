#include "gateway/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace sallyport {

Expected<StateDirectory> StateDirectory::hold(std::filesystem::path path) {
  std::error_code error;
  if (!std::filesystem::create_directories(path, error) && error)
    return fail(Error::Code::Io, "cannot make the directory: " + error.message(),
                "make its parent writable, or set [instance] state_directory", path.native());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  const int lock = ::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0)
    return fail(Error::Code::Io, std::string("cannot make a file in it: ") + std::strerror(errno),
                "make the state directory writable", path.native());
  StateDirectory held(std::move(path), lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return fail(Error::Code::Exists, "another gateway uses this state directory",
                "stop it, or give this one a [instance] name of its own", held.path_.native());
  return held;
}

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

StateDirectory::~StateDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace sallyport
