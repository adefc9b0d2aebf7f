#include "tests/gateway/running_gateway.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/gateway/config_support.h"
#include "tests/support/eal.h"

namespace sallyport::test {

RunningGateway::RunningGateway(const std::string& text) : RunningGateway(text, Settings{}) {}

RunningGateway::RunningGateway(const std::string& text, Settings settings)
    : settings_(std::move(settings)),
      directory_(
          std::filesystem::temp_directory_path() /
          ("sallyport-gateway-" + std::to_string(getpid()) + "-" + std::to_string(number_))) {
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

RunningGateway::~RunningGateway() {
  commands_.reset();
  gateway_.reset();
  std::filesystem::remove_all(directory_);
}

Expected<void> RunningGateway::reload(const std::string& text) {
  auto next = read(text);
  if (!next) return std::unexpected(next.error());
  auto done = gateway_->reload(std::move(*next));
  settle();
  return done;
}

Expected<void> RunningGateway::reload(std::string ports, const std::string& text) {
  settings_.ports = std::move(ports);
  return reload(text);
}

void RunningGateway::settle() {
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(gateway_->dataplane().turn());
    gateway_->poll();
  }
}

Json RunningGateway::ask(const std::string& request) {
  return Json::parse(commands_->answer(request));
}

Json RunningGateway::ask(const std::string& command, const Json& arguments) {
  return ask(Json{{"v", 1}, {"id", 1}, {"do", command}, {"args", arguments}}.dump());
}

Json RunningGateway::rows(const std::string& view, const Json& arguments) {
  return ask(view, arguments).at("ok").at("rows");
}

std::vector<std::string> RunningGateway::column(const std::string& view, const char* field) {
  std::vector<std::string> texts;
  for (const Json& row : rows(view)) texts.push_back(row.at(field));
  return texts;
}

std::vector<std::string> RunningGateway::own_policies() {
  std::vector<std::string> names = column("show.policies", "name");
  std::erase_if(names, [](const std::string& name) {
    return name.find("default-") != std::string::npos || name.starts_with("(");
  });
  return names;
}

Json RunningGateway::everything() {
  Json all;
  for (const char* view : {"show.sas", "show.policies", "show.routes", "show.neighbours"})
    all[view] = rows(view);
  return all;
}

Expected<Configuration> RunningGateway::read(const std::string& text) const {
  std::string ports = settings_.ports;
  if (ports.empty()) {
    ports = replaced(kPorts, "net_af_packet0,iface=lan0", device("lan"));
    ports = replaced(ports, "net_af_packet1,iface=wan0", device("wan"));
  }
  const std::string head = "[instance]\ninline_secrets = true\nstate_directory = \"" +
                           directory_.native() +
                           "\"\n[limits]\nsas = " + std::to_string(settings_.sas) +
                           "\npolicies = " + std::to_string(settings_.policies) +
                           "\nflows = 64\nroutes = 64\nmbufs = 1024\nlarge_buffers = 16\n"
                           "[dataplane]\nhugepages = \"no\"\n";
  return parse(head + ports + text);
}

unsigned RunningGateway::next_number() {
  static unsigned last = 0;
  return ++last;
}

std::string RunningGateway::device(const char* port) const {
  return "net_null_" + std::string(port) + std::to_string(number_) + ",no-rx=1";
}

Json RunningGateway::rows(const std::string& view) { return rows(view, Json::object()); }

std::string sa_text(const std::string& name, const std::string& direction, unsigned spi) {
  return "[[sa]]\nname = \"" + name + "\"\ndirection = \"" + direction +
         "\"\nspi = " + std::to_string(spi) +
         "\ntransform = \"aes128-gcm16\"\nunsafe_static_key = true\nkey = \"0x" +
         hex_key(20, spi + (spi >> 8)) + "\"\n";
}

std::string policy_text(const std::string& name, unsigned net, const std::string& sas) {
  return "[[policy]]\nname = \"" + name + "\"\nlocal = \"10.1.0.0/24\"\nremote = \"10." +
         std::to_string(net) +
         ".0.0/24\"\naction = \"protect\"\nprotect = { endpoints = { local = \"192.0.2.1\", "
         "remote = \"192.0.2.2\" }, sas = [" +
         sas + "] }\n";
}

}  // namespace sallyport::test
