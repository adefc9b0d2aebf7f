// Files: permissions of keys, included files, and the shipped examples.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "gateway/config/disk_files.h"
#include "tests/gateway/config_support.h"

namespace sallyport::config_files_test {

using namespace test;

namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-XXXXXX").native();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::filesystem::path write(const std::string& name, std::string_view text,
                              mode_t mode = 0600) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string said(const Expected<Configuration>& configuration) {
  return configuration ? "nothing was refused" : to_string(configuration.error());
}

}  // namespace

TEST_CASE("a key file is for its owner alone") {
  const TemporaryDirectory directory;
  const DiskFiles files;
  for (const mode_t mode : {0600, 0400}) {
    const auto key = files.key(directory.write("key", "00 01\n0203", mode));
    INFO((key ? "" : to_string(key.error())));
    REQUIRE(key);
    CHECK(std::ranges::equal(key->view(), std::array<std::uint8_t, 4>{0, 1, 2, 3}));
  }
  for (const mode_t mode : {0640, 0604, 0660, 0644, 0610, 0601}) {
    const auto key = files.key(directory.write("key", "0001", mode));
    REQUIRE_FALSE(key);
    CHECK(key.error().code == Error::Code::Refused);
    CHECK_THAT(to_string(key.error()),
               Catch::Contains("is open to others") && Catch::Contains("chmod 600"));
  }
  CHECK(files.key(directory.path() / "none").error().code == Error::Code::NotFound);
  CHECK_THAT(files.key(directory.path()).error().what, Catch::Contains("is not a regular file"));
  CHECK_THAT(files.key(directory.write("large", std::string(1025, ' '))).error().what,
             Catch::Contains("longer than 1024 characters"));
  const auto fifo = directory.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THAT(files.key(fifo).error().what, Catch::Contains("is not a regular file"));
  CHECK_FALSE(files.check_private(directory.write("c", "", 0644)));
  CHECK(files.check_private(directory.write("c", "", 0600)));
}

TEST_CASE("AUTH-07: a secret is the octets of a file for its owner alone") {
  const TemporaryDirectory directory;
  const DiskFiles files;
  const std::string octets("\0two\nlines\xff", 11);
  const auto secret = files.secret(directory.write("psk", octets, 0400));
  INFO((secret ? "" : to_string(secret.error())));
  REQUIRE(secret);
  CHECK(std::string(secret->view().begin(), secret->view().end()) == octets);
  CHECK(files.secret(directory.write("most", std::string(65536, 'x'))));
  CHECK_THAT(files.secret(directory.write("large", std::string(65537, 'x'))).error().what,
             Catch::Contains("longer than 64 KiB"));
  const auto open = files.secret(directory.write("open", "x", 0640));
  REQUIRE_FALSE(open);
  CHECK(open.error().code == Error::Code::Refused);
  CHECK(files.secret(directory.path() / "none").error().code == Error::Code::NotFound);
}

TEST_CASE("a configuration is loaded from disk with the keys beside it") {
  const TemporaryDirectory directory;
  directory.write("keys/20", hex_key(20));
  directory.write("keys/other-20", hex_key(20, 100));
  const auto file = directory.write("gateway.toml", kPorts + kPolicy + kSas, 0644);
  const auto configuration = load_configuration(file);
  INFO(said(configuration));
  REQUIRE(configuration);
  CHECK(configuration->key_files.at("out").key == directory.path() / "keys/20");
  CHECK(load_configuration(directory.path() / "none.toml").error().code == Error::Code::NotFound);
  directory.write("keys/20", hex_key(20), 0644);
  CHECK_THAT(said(load_configuration(file)),
             Catch::StartsWith(file.native() + ":28:16: key: ") && Catch::Contains("chmod 600"));
}

TEST_CASE("inline keys ask for a private configuration file") {
  const TemporaryDirectory directory;
  const std::string text =
      "[instance]\ninline_secrets = true\n" + kPorts + kPolicy +
      replaced(replaced(kSas, "{ file = \"keys/20\" }", "\"" + hex_key(20) + "\""),
               "{ file = \"keys/other-20\" }", "\"" + hex_key(20, 100) + "\"");
  CHECK(load_configuration(directory.write("gateway.toml", text)));
  CHECK_THAT(said(load_configuration(directory.write("gateway.toml", text, 0644))),
             Catch::Contains("is open to others"));
}

