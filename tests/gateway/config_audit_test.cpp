// The [audit] section.
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::config_audit_test {

using namespace test;

namespace {

AuditConfig good(std::string_view text) {
  auto configuration = parse(text);
  INFO((configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return configuration->audit;
}

}  // namespace

TEST_CASE("AUD-03: [audit] records everything in memory unless it says otherwise") {
  AuditConfig expected;
  expected.file = "/var/lib/sallyport/sallyport/audit.jsonl";
  CHECK(good("") == expected);
  CHECK(good("[audit]\n") == expected);
  CHECK(expected.target == AuditTarget::None);
  CHECK((expected.esp && expected.ah && expected.lifetimes && expected.without.empty()));
}

TEST_CASE("AUD-03: [audit] is read: target, rates, ESP, AH, lifetimes and single reasons") {
  const AuditConfig audit = good(R"(
[audit]
target = "file"
file = "audit.jsonl"
facility = "local7"
rate = 5
remember = 6
esp = false
ah = false
lifetimes = false
without = ["replay", "no_policy", "replay"]
)");
  CHECK(audit == AuditConfig{AuditTarget::File,
                             "/etc/sallyport/audit.jsonl",
                             SyslogFacility::Local7,
                             5,
                             6,
                             false,
                             false,
                             false,
                             {DropReason::NoPolicy, DropReason::Replay}});
  CHECK(good("[audit]\ntarget = \"journal\"\n").target == AuditTarget::Journal);
  CHECK(good("[audit]\ntarget = \"syslog\"\n").facility == SyslogFacility::Authpriv);
}

TEST_CASE("[audit] refuses what it does not know") {
  const auto refused = [](std::string_view line, std::string_view what, std::string_view remedy) {
    const auto configuration = parse("[audit]\n" + std::string(line) + "\n");
    INFO(line);
    REQUIRE_FALSE(configuration);
    INFO(to_string(configuration.error()));
    CHECK_THAT(configuration.error().what, Catch::Contains(std::string(what)));
    CHECK_THAT(configuration.error().remedy, Catch::Contains(std::string(remedy)));
    CHECK_THAT(configuration.error().where, Catch::Contains("gateway.toml:2:"));
  };
  refused("target = \"printer\"", "target: \"printer\" is not known", "");
  refused("facility = \"autpriv\"", "facility: \"autpriv\" is not known", "authpriv");
  refused("rate = 0", "rate", "");
  refused("remember = 100001", "remember", "");
  refused("esp = 1", "esp", "");
  refused("without = \"replays\"", "without: \"replays\" is no auditable event", "replay");
  // Known, but nothing to audit.
  refused("without = [\"no_route\"]", "\"no_route\" is no auditable event", "");
  refused("events = true", "events", "");
}

}  // namespace sallyport::config_audit_test
