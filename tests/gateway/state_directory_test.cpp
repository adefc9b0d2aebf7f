// Two gateways that count by one file would send one number twice.
#include "gateway/state_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

namespace sallyport::state_directory_test {

TEST_CASE("MAN-02: a state directory is private, and one gateway's at a time") {
  const auto parent =
      std::filesystem::temp_directory_path() / ("state-directory-" + std::to_string(getpid()));
  const auto path = parent / "one";
  {
    auto first = StateDirectory::hold(path);
    REQUIRE(first);
    CHECK(first->path() == path);
    struct stat facts{};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0700);
    const auto second = StateDirectory::hold(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Error::Code::Exists);
    CHECK(second.error().where == path.native());
    const StateDirectory moved = std::move(*first);
    CHECK_FALSE(StateDirectory::hold(path));
    CHECK(StateDirectory::hold(parent / "two"));
  }
  CHECK(StateDirectory::hold(path));
  std::filesystem::remove_all(parent);
}

TEST_CASE("a state directory that cannot be made is an error with a remedy") {
  const auto file =
      std::filesystem::temp_directory_path() / ("state-file-" + std::to_string(getpid()));
  std::fclose(std::fopen(file.c_str(), "w"));
  const auto held = StateDirectory::hold(file / "below");
  REQUIRE_FALSE(held);
  CHECK(held.error().code == Error::Code::Io);
  CHECK_FALSE(held.error().remedy.empty());
  std::filesystem::remove(file);
}

}  // namespace sallyport::state_directory_test