TEST_CASE("include brings in files in the order of their names, each with its own place") {
  const TemporaryDirectory directory;
  const auto file =
      directory.write("gateway.toml", "include = \"conf.d/*.toml\"\n" + kPorts + kPolicy);
  directory.write("conf.d/20-sas.toml", replaced(kSas, "keys/20", "../keys/20"));
  directory.write("conf.d/10-policy.toml", "[[policy]]\nname = \"early\"\naction = \"bypass\"\n");
  directory.write("conf.d/ignored.txt", "nonsense");
  directory.write("keys/20", hex_key(20));
  directory.write("conf.d/keys/other-20", hex_key(20, 100));
  const auto configuration = load_configuration(file);
  INFO(said(configuration));
  REQUIRE(configuration);
  REQUIRE(configuration->policies.size() == 2);
  CHECK(configuration->policies[0].name == "site");
  CHECK(configuration->policies[1].name == "early");
  CHECK(configuration->sas.size() == 2);

  const auto broken =
      directory.write("conf.d/30-broken.toml", "[[policy]]\nname = \"x\"\naction = \"byapss\"\n");
  CHECK_THAT(said(load_configuration(file)),
             Catch::StartsWith(broken.native() + ":3:10: action: \"byapss\""));
  directory.write("conf.d/30-broken.toml", "[[policy]\n");
  CHECK_THAT(said(load_configuration(file)),
             Catch::StartsWith(broken.native() + ":1:") && Catch::Contains("not TOML"));
}

TEST_CASE("what include refuses") {
  MemoryFiles files = sample_files();
  files.texts["/etc/sallyport/more.toml"] = "[instance]\nname = \"more\"\n";
  files.texts["/etc/sallyport/nested.toml"] = "include = \"more.toml\"\n";
  CHECK(parse("include = \"more.toml\"\n", files)->instance.name == "more");
  CHECK(parse("include = [\"more.toml\"]\n", files)->instance.name == "more");
  CHECK(parse("include = \"none.d/*.toml\"\n", files));
  CHECK_THAT(
      said(parse("include = \"more.toml\"\n[instance]\nname = \"a\"\n", files)),
      Catch::StartsWith(
          "/etc/sallyport/more.toml:1:2: instance stands at /etc/sallyport/gateway.toml:2:2 too"));
  CHECK_THAT(
      said(parse("include = \"nested.toml\"\n", files)),
      Catch::StartsWith("/etc/sallyport/nested.toml:1:1: an included file includes another"));
  CHECK_THAT(
      said(parse("include = \"none.toml\"\n", files)),
      Catch::StartsWith(
          "/etc/sallyport/gateway.toml:1:11: include: there is no file /etc/sallyport/none.toml"));
  CHECK_THAT(said(parse("include = 3\n", files)),
             Catch::StartsWith("/etc/sallyport/gateway.toml:1:11: 3 is not text"));
}

TEST_CASE("ARCH-13: the shipped examples load, and export to the same bytes again") {
  const TemporaryDirectory directory;
  const std::filesystem::path examples = "examples";
  std::filesystem::copy(examples, directory.path(), std::filesystem::copy_options::recursive);
  // Keys as the examples' comments say how to make: `octets` random ones in `file`.
  const std::regex recipe(R"(# key: (\d+) octets in (\S+))");
  std::size_t loaded = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(examples)) {
    if (entry.path().extension() != ".toml") continue;
    const std::string text = read_text(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), recipe), end; match != end; ++match) {
      const std::string name = (*match)[2];
      const auto first = static_cast<unsigned>(std::hash<std::string>{}(name) & 0xff);
      directory.write(name, hex_key(std::stoul((*match)[1]), first));
    }
  }
  directory.write("certificates/root.pem", kRootCertificate);
  directory.write("certificates/root.crl", kRootRevocations);
  directory.write("certificates/gateway.pem", kGatewayCertificate);
  directory.write("keys/gateway.pem", kGatewayKey);
  for (const std::string site : {"a", "b", "ha", "carol"}) {
    directory.write("certificates/" + site + ".pem", kGatewayCertificate);
    directory.write("keys/" + site + ".key", kGatewayKey);
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    if (entry.path().extension() != ".toml") continue;
    INFO(entry.path());
    const auto configuration = load_configuration(entry.path());
    INFO(said(configuration));
    REQUIRE(configuration);
    CHECK_FALSE(configuration->ports.empty());
    const auto once = to_toml(*configuration);
    REQUIRE(once);
    const auto again = load_configuration(directory.write("export/again", *once));
    INFO(said(again));
    REQUIRE(again);
    const auto twice = to_toml(*again);
    REQUIRE(twice);
    CHECK(*twice == *once);
    ++loaded;
  }
  CHECK(loaded >= 12);
}

}  // namespace sallyport::config_files_test
