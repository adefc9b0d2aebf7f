#include "bench/ike_responder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "bench/ike_installers.h"
#include "bench/ike_party.h"
#include "bench/udp_datagrams.h"

namespace sallyport::bench {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(10);

// Nobody says anything; they close it.
bool is_over(int input) {
  std::array<char, 64> said{};
  return read(input, said.data(), said.size()) <= 0;
}

}  // namespace

Expected<ResponderReport> respond(const ResponderSettings& settings,
                                  const IkeIdentities& identities, Random& random) {
  auto datagrams = UdpDatagrams::open(settings.address, {});
  if (!datagrams) return std::unexpected(datagrams.error());
  const SystemClock clock;
  SadInstaller installer(random, settings.capacity);
  IkeParty party({clock, random, **datagrams, installer});
  if (auto adopted = party.adopt(server_terms(settings.kind, identities)); !adopted)
    return std::unexpected(adopted.error());
  fmt::print("ready\n");
  std::fflush(stdout);

  const UdpDatagrams::Take take = [&](const ike::Path& path, ByteView message) {
    party.daemon().receive(path, message);
  };
  Instant polled = clock.now();
  while (!(*datagrams)->wait(kPoll, STDIN_FILENO) || !is_over(STDIN_FILENO)) {
    while ((*datagrams)->receive(take) != 0) (*datagrams)->flush();
    if (clock.now() - polled < kPoll) continue;
    polled = clock.now();
    party.daemon().poll();
    (*datagrams)->flush();
  }
  return ResponderReport{.ike_sas = party.daemon().size(),
                         .children = installer.pairs(),
                         .slot_octets = installer.slot_octets(),
                         .failures = party.failures()};
}

}  // namespace sallyport::bench
