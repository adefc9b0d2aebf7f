// What mobility asks of the databases, IKE and the disk (mip6/ports.h).
#include "gateway/mip6_service.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/state_file.h"
#include "gateway/policy_plan.h"
#include "tests/gateway/config_mobility.h"
#include "tests/ike/two_peers.h"
#include "tests/sad/world.h"

namespace sallyport::mip6_service_test {

using namespace test;

namespace {

const Address kCareOf = Address::parse("2001:db8:77::5").value();
const Address kNext = Address::parse("2001:db8:88::5").value();
const mip6::TunnelMigrator::Ends kEnds{kHome, kAgent};

const std::string kStatic =
    home_agent_text("payload = \"tcp\"\n" + kSasOfPair) + study_sas(SeenBy::HomeAgent);
const std::string kUser = R"([[peer]]
name = "p"
identities = "user@example.org"
local_id = "ha.example.org"
psk = { file = "keys/psk" }
)";
const std::string kByIke = home_agent_text("payload = \"tcp\"\npeer = \"p\"\n") + kUser;

class Files {
 public:
  Files() : path(std::filesystem::temp_directory_path() / ("mip6-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Files() { std::filesystem::remove_all(path); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  std::filesystem::path path;
};

// With its IKE.
struct Speaking {
  explicit Speaking(const Clock& clock) : node(clock, kAgent, 1) { node.start(); }
  ike::test::Node node;
};

// A gateway without packets.
class Agent {
 public:
  explicit Agent(const std::string& text) { load(text); }

  void load(const std::string& text) {
    auto read = parse(text);
    INFO(said(read));
    REQUIRE(read);
    std::vector<Policy> policies = plan_policies(*read);
    std::vector<Sa> sas;
    for (const Sa& sa : read->sas) sas.push_back(sa.duplicate());
    service.carry_over(*read, policies, sas);
    REQUIRE(spd.check(policies));
    spd.replace(policies);
    for (Sa& sa : sas)
      if (!world.sad->find(sa.name)) REQUIRE(world.sad->add(std::move(sa)));
    node.policies.clear();
    for (const Policy& policy : read->policies)
      if (policy.protect && policy.protect->sas.empty()) node.add_policy(policy);
    std::vector<Peer> peers;
    for (const PeerConfig& config : read->peers) peers.push_back(config.peer);
    node.set_peers(std::move(peers));
    service.configure(*read);
  }
  [[nodiscard]] bool active(const std::string& policy) const {
    const Policy* const found = spd.find(policy);
    REQUIRE(found != nullptr);
    return found->active;
  }
  [[nodiscard]] Endpoints ends(const std::string& sa) const {
    return world.sad->find(sa)->sa->endpoints;
  }

  Files files;
  ManualClock clock;
  JobPool jobs{1};
  AuditLog audit{
      {.jobs = jobs, .names = {}, .wall_time = [] { return std::chrono::system_clock::now(); }}};
  World world{SaTable::Capacity{16, 16}};
  Spd spd{64, 1};
  Speaking speaking{clock};
  ike::test::Node& node{speaking.node};
  unsigned published{};
  Mip6Service service{
      {.tunnels = {.spd = spd,
                   .sad = *world.sad,
                   .negotiated = [](const std::string&) { return std::vector<std::string>{}; },
                   .lead = [](const std::string&) {},
                   .publish = [this] { ++published; }},
       .ike = *node.daemon,
       .audit = audit,
       .jobs = jobs,
       .clock = clock,
       .state_directory = files.path}};
};

}  // namespace

TEST_CASE("MAPI-08: at the start nobody is away, and no tunnel of a node matches anything") {
  Agent agent(kStatic);
  for (const char* const policy : {"mn-return-routability", "mn-payload-tcp"})
    CHECK_FALSE(agent.active(policy));
  for (const char* const policy : {"mn-binding", "mn-prefix-discovery", "mn-other-mobility"})
    CHECK(agent.active(policy));
  CHECK_FALSE(agent.service.place_of(kEnds));
}

TEST_CASE("MAPI-01: a registration moves the node's tunnels and activates them") {
  Agent agent(kStatic);
  REQUIRE(agent.service.move(kEnds, kCareOf));
  const Endpoints away{kAgent, kCareOf};
  CHECK(agent.active("mn-payload-tcp"));
  CHECK(agent.active("mn-return-routability"));
  CHECK(agent.spd.find("mn-payload-tcp")->protect->endpoints == away);
  for (const char* const sa : {"sa3", "sa4", "sa7", "sa8"}) CHECK(agent.ends(sa) == away);
  for (const char* const sa : {"sa1", "sa2", "sa5", "sa6"})
    CHECK(agent.ends(sa) == Endpoints{kAgent, kHome});
  CHECK(agent.service.place_of(kEnds) == kCareOf);
  CHECK(agent.published == 1);
  // Of a pair that we do not have there is nothing to move.
  REQUIRE(agent.service.move({kCareOf, kAgent}, kNext));
  CHECK(agent.published == 1);
}

TEST_CASE("MAPI-08: home and away three times, and the SAs are the same") {
  Agent agent(kStatic);
  for (int trip = 0; trip < 3; ++trip) {
    REQUIRE(agent.service.move(kEnds, trip == 1 ? kNext : kCareOf));
    CHECK(agent.active("mn-payload-tcp"));
    agent.world.retirement.pass();
    agent.service.deactivate(kEnds);
    CHECK_FALSE(agent.active("mn-payload-tcp"));
    CHECK(agent.active("mn-binding"));
    CHECK(agent.world.sad->find("sa7"));
    CHECK_FALSE(agent.service.place_of(kEnds));
  }
}

TEST_CASE("MAPI-01: a reload finds nodes where they are") {
  Agent agent(kStatic);
  REQUIRE(agent.service.move(kEnds, kCareOf));
  const PolicyId id = agent.spd.id_of("mn-payload-tcp").value();
  agent.load(kStatic + "[[policy]]\nname = \"more\"\naction = \"discard\"\n");
  CHECK(agent.spd.id_of("mn-payload-tcp") == id);
  CHECK(agent.active("mn-payload-tcp"));
  CHECK(agent.ends("sa7") == Endpoints{kAgent, kCareOf});
  // Without the node there is nowhere.
  agent.load(kHomeLink + kPorts);
  agent.load(kStatic);
  CHECK_FALSE(agent.active("mn-payload-tcp"));
}

TEST_CASE("MSEC-35: one tunnel for everything ends at home when the node is there") {
  Agent agent(home_agent_text("selectors = \"tunnel\"\nsas = { payload = [\"sa7\", \"sa8\"] }\n") +
              study_sa(7, "in") + study_sa(8, "out"));
  CHECK(agent.active("mn-everything"));
  REQUIRE(agent.service.move(kEnds, kCareOf));
  CHECK(agent.ends("sa8") == Endpoints{kAgent, kCareOf});
  agent.world.retirement.pass();
  agent.service.deactivate(kEnds);
  CHECK(agent.active("mn-everything"));
  CHECK(agent.ends("sa8") == Endpoints{kAgent, kHome});
}

TEST_CASE("HA-09: IKE SAs move where they are negotiated and nothing else moves them") {
  CHECK(Agent(kByIke).service.can_move(kHome));
  CHECK_FALSE(Agent(kByIke).service.can_move(kCareOf));
  CHECK_FALSE(Agent(kStatic).service.can_move(kHome));
  CHECK_FALSE(Agent(kByIke + "mobility = \"none\"\n").service.can_move(kHome));
}

TEST_CASE("MDYN-13: the home agent begins IKE when a registration has told where the node is") {
  Agent agent(kByIke);
  CHECK_FALSE(agent.node.daemon->initiate("mn-binding"));
  agent.service.move(kHome, kCareOf);
  REQUIRE(agent.node.daemon->initiate("mn-binding"));
  REQUIRE_FALSE(agent.node.sent.empty());
  CHECK(agent.node.sent.front().path.remote.address == kCareOf);
  CHECK(agent.node.sent.front().path.local.address == kAgent);
}

TEST_CASE(
    "MAPI-06: without K, IKE SAs of other places end; where there is no binding, home is it") {
  Agent agent(kByIke);
  agent.service.move(kHome, kCareOf);
  REQUIRE(agent.node.daemon->initiate("mn-binding"));
  CHECK(agent.node.daemon->size() == 1);
  REQUIRE(agent.service.move(kEnds, kCareOf));
  agent.service.drop(kHome);
  CHECK(agent.node.daemon->size() == 1);
  agent.service.deactivate(kEnds);
  agent.service.drop(kHome);
  CHECK(agent.node.daemon->size() == 0);
}

TEST_CASE("MDYN-15: the first Binding Update waits for its SAs") {
  Agent agent(kByIke);
  std::vector<std::string> heard;
  const auto ready = [&](const Expected<void>& how) {
    heard.push_back(how ? "ready" : how.error().what);
  };
  agent.service.prepare(kHome, kAgent, kCareOf, ready);
  CHECK(heard.empty());
  REQUIRE_FALSE(agent.node.sent.empty());
  CHECK(agent.node.sent.front().path.remote.address == kCareOf);
  agent.service.on_installed("mn-payload-tcp");
  CHECK(heard.empty());
  agent.service.on_installed("mn-binding");
  CHECK(heard == std::vector<std::string>{"ready"});
  agent.service.on_installed("mn-binding");
  CHECK(heard.size() == 1);
  agent.service.prepare(kHome, kAgent, kCareOf, ready);
  agent.service.on_failed("mn-binding", "no answer");
  CHECK(heard.back() == "no answer");
  agent.service.prepare(kHome, kCareOf, kCareOf, ready);
  CHECK(heard.size() == 3);
}

TEST_CASE("MDYN-15: two who wait for the same SAs wait for one negotiation") {
  Agent agent(kByIke);
  unsigned ready = 0;
  const auto count = [&](const Expected<void>& how) { ready += how ? 1U : 0U; };
  agent.service.prepare(kHome, kAgent, kCareOf, count);
  agent.service.prepare(kHome, kAgent, kCareOf, count);
  CHECK(agent.node.daemon->size() == 1);
  CHECK(agent.node.sent.size() == 1);
  agent.service.on_installed("mn-binding");
  CHECK(ready == 2);
}

TEST_CASE("MDYN-15: configured SAs are there at once") {
  Agent agent(kStatic);
  bool there = false;
  agent.service.prepare(kHome, kAgent, kCareOf,
                        [&](const Expected<void>& how) { there = how.has_value(); });
  CHECK(there);
  CHECK(agent.node.sent.empty());
}

TEST_CASE("MSEC-34: the last sequence number of a home address outlives the process") {
  const Files files;
  const auto file = files.path / "binding-sequences";
  {
    JobPool jobs(1);
    BindingSequences sequences(file, jobs);
    CHECK_FALSE(sequences.load(kHome));
    sequences.save(kHome, 15);
    sequences.save(kAgent, 7);
    sequences.save(kHome, 65535);
    CHECK(sequences.load(kHome) == 65535);
    sequences.poll({});
    sequences.save(kAgent, 8);
    jobs.finish();
    sequences.poll(Instant{} + BindingSequences::kInterval);
    jobs.finish();
  }
  JobPool jobs(1);
  const BindingSequences again(file, jobs);
  CHECK(again.load(kHome) == 65535);
  CHECK(again.load(kAgent) == 8);
  CHECK_FALSE(again.load(kCareOf));
}

TEST_CASE("MSEC-34: sequence numbers are written once a second at most, and at the end") {
  const Files files;
  const auto file = files.path / "binding-sequences";
  const auto text = [&] { return read_state_file(file).value().value_or("none"); };
  {
    JobPool jobs(1);
    BindingSequences sequences(file, jobs);
    const auto poll_at = [&](std::chrono::milliseconds time) {
      sequences.poll(Instant{} + time);
      jobs.finish();
    };
    poll_at(std::chrono::milliseconds(0));
    CHECK(text() == "none");
    sequences.save(kHome, 1);
    poll_at(std::chrono::milliseconds(100));
    CHECK(text() == "2001:db8:1::10 1\n");
    sequences.save(kHome, 2);
    poll_at(std::chrono::milliseconds(1099));
    CHECK(text() == "2001:db8:1::10 1\n");
    poll_at(std::chrono::milliseconds(1100));
    CHECK(text() == "2001:db8:1::10 2\n");
    sequences.save(kHome, 3);
  }
  CHECK(text() == "2001:db8:1::10 3\n");
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("MSEC-34: numbers of nodes that are no longer served, or by IKE, are forgotten") {
  Agent agent(kStatic);
  mip6::StateStore& store = agent.service.store();
  store.save(kHome, 5);
  store.save(kCareOf, 6);  // of a node that there was
  Configuration configuration = parse(kStatic).value();
  agent.service.configure(configuration);
  CHECK(store.load(kHome) == 5);
  CHECK_FALSE(store.load(kCareOf));
  // The section may come back.
  configuration.home_agent.reset();
  configuration.mobility_policies.clear();
  agent.service.configure(configuration);
  CHECK(store.load(kHome) == 5);
}

TEST_CASE("MSEC-37: what is refused is audited, with who wanted what") {
  Agent agent(kStatic);
  AuditConfig config;
  config.remember = 10;
  agent.audit.configure(config);
  agent.service.report({.kind = mip6::EventKind::Refused,
                        .home_address = kHome,
                        .care_of = kCareOf,
                        .peer = kAgent,
                        .detail = "not protected"});
  const auto records = agent.audit.recent(0);
  REQUIRE(records.size() == 1);
  const auto& record = records.front();
  CHECK(record["event"] == "binding_refused");
  CHECK(record["home_address"] == "2001:db8:1::10");
  CHECK(record["care_of"] == "2001:db8:77::5");
  CHECK(record["detail"] == "not protected");
}

TEST_CASE("MSEC-37: a flood of refusals fills no log, and how many there were is told") {
  Agent agent(kStatic);
  AuditConfig config;
  config.remember = 1000;
  agent.audit.configure(config);
  const mip6::Event refusal{.kind = mip6::EventKind::Refused, .home_address = kHome};
  for (int i = 0; i < 500; ++i) agent.service.report(refusal);
  CHECK(agent.audit.recent(0).size() == 100);
  agent.clock.advance(std::chrono::seconds(1));
  agent.service.report(refusal);
  const auto records = agent.audit.recent(0);
  REQUIRE(records.size() == 101);
  CHECK(records.back()["suppressed"] == 400);
  // What has come about is always told.
  for (int i = 0; i < 500; ++i)
    agent.service.report({.kind = mip6::EventKind::Registered, .home_address = kHome});
  CHECK(agent.audit.recent(0).size() == 601);
}

}  // namespace sallyport::mip6_service_test
