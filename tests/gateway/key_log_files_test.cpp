// The key log on disk: private, whole lines in order, and never in the way.
#include "gateway/key_log_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

namespace sallyport::key_log_files_test {
namespace {

std::optional<SecretBytes> line(std::string_view text) {
  return SecretBytes(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string text; std::getline(in, text);) lines.push_back(text);
  return lines;
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat facts{};
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

struct Rig {
  std::filesystem::path parent{std::filesystem::temp_directory_path() /
                               ("key-log-" + std::to_string(getpid()))};
  std::filesystem::path directory{parent / "keys"};
  std::filesystem::path ike{directory / "ikev2_decryption_table"};
  std::filesystem::path esp{directory / "esp_sa"};
  JobPool jobs{1};
  KeyLogFiles log{jobs};

  Rig() {
    std::filesystem::remove_all(parent);
    std::filesystem::create_directories(parent);
    log.configure(directory);
  }
  ~Rig() {
    jobs.finish();
    std::filesystem::remove_all(parent);
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("IKE-83, SAD-12: key log files are private, and nobody's but ours") {
  Rig rig;
  rig.log.add(KeyLogTable::Ikev2DecryptionTable, line("a,b\n"));
  rig.log.add(KeyLogTable::EspSa, line("c,d\n"));
  rig.jobs.finish();
  CHECK(mode_of(rig.directory) == 0700);
  CHECK(mode_of(rig.ike) == 0600);
  CHECK(mode_of(rig.esp) == 0600);
  CHECK(lines_of(rig.ike) == Lines{"a,b"});
  CHECK(lines_of(rig.esp) == Lines{"c,d"});
}

TEST_CASE("SAD-12: a key log file that all may read is made private before a key is in it") {
  Rig rig;
  std::filesystem::create_directories(rig.directory);
  std::ofstream(rig.ike) << "old\n";
  std::filesystem::permissions(rig.ike, std::filesystem::perms(0644));
  rig.log.add(KeyLogTable::Ikev2DecryptionTable, line("new\n"));
  rig.jobs.finish();
  CHECK(mode_of(rig.ike) == 0600);
  CHECK(lines_of(rig.ike) == Lines{"old", "new"});
}

TEST_CASE("SAD-12: keys follow no link, and go into nothing that is no file") {
  Rig rig;
  std::filesystem::create_directories(rig.directory);
  const auto elsewhere = rig.parent / "elsewhere";
  std::ofstream(elsewhere) << "";
  std::filesystem::create_symlink(elsewhere, rig.ike);
  rig.log.add(KeyLogTable::Ikev2DecryptionTable, line("secret\n"));
  rig.jobs.finish();
  CHECK(lines_of(elsewhere).empty());
  std::filesystem::remove(rig.ike);
  REQUIRE(::mkfifo(rig.ike.c_str(), 0600) == 0);
  rig.log.add(KeyLogTable::Ikev2DecryptionTable, line("secret\n"));
  rig.jobs.finish();  // nobody reads the FIFO: it stalls nothing
  std::filesystem::remove(rig.ike);
  rig.log.add(KeyLogTable::Ikev2DecryptionTable, line("later\n"));
  rig.jobs.finish();
  CHECK(lines_of(rig.ike) == Lines{"later"});
}

TEST_CASE("IKE-83: lines that come while others are written follow them, in order") {
  Rig rig;
  Lines expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(std::to_string(i));
    rig.log.add(KeyLogTable::EspSa, line(expected.back() + "\n"));
  }
  rig.jobs.finish();
  CHECK(lines_of(rig.esp) == expected);
}

TEST_CASE("IKE-83: nothing is kept unless a directory is configured") {
  Rig rig;
  rig.log.configure({});
  CHECK_FALSE(rig.log.is_on());
  rig.log.add(KeyLogTable::EspSa, line("off\n"));
  rig.jobs.finish();
  CHECK_FALSE(std::filesystem::exists(rig.directory));
  rig.log.configure(rig.directory);
  rig.log.add(KeyLogTable::EspSa, std::nullopt);
  rig.log.add(KeyLogTable::EspSa, line("on\n"));
  rig.jobs.finish();
  CHECK(lines_of(rig.esp) == Lines{"on"});
}

}  // namespace sallyport::key_log_files_test
