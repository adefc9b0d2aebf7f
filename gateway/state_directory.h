// The directory of what outlives a gateway, held by one process at a time.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace sallyport {

class StateDirectory {
 public:
  // Makes it where there is none, for its owner only. Refuses one that another gateway holds: two
  // that count by one file would send one number twice (MAN-02).
  [[nodiscard]] static Expected<StateDirectory> hold(std::filesystem::path path);
  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&&) = delete;
  ~StateDirectory();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  StateDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_;
  int lock_;
};

}  // namespace sallyport
