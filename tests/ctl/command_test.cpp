#include "ctl/command.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "ctl/table.h"

using namespace sallyport;

TEST_CASE("every show topic is a request of the protocol") {
  CHECK(topics() == std::vector<std::string_view>{"account", "audit", "drops", "icmp", "neighbours",
                                                  "policies", "ports", "routes", "sas", "workers"});
  for (const std::string_view topic : topics()) {
    const std::string name(topic);
    const auto command = read_command({"show", name});
    REQUIRE(command);
    CHECK(command->request == "show." + name);
    CHECK(command->topic == name);
    CHECK(usage().find(name) != std::string::npos);
    CHECK_FALSE(command->json);
  }
}

TEST_CASE("the socket is the instance's unless it is named") {
  CHECK(read_command({"reload"})->socket == "/run/sallyport/sallyport/control.sock");
  CHECK(read_command({"--instance", "a", "reload"})->socket == "/run/sallyport/a/control.sock");
  CHECK(read_command({"--socket", "/tmp/x", "stop"})->socket == "/tmp/x");
}

TEST_CASE("options may stand before and behind the command") {
  CHECK(read_command({"--json", "show", "sas"})->json);
  const auto command = read_command({"show", "drops", "--all", "--json"});
  REQUIRE(command);
  CHECK(command->json);
  CHECK(command->all);
}

TEST_CASE("what is no command is refused with a hint") {
  for (const std::vector<std::string>& words :
       std::initializer_list<std::vector<std::string>>{{},
                                                       {"show"},
                                                       {"show", "keys"},
                                                       {"sa"},
                                                       {"sa", "add"},
                                                       {"sa", "remove"},
                                                       {"sa", "add", "policy"},
                                                       {"reload", "now"},
                                                       {"--unknown"},
                                                       {"restart"}}) {
    const auto command = read_command(words);
    REQUIRE_FALSE(command);
    CHECK(command.error().code == Error::Code::Invalid);
    CHECK_FALSE(command.error().remedy.empty());
  }
}

TEST_CASE("sa add sends the file's text, sa remove the name") {
  const std::string file =
      std::filesystem::temp_directory_path() / ("sa-" + std::to_string(getpid()));
  std::ofstream(file) << "[[sa]]\nname = \"x\"\n";
  const auto add = read_command({"sa", "add", "site-b", file});
  REQUIRE(add);
  CHECK(add->request == "sa.add");
  CHECK(add->arguments.at("policy") == "site-b");
  CHECK(add->arguments.at("toml") == "[[sa]]\nname = \"x\"\n");
  std::remove(file.c_str());
  CHECK(read_command({"sa", "add", "site-b", file}).error().code == Error::Code::NotFound);
  CHECK(read_command({"sa", "remove", "x"})->arguments.at("name") == "x");
}

TEST_CASE("monitor follows the audit log") {
  const auto command = read_command({"monitor"});
  REQUIRE(command);
  CHECK(command->request == "show.audit");
  CHECK(command->follow);
  CHECK_FALSE(read_command({"monitor", "sas"}));
}
