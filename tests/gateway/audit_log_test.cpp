// The audit log: its records, its rates, its outputs, and that no disk stalls anybody.
#include "gateway/audit_log.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace sallyport::audit_log_test {

using namespace std::chrono_literals;

namespace {

using Json = nlohmann::json;

// 2026-11-25T15:30:00.25Z
constexpr WallTime kNow{1795620600s + 250ms};

Event sample(DropReason reason = DropReason::Replay) {
  Event event;
  const Address from = Address::parse("2001:db8::1").value();
  const Address to = Address::parse("2001:db8::2").value();
  event.source = from.bytes;
  event.destination = to.bytes;
  event.family = Family::V6;
  event.has_addresses = true;
  event.flow_label = 0xabcde;
  event.protocol = 50;
  event.ipsec_protocol = 50;
  event.spi = Spi{0x1000};
  event.has_sequence = true;
  event.sequence = 0x100000002;
  event.sa = SaSlot{7};
  event.policy = PolicyId{3};
  event.ingress = PortId{1};
  event.reason = reason;
  return event;
}

AuditNames names() {
  return {.sa = [](Direction, SaSlot slot, Spi) { return "sa-" + std::to_string(slot.value); },
          .policy = [](PolicyId id) { return "policy-" + std::to_string(id.value); },
          .port = [](PortId id) { return "port-" + std::to_string(id.value); }};
}

// Keeps what it is given; may be told to fail or to hang.
class Kept final : public AuditOutput {
 public:
  Expected<void> write(std::span<const AuditRecord> records) override {
    while (hanging) std::this_thread::sleep_for(1ms);
    if (failing) return fail(Error::Code::Io, "the disk is full");
    for (const AuditRecord& record : records) lines.push_back(json_line(record));
    return {};
  }
  std::vector<std::string> lines;
  std::atomic<bool> failing{};
  std::atomic<bool> hanging{};
};

struct Rig {
  JobPool jobs{1};
  WallTime wall{kNow};
  Instant now{1h};
  AuditLog log{{.jobs = jobs, .names = names(), .wall_time = [this] { return wall; }}};
  std::shared_ptr<Kept> output = std::make_shared<Kept>();
  AuditConfig config;

  Rig() { log.configure(config, output); }
  ~Rig() {
    output->hanging = false;
    jobs.finish();
  }
  void settle() {
    log.poll(now);
    jobs.finish();
    log.poll(now);
    jobs.finish();
  }
  std::vector<Json> lines() {
    settle();
    std::vector<Json> parsed;
    for (const std::string& line : output->lines) parsed.push_back(Json::parse(line));
    output->lines.clear();
    return parsed;
  }
};

std::filesystem::path scratch(const char* name) {
  return std::filesystem::temp_directory_path() / (name + std::to_string(getpid()));
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("AUD-01: a record has time, reason, SPI, addresses, number, flow label and names") {
  Rig rig;
  rig.log.take(sample(), 50ms, rig.now);
  const auto lines = rig.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == Json{{"time", "2026-11-25T15:30:00.200000Z"},
                         {"event", "drop"},
                         {"reason", "replay"},
                         {"ipsec", "esp"},
                         {"spi", "0x00001000"},
                         {"sequence", 0x100000002},
                         {"source", "2001:db8::1"},
                         {"destination", "2001:db8::2"},
                         {"flow_label", "0xabcde"},
                         {"protocol", 50},
                         {"sa", "sa-7"},
                         {"policy", "policy-3"},
                         {"port", "port-1"},
                         {"worker", 0}});
}

TEST_CASE("AUD-01: a record leaves out what is not known, and shows ports and ICMP types") {
  Event bare;
  bare.reason = DropReason::NoPolicy;
  bare.worker = kControl;
  AuditRecord record = drop_record(bare, kNow, names());
  CHECK(Json(record) ==
        Json{{"time", "2026-11-25T15:30:00.250000Z"}, {"event", "drop"}, {"reason", "no_policy"}});
  Event ports = sample(DropReason::SelectorMismatch);
  ports.family = Family::V4;
  ports.protocol = 17;
  ports.ports_visible = true;
  ports.source_port = 1000;
  ports.destination_port = 2000;
  ports.decapsulated = true;
  record = drop_record(ports, kNow, names());
  CHECK(record["source_port"] == 1000);
  CHECK(record["destination_port"] == 2000);
  CHECK(record["decapsulated"] == true);
  CHECK_FALSE(record.contains("flow_label"));
  ports.protocol = 1;
  ports.source_port = 3 * 256 + 4;
  record = drop_record(ports, kNow, names());
  CHECK(record["type"] == 3);
  CHECK(record["code"] == 4);
  CHECK_FALSE(record.contains("source_port"));
}

TEST_CASE("AUD-02: records are limited over all, and the next one says how many are missing") {
  Rig rig;
  rig.config.rate = 3;
  rig.log.configure(rig.config, rig.output);
  for (int i = 0; i < 10; ++i) rig.log.take(sample(), 0s, rig.now);
  CHECK(rig.lines().size() == 3);
  CHECK(rig.log.counters().suppressed == 7);
  rig.now += 400ms;
  rig.log.take(sample(), 0s, rig.now);
  const auto next = rig.lines();
  REQUIRE(next.size() == 1);
  CHECK(next[0]["suppressed"] == 7);
  CHECK(rig.log.counters().recorded == 4);
}

TEST_CASE("AUD-02: what workers kept back is told by the next event, or when it stays quiet") {
  Rig rig;
  Event event = sample();
  event.suppressed = 5;
  rig.log.take(event, 0s, rig.now);
  auto lines = rig.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["suppressed"] == 5);
  rig.log.note_suppressed(WorkerId{0}, DropReason::Replay, 12);
  rig.log.note_suppressed(WorkerId{1}, DropReason::Replay, 2);
  CHECK(rig.lines().empty());
  rig.now += 2s;
  lines = rig.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "suppressed");
  CHECK(lines[0]["reason"] == "replay");
  CHECK(lines[0]["suppressed"] == 9);
  // An event that was on its way meanwhile has an older count.
  event.suppressed = 9;
  rig.now += 2s;
  rig.log.take(event, 0s, rig.now);
  lines = rig.lines();
  REQUIRE(lines.size() == 1);
  CHECK_FALSE(lines[0].contains("suppressed"));
  CHECK(rig.log.counters().suppressed == 14);
}

