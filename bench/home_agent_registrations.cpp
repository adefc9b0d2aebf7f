#include "bench/home_agent_registrations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bench/home_agent_traffic.h"

namespace sallyport::bench {
namespace {

constexpr NodeNumber kAtOnce = 1000;  // fewer than there may be detections at one time
constexpr Duration kDetection = std::chrono::milliseconds(1100);

}  // namespace

Registrations::Registrations(HomeAgentGateway& gateway, HomeNodes& nodes)
    : gateway_(gateway),
      nodes_(nodes),
      frames_({gateway.ring().mac(kInside), gateway.ring().mac(kOutside)},
              gateway.settings().transform) {}

Expected<RegistrationTicks> Registrations::run(Round round) {
  Sums sums;
  for (NodeNumber first = 0; first < nodes_.count(); first += kAtOnce)
    if (auto done = run(round, first, std::min(kAtOnce, nodes_.count() - first), sums); !done)
      return std::unexpected(done.error());
  const double all = nodes_.count();
  return RegistrationTicks{static_cast<double>(sums.worker_in) / all,
                           static_cast<double>(sums.control) / all,
                           static_cast<double>(sums.worker_out) / all};
}

Expected<void> Registrations::run(Round round, NodeNumber first, NodeNumber count, Sums& sums) {
  if (auto put = put_updates(round, first, count); !put) return put;
  RingGateway& ring = gateway_.ring();
  sums.worker_in += turn_until_idle(ring);
  sums.control += poll_all();
  if (round == Round::First) {
    static_cast<void>(turn_until_idle(ring));  // questions for the home link
    static_cast<void>(take_acknowledgements());
    gateway_.clock().jump(kDetection);
    sums.control += poll_all();
  }
  sums.worker_out += turn_until_idle(ring);
  sums.control += poll_all();  // what workers read no more is free
  const NodeNumber answered = take_acknowledgements();
  if (answered == count) return check_places(first, count);
  return fail(Error::Code::Io, fmt::format("{} of {} updates were acknowledged", answered, count),
              "drops: " + ring.drops());
}

Expected<void> Registrations::check_places(NodeNumber first, NodeNumber count) const {
  for (NodeNumber node = first; node < first + count; ++node)
    if (gateway_.place_of(node) != nodes_.tunnel(node).outer)
      return fail(Error::Code::Io, fmt::format("the registration of node {} was refused", node));
  return {};
}

Expected<void> Registrations::put_updates(Round round, NodeNumber first, NodeNumber count) {
  std::array<rte_mbuf*, kAtOnce> mbufs;
  if (rte_pktmbuf_alloc_bulk(gateway_.ring().pool(), mbufs.data(), count) != 0)
    return fail(Error::Code::Exhausted, "no buffers for updates");
  for (NodeNumber i = 0; i < count; ++i) {
    const NodeNumber node = first + i;
    const auto place = static_cast<Place>(nodes_.place(node) + (round == Round::Move ? 1 : 0));
    frames_.write_update(*mbufs[i], nodes_.update(node, place));
    nodes_.moved(node, place);
  }
  gateway_.ring().put(kOutside, std::span(mbufs).first(count));
  return {};
}

std::uint64_t Registrations::poll_all() {
  const std::uint64_t start = thread_ticks();
  do {
    gateway_.poll();
  } while (gateway_.waiting() != 0);
  return thread_ticks() - start;
}

NodeNumber Registrations::take_acknowledgements() {
  std::array<rte_mbuf*, kWireCapacity> mbufs;
  NodeNumber found = 0;
  for (const PortId port : {kInside, kOutside})
    while (const unsigned count = gateway_.ring().take(port, mbufs)) {
      for (rte_mbuf* const mbuf : std::span(mbufs).first(count)) {
        const Sent sent = read_sent(*mbuf);
        if (sent.kind == Sent::Kind::Acknowledgement && port == kOutside &&
            sent.to == nodes_.tunnel(sent.node).outer)
          ++found;
      }
      rte_pktmbuf_free_bulk(mbufs.data(), count);
    }
  return found;
}

}  // namespace sallyport::bench
