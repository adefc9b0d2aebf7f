// A whole Gateway from the text of a configuration, on ports where nothing comes in and all that
// goes out is lost; time is manual, its control protocol answers.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gateway/control_commands.h"
#include "tests/gateway/config_support.h"
#include "tests/support/eal.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::test {

using Json = nlohmann::json;

class RunningGateway {
 public:
  struct Settings {
    unsigned sas{16};  // [limits]
    unsigned policies{64};
    std::string sequence_numbers{};  // the file of an earlier life
  };

  explicit RunningGateway(const std::string& text = {}) : RunningGateway(text, Settings{}) {}
  // `text` follows the ports: policies, SAs, what else there is.
  RunningGateway(const std::string& text, Settings settings) : settings_(std::move(settings)) {
    need_eal();
    std::filesystem::remove_all(directory_);
    if (!settings_.sequence_numbers.empty()) {
      std::filesystem::create_directories(directory_);
      std::ofstream(directory_ / "sequence-numbers") << settings_.sequence_numbers;
    }
    auto next = read(text);
    if (!next) FAIL(to_string(next.error()));
    auto opened = Gateway::open(std::move(*next), {random_, clock_, {}});
    if (!opened) FAIL(to_string(opened.error()));
    gateway_ = std::move(*opened);
    commands_ = std::make_unique<ControlCommands>(
        *gateway_, ControlCommands::Hooks{.reload =
                                              [this] {
                                                ++reloads;
                                                return reload_outcome;
                                              },
                                          .stop = [this] { ++stops; }});
    settle();
  }
  ~RunningGateway() {
    commands_.reset();
    gateway_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] Gateway& operator*() noexcept { return *gateway_; }
  [[nodiscard]] Gateway* operator->() noexcept { return gateway_.get(); }
  [[nodiscard]] ManualClock& clock() noexcept { return clock_; }
  // What lives over restarts.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  // As a reload of the file does it.
  [[nodiscard]] Expected<void> reload(const std::string& text) {
    auto next = read(text);
    if (!next) return std::unexpected(next.error());
    auto done = gateway_->reload(std::move(*next));
    settle();
    return done;
  }
  // Turns and polls until what was retired is gone.
  void settle() {
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(gateway_->dataplane().turn());
      gateway_->poll();
    }
  }

  [[nodiscard]] Json ask(const std::string& request) {
    return Json::parse(commands_->answer(request));
  }
  [[nodiscard]] Json ask(const std::string& command, const Json& arguments) {
    return ask(Json{{"v", 1}, {"id", 1}, {"do", command}, {"args", arguments}}.dump());
  }
  [[nodiscard]] Json rows(const std::string& view, const Json& arguments = Json::object()) {
    return ask(view, arguments).at("ok").at("rows");
  }
  // One field of every row.
  [[nodiscard]] std::vector<std::string> column(const std::string& view, const char* field) {
    std::vector<std::string> texts;
    for (const Json& row : rows(view)) texts.push_back(row.at(field));
    return texts;
  }
  // The names of the operator's policies in order.
  [[nodiscard]] std::vector<std::string> own_policies() {
    std::vector<std::string> names = column("show.policies", "name");
    std::erase_if(names, [](const std::string& name) {
      return name.find("default-") != std::string::npos || name.starts_with("(");
    });
    return names;
  }
  // All that a reload may change.
  [[nodiscard]] Json everything() {
    Json all;
    for (const char* view : {"show.sas", "show.policies", "show.routes", "show.neighbours"})
      all[view] = rows(view);
    return all;
  }

  unsigned reloads{};
  unsigned stops{};
  Expected<void> reload_outcome{};

 private:
  [[nodiscard]] Expected<Configuration> read(const std::string& text) const {
    std::string ports = replaced(kPorts, "net_af_packet0,iface=lan0", device("lan"));
    ports = replaced(ports, "net_af_packet1,iface=wan0", device("wan"));
    const std::string head = "[instance]\ninline_secrets = true\nstate_directory = \"" +
                             directory_.native() +
                             "\"\n[limits]\nsas = " + std::to_string(settings_.sas) +
                             "\npolicies = " + std::to_string(settings_.policies) +
                             "\nflows = 64\nroutes = 64\nmbufs = 1024\nlarge_buffers = 16\n"
                             "[dataplane]\nhugepages = \"no\"\n";
    return parse(head + ports + text);
  }

  // Each gateway has devices of its own.
  [[nodiscard]] std::string device(const char* port) const {
    return "net_null_" + std::string(port) + std::to_string(number_) + ",no-rx=1";
  }

  static inline unsigned last_number_;
  unsigned number_{++last_number_};
  Settings settings_;
  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("sallyport-gateway-" + std::to_string(getpid()));
  FixedRandom random_;
  ManualClock clock_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<ControlCommands> commands_;
};

// An [[sa]] with a key of its own.
inline std::string sa_text(const std::string& name, const std::string& direction, unsigned spi) {
  return "[[sa]]\nname = \"" + name + "\"\ndirection = \"" + direction +
         "\"\nspi = " + std::to_string(spi) +
         "\ntransform = \"aes128-gcm16\"\nunsafe_static_key = true\nkey = \"0x" +
         hex_key(20, spi + (spi >> 8)) + "\"\n";
}

// A [[policy]] towards 10.NET.0.0/24 that protects by these SAs.
inline std::string policy_text(const std::string& name, unsigned net, const std::string& sas) {
  return "[[policy]]\nname = \"" + name + "\"\nlocal = \"10.1.0.0/24\"\nremote = \"10." +
         std::to_string(net) +
         ".0.0/24\"\naction = \"protect\"\nprotect = { endpoints = { local = \"192.0.2.1\", "
         "remote = \"192.0.2.2\" }, sas = [" +
         sas + "] }\n";
}

}  // namespace sallyport::test
