#include "gateway/daemon.h"

#include <spdlog/spdlog.h>

#include <csignal>
#include <thread>

#include "gateway/control_commands.h"
#include "gateway/control_socket.h"
#include "gateway/event_loop.h"
#include "gateway/gateway.h"

namespace sallyport {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(1);
// How long peers may take to say that they know of our end.
constexpr Duration kFarewell = std::chrono::milliseconds(500);

void announce(Gateway& gateway) {
  for (const PortStatus& port : gateway.dataplane().ports())
    spdlog::info("port {} ({}, {}), {} side, {}", port.settings->name, port.settings->device,
                 port.driver, port.settings->side == Side::Protected ? "protected" : "unprotected",
                 to_string(port.mac));
  for (const WorkerStatus& worker : gateway.dataplane().workers())
    spdlog::info("worker {}: crypto by IPsec-MB {}", worker.id.value, worker.crypto_variant);
  spdlog::info("{} is up, {} hugepages", gateway.configuration().instance.name,
               gateway.hugepages() ? "with" : "without");
}

Expected<void> reload_from(const std::filesystem::path& file, Gateway& gateway) {
  auto next = load_configuration(file);
  if (!next) return std::unexpected(next.error());
  for (const std::string& warning : next->warnings) spdlog::warn("{}", warning);
  return gateway.reload(std::move(*next));
}

}  // namespace

Expected<void> run_daemon(Configuration configuration, const CommandLine& command_line) {
  auto random = SystemRandom::open();
  if (!random) return std::unexpected(random.error());
  auto loop = EventLoop::create();
  if (!loop) return std::unexpected(loop.error());
  const SystemClock clock;
  // Before the workers' threads, so that none of them takes a signal.
  const auto reload = [&](Gateway& gateway) {
    gateway.reopen_audit_log();
    const auto done = reload_from(command_line.configuration, gateway);
    if (done)
      spdlog::info("configuration reloaded");
    else
      spdlog::error("not reloaded, all goes on as it was: {}", to_string(done.error()));
    return done;
  };
  Gateway* running = nullptr;
  const auto stop = [&] { loop->stop(); };
  for (const int signal : {SIGTERM, SIGINT})
    if (auto set = loop->on_signal(signal, stop); !set) return set;
  if (auto set = loop->on_signal(SIGHUP, [&] { static_cast<void>(reload(*running)); }); !set)
    return set;
  const std::filesystem::path socket_path = configuration.control.socket;
  auto gateway =
      Gateway::open(std::move(configuration), {*random, clock, command_line.eal_arguments});
  if (!gateway) return std::unexpected(gateway.error());
  running = gateway->get();
  ControlCommands commands(**gateway, {.reload = [&] { return reload(**gateway); }, .stop = stop});
  auto socket = ControlSocket::open(socket_path, *loop, commands);
  if (!socket) return std::unexpected(socket.error());
  if (auto started = (*gateway)->start(); !started) return started;
  announce(**gateway);
  loop->run(kTick, [&] { (*gateway)->poll(); });
  spdlog::info("stopping");
  for (const Instant end = clock.now() + kFarewell;
       !(*gateway)->say_goodbye() && clock.now() < end;)
    std::this_thread::sleep_for(kTick);
  return {};
}

}  // namespace sallyport
