// Fuzzes the control protocol on a whole gateway: whatever a line holds, the answer is one line of
// JSON with either "ok" or a known error, and the gateway's keys never stand in it (SAD-12).
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "gateway/control_commands.h"
#include "tests/gateway/config_support.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef01020304";

void require(bool condition) {
  if (!condition) std::abort();
}

std::filesystem::path state_directory() {
  const std::filesystem::path memory = "/dev/shm";
  const auto parent =
      access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  return parent / ("sallyport-control-fuzz-" + std::to_string(getpid()));
}

std::string sa_text(std::string_view name, std::string_view direction, std::string_view spi) {
  std::string text = "[[sa]]\nunsafe_static_key = true\ntransform = \"aes128-gcm16\"\n";
  text += "name = \"" + std::string(name) + "\"\ndirection = \"" + std::string(direction) +
          "\"\nspi = " + std::string(spi) + "\nkey = \"0x" + std::string(kKey) + "\"\n";
  return text;
}

std::string ports() {
  const auto text = test::replaced(test::kPorts, "net_af_packet0,iface=lan0", "net_null0,no-rx=1");
  return test::replaced(text, "net_af_packet1,iface=wan0", "net_null1,no-rx=1");
}

Configuration configuration() {
  const std::string text = R"(
[instance]
inline_secrets = true
state_directory = ")" + state_directory().native() +
                           R"("
[limits]
sas = 16
policies = 32
flows = 64
routes = 64
neighbours = 16
mbufs = 1024
large_buffers = 16
reassembly_datagrams = 0
[dataplane]
hugepages = "no"
)" + ports() + test::kPolicy +
                           sa_text("out", "out", "0x1001") + sa_text("in", "in", "0x1002");
  auto parsed = parse_configuration(text, "/fuzz.toml", test::MemoryFiles());
  if (!parsed) std::fprintf(stderr, "%s\n", to_string(parsed.error()).c_str());
  require(parsed.has_value());
  return std::move(*parsed);
}

class Rig {
 public:
  Rig() {
    auto opened =
        Gateway::open(configuration(), {random_, clock_, {"--no-shconf", "--log-level=error"}});
    if (!opened) std::fprintf(stderr, "%s\n", to_string(opened.error()).c_str());
    require(opened.has_value());
    gateway_ = std::move(*opened);
    commands_ = std::make_unique<ControlCommands>(
        *gateway_, ControlCommands::Hooks{.reload = [this] { return reload(); }, .stop = [] {}});
    sas_ = names_in("show.sas");
    policies_ = names_in("show.policies");
  }
  ~Rig() {
    commands_.reset();
    gateway_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(state_directory(), ignored);
  }

  void ask(std::string_view request) {
    const std::string answer = commands_->answer(request);
    check(request, answer);
    clock_.advance(std::chrono::milliseconds(200));
    static_cast<void>(gateway_->dataplane().turn());
    gateway_->poll();
    if (names_in("show.sas") == sas_ && names_in("show.policies") == policies_) return;
    require(reload().has_value());
    require(names_in("show.sas") == sas_ && names_in("show.policies") == policies_);
  }

 private:
  [[nodiscard]] Expected<void> reload() { return gateway_->reload(configuration()); }

  // In their order.
  [[nodiscard]] std::vector<std::string> names_in(const std::string& view) {
    const Json answer = Json::parse(commands_->answer(R"({"v":1,"do":")" + view + "\"}"));
    std::vector<std::string> names;
    for (const Json& row : answer.at("ok").at("rows")) names.push_back(row.at("name"));
    return names;
  }

  static void check(std::string_view request, const std::string& answer) {
    constexpr std::array kCodes{"invalid", "not_found", "exists",     "exhausted",
                                "refused", "io",        "unsupported"};
    require(answer.find('\n') == std::string::npos);
    const Json read = Json::parse(answer, nullptr, false);
    require(read.is_object() && read.contains("ok") != read.contains("error"));
    if (read.contains("error"))
      require(std::ranges::count(kCodes, read["error"].at("code").get<std::string>()) == 1);
    if (request.find(kKey) == std::string_view::npos)
      require(answer.find(kKey) == std::string::npos);
  }

  FixedRandom random_;
  ManualClock clock_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<ControlCommands> commands_;
  std::vector<std::string> sas_;       // the names of those that are configured
  std::vector<std::string> policies_;  // likewise
};

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sallyport::Rig rig;
  rig.ask({reinterpret_cast<const char*>(data), size});
  return 0;
}
