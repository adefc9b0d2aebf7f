#include "base/file_descriptor.h"

#include <unistd.h>

namespace sallyport {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  FileDescriptor closed(std::exchange(descriptor_, std::exchange(other.descriptor_, -1)));
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (is_open()) ::close(descriptor_);
}

}  // namespace sallyport