TEST_CASE("AUD-02: an output that hangs stalls nobody; what waits is bounded, the rest is lost") {
  Rig rig;
  rig.output->hanging = true;
  const auto more = AuditLog::kMostWaiting + 10;
  rig.log.record(rig.log.begin("first"));
  rig.log.poll(rig.now);
  for (std::size_t i = 0; i < more; ++i) {
    rig.log.record(rig.log.begin("more"));
    rig.log.poll(rig.now);
  }
  CHECK(rig.log.counters().lost == 10);
  rig.output->hanging = false;
  CHECK(rig.lines().size() == AuditLog::kMostWaiting + 1);
}

TEST_CASE("records that the output refuses are counted as lost, and it is tried again") {
  Rig rig;
  rig.output->failing = true;
  rig.log.record(rig.log.begin("one"));
  CHECK(rig.lines().empty());
  CHECK(rig.log.counters().lost == 1);
  rig.output->failing = false;
  rig.log.record(rig.log.begin("two"));
  CHECK(rig.lines().size() == 1);
}

TEST_CASE("the last records stay in memory, with numbers to go on from") {
  Rig rig;
  rig.config.remember = 3;
  rig.log.configure(rig.config, nullptr);
  for (int i = 0; i < 5; ++i) rig.log.record(rig.log.begin("event"));
  const auto all = rig.log.recent(0);
  REQUIRE(all.size() == 3);
  CHECK(all[0]["number"] == 3);
  CHECK(rig.log.recent(4).size() == 1);
  CHECK(rig.log.recent(5).empty());
  rig.config.remember = 1;
  rig.log.configure(rig.config, nullptr);
  CHECK(rig.log.recent(0).size() == 1);
  CHECK(rig.log.counters().lost == 0);
}

TEST_CASE("what is left at the end is written") {
  Rig rig;
  rig.log.record(rig.log.begin("last"));
  rig.log.close();
  REQUIRE(rig.output->lines.size() == 1);
}

TEST_CASE("a file grows by lines of JSON, is for its owner only, and is made anew when moved") {
  const auto file = scratch("audit");
  const auto moved = scratch("audit-moved");
  Rig rig;
  rig.config.target = AuditTarget::File;
  rig.config.file = file;
  rig.log.configure(rig.config);
  rig.log.take(sample(), 0s, rig.now);
  rig.settle();
  struct stat facts{};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  std::filesystem::rename(file, moved);
  rig.log.record(rig.log.begin("before"));
  rig.settle();
  rig.log.reopen();
  rig.log.record(rig.log.begin("after"));
  rig.settle();
  CHECK(lines_of(moved).size() == 2);
  REQUIRE(lines_of(file).size() == 1);
  CHECK(Json::parse(lines_of(file)[0])["event"] == "after");
  std::filesystem::remove(file);
  std::filesystem::remove(moved);
}

TEST_CASE("a file that cannot be opened, and a full disk, lose records and say so") {
  const AuditRecord record = begin_record(kNow, "event");
  const auto nowhere = audit_file(scratch("no-such-directory") / "audit");
  CHECK(nowhere->write({&record, 1}).error().code == Error::Code::Io);
  const auto full = audit_file("/dev/full");
  CHECK_FALSE(full->write({&record, 1}));
}

TEST_CASE("the journal gets each field of a record, and is found again after a restart") {
  const auto path = scratch("journal");
  const auto listen = [&] {
    std::filesystem::remove(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    REQUIRE(bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return descriptor;
  };
  const auto heard = [](int descriptor) {
    std::string datagram(4096, '\0');
    const ssize_t got = recv(descriptor, datagram.data(), datagram.size(), MSG_DONTWAIT);
    datagram.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return datagram;
  };
  const AuditRecord record = drop_record(sample(), kNow, names());
  const auto journal = audit_journal(path);
  CHECK_FALSE(journal->write({&record, 1}));
  int descriptor = listen();
  CHECK(journal->write({&record, 1}));
  const std::string fields = heard(descriptor);
  CHECK_THAT(fields, Catch::Contains("MESSAGE=event=drop reason=replay"));
  CHECK_THAT(fields, Catch::Contains("\nPRIORITY=5\n"));
  CHECK_THAT(fields, Catch::Contains("\nSALLYPORT_SPI=0x00001000\n"));
  CHECK_THAT(fields, Catch::Contains("\nSALLYPORT_SEQUENCE=4294967298\n"));
  close(descriptor);
  descriptor = listen();
  CHECK_FALSE(journal->write({&record, 1}));
  CHECK(journal->write({&record, 1}));
  CHECK_FALSE(heard(descriptor).empty());
  close(descriptor);
  std::filesystem::remove(path);
}

}  // namespace sallyport::audit_log_test
