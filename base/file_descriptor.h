// A descriptor of the system, closed with its owner.
#pragma once

#include <utility>

namespace sallyport {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  // What open() or socket() has returned, -1 included.
  explicit FileDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_{-1};
};

}  // namespace sallyport
