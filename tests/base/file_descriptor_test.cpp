#include "base/file_descriptor.h"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <utility>

namespace sallyport::file_descriptor_test {
namespace {

FileDescriptor opened() { return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool is_known(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

TEST_CASE("file descriptor: closed with its last owner, and only then") {
  int number{};
  {
    FileDescriptor first = opened();
    number = first.get();
    REQUIRE(is_known(number));
    const FileDescriptor second(std::move(first));
    CHECK(second.get() == number);
    CHECK(is_known(number));
  }
  CHECK_FALSE(is_known(number));
}

TEST_CASE("file descriptor: what it had is closed when it is given another, or none") {
  FileDescriptor kept = opened();
  const int before = kept.get();
  FileDescriptor other = opened();
  const int after = other.get();
  kept = std::move(other);
  CHECK_FALSE(is_known(before));
  CHECK(kept.get() == after);
  CHECK(is_known(after));
  kept = {};
  CHECK_FALSE(kept.is_open());
  CHECK_FALSE(is_known(after));
}

TEST_CASE("file descriptor: what could not be opened is not open") {
  CHECK_FALSE(FileDescriptor().is_open());
  CHECK_FALSE(FileDescriptor(::open("/dev/null/none", O_RDONLY | O_CLOEXEC)).is_open());
}

}  // namespace
}  // namespace sallyport::file_descriptor_test
