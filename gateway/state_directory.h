// The directory of what outlives a gateway, held by one process at a time.
#pragma once

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file_descriptor.h"

namespace sallyport {

class StateDirectory {
 public:
  // Makes it where there is none, for its owner only. Refuses one that another gateway holds: two
  // that count by one file would send one number twice (MAN-02).
  [[nodiscard]] static Expected<StateDirectory> hold(std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  StateDirectory(std::filesystem::path path, FileDescriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  FileDescriptor lock_;
};

}  // namespace sallyport
