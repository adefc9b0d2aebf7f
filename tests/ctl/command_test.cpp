#include "ctl/command.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "ctl/table.h"

namespace sallyport::command_test {

TEST_CASE("every show topic is a request of the protocol") {
  CHECK(topics() == std::vector<std::string_view>{"account", "audit", "bindings", "child-sas",
                                                  "drops", "home-agents", "icmp", "ike-sas",
                                                  "mobile-node", "neighbours", "peers", "policies",
                                                  "pools", "ports", "routes", "sas", "workers"});
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
  CHECK(command->flags.contains("all"));
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
                                                       {"policy"},
                                                       {"policy", "add"},
                                                       {"policy", "rename", "x"},
                                                       {"policy", "remove", "x", "y"},
                                                       {"explain", "10.1.0.5"},
                                                       {"lint-policies", "x"},
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
  CHECK(add->texts.at("policy") == "site-b");
  CHECK(add->texts.at("toml") == "[[sa]]\nname = \"x\"\n");
  std::remove(file.c_str());
  CHECK(read_command({"sa", "add", "site-b", file}).error().code == Error::Code::NotFound);
  CHECK(read_command({"sa", "remove", "x"})->texts.at("name") == "x");
}

TEST_CASE("link-moved names a port") {
  const auto moved = read_command({"link-moved", "wlan"});
  REQUIRE(moved);
  CHECK(moved->request == "link-moved");
  CHECK(moved->texts.at("port") == "wlan");
  CHECK_FALSE(read_command({"link-moved"}));
}

TEST_CASE("initiate names a policy, terminate and rekey an IKE SA or a child") {
  const auto initiate = read_command({"initiate", "site-b"});
  REQUIRE(initiate);
  CHECK(initiate->request == "initiate");
  CHECK(initiate->texts.at("policy") == "site-b");
  for (const std::string verb : {"terminate", "rekey"}) {
    const auto ike = read_command({verb, "ike", "17"});
    REQUIRE(ike);
    CHECK(ike->request == verb);
    CHECK(ike->numbers.at("ike") == 17);
    const auto child = read_command({verb, "child", "site-b/17.1"});
    REQUIRE(child);
    CHECK(child->texts.at("child") == "site-b/17.1");
    CHECK_FALSE(read_command({verb}));
    CHECK_FALSE(read_command({verb, "ike", "x"}));
    CHECK_FALSE(read_command({verb, "everything", "1"}));
  }
  CHECK_FALSE(read_command({"initiate"}));
}

TEST_CASE("policy add and insert send the file's text, and where it goes") {
  const std::string file =
      std::filesystem::temp_directory_path() / ("policy-" + std::to_string(getpid()));
  std::ofstream(file) << "[[policy]]\nname = \"x\"\n";
  const auto add = read_command({"policy", "add", file});
  REQUIRE(add);
  CHECK(add->request == "policy.add");
  CHECK(add->texts.at("toml") == "[[policy]]\nname = \"x\"\n");
  const auto before = read_command({"policy", "insert", file, "--before", "y"});
  REQUIRE(before);
  CHECK(before->request == "policy.insert");
  CHECK(before->texts.at("before") == "y");
  CHECK(read_command({"policy", "insert", file, "--at", "3"})->numbers.at("at") == 3);
  CHECK_FALSE(read_command({"policy", "insert", file}));
  CHECK_FALSE(read_command({"policy", "insert", file, "--before", "y", "--at", "3"}));
  CHECK_FALSE(read_command({"policy", "insert", file, "--last"}));
  CHECK_FALSE(read_command({"policy", "add", file, "--at", "0"}));
  std::remove(file.c_str());
  CHECK(read_command({"policy", "add", file}).error().code == Error::Code::NotFound);
}

TEST_CASE("policy move wants one place, policy remove none") {
  const auto move = read_command({"policy", "move", "x", "--last"});
  REQUIRE(move);
  CHECK(move->request == "policy.move");
  CHECK(move->texts.at("name") == "x");
  CHECK(move->flags.contains("last"));
  CHECK(read_command({"policy", "move", "x", "--before", "y"})->texts.at("before") == "y");
  CHECK(read_command({"policy", "move", "x", "--at", "0"})->numbers.at("at") == 0);
  CHECK_FALSE(read_command({"policy", "move", "x"}));
  CHECK_FALSE(read_command({"policy", "move", "x", "--last", "--at", "0"}));
  CHECK_FALSE(read_command({"policy", "move", "x", "--at", "first"}));
  const auto remove = read_command({"policy", "remove", "x"});
  REQUIRE(remove);
  CHECK(remove->request == "policy.remove");
  CHECK(remove->texts.at("name") == "x");
  CHECK_FALSE(read_command({"policy", "remove", "x", "--last"}));
}

TEST_CASE("explain sends the packet's fields by the protocol's names") {
  const auto command = read_command({"explain", "--from", "10.1.0.5", "--to", "10.2.0.9",
                                     "--protocol", "tcp", "--port", "443", "--source-port", "1024",
                                     "--in", "lan", "--dscp", "46", "--inbound"});
  REQUIRE(command);
  CHECK(command->request == "explain");
  CHECK(command->texts ==
        std::map<std::string, std::string>{
            {"from", "10.1.0.5"}, {"to", "10.2.0.9"}, {"protocol", "tcp"}, {"in", "lan"}});
  CHECK(command->numbers ==
        std::map<std::string, std::uint64_t>{{"port", 443}, {"source_port", 1024}, {"dscp", 46}});
  CHECK(command->flags == std::set<std::string>{"inbound"});
  CHECK(read_command({"explain", "--from", "a", "--to", "b", "--icmp", "8/0"})->texts.at("icmp") ==
        "8/0");
  CHECK(read_command({"explain", "--from", "a", "--to", "b", "--mh-type", "5"})
            ->numbers.at("mh_type") == 5);
  CHECK_FALSE(read_command({"explain", "--from", "a"}));
  CHECK_FALSE(read_command({"explain", "--to", "b"}));
  CHECK_FALSE(read_command({"explain", "--from", "a", "--to", "b", "--port", "http"}));
}

TEST_CASE("lint-policies shows its findings in a table") {
  const auto command = read_command({"lint-policies"});
  REQUIRE(command);
  CHECK(command->request == "lint.policies");
  CHECK_FALSE(columns_of(command->topic).empty());
  CHECK_FALSE(read_command({"show", command->topic}));
}

TEST_CASE("an option that a command has no use for is refused, and named") {
  const auto command = read_command({"show", "sas", "--port", "5"});
  REQUIRE_FALSE(command);
  CHECK_THAT(command.error().what, Catch::StartsWith("--port "));
  CHECK_FALSE(read_command({"show", "sas", "--all"}));
  CHECK_FALSE(read_command({"reload", "--last"}));
}

TEST_CASE("the usage text names every command and option") {
  for (const char* words : {"policy add", "policy insert", "policy move", "policy remove",
                            "explain", "lint-policies", "--before", "--source-port", "--inbound"})
    CHECK(usage().find(words) != std::string::npos);
}

TEST_CASE("monitor follows the audit log") {
  const auto command = read_command({"monitor"});
  REQUIRE(command);
  CHECK(command->request == "show.audit");
  CHECK(command->follow);
  CHECK_FALSE(read_command({"monitor", "sas"}));
}

}  // namespace sallyport::command_test
