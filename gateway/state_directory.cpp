#include "gateway/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>

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
  FileDescriptor lock(
      ::open((path / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.is_open())
    return fail(Error::Code::Io, std::string("cannot make a file in it: ") + std::strerror(errno),
                "make the state directory writable", path.native());
  StateDirectory held(std::move(path), std::move(lock));
  if (::flock(held.lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Error::Code::Exists, "another gateway uses this state directory",
                "stop it, or give this one a [instance] name of its own", held.path_.native());
  return held;
}

}  // namespace sallyport
