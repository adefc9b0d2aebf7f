// What holds for the whole of IKE here, whatever the peer.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace sallyport::ike {

// Intervals double from `first` to `longest`; the peer is given up after `give_up` (IKE-24).
struct Retransmission {
  Duration first{std::chrono::seconds(1)};
  Duration longest{std::chrono::seconds(16)};
  Duration give_up{std::chrono::seconds(90)};
};

// Bounds on what peers who have not proved anything can cost (IKE-40, IKE-49).
struct Admission {
  std::size_t cookie_threshold{100};     // half-open IKE SAs from which on cookies are asked for
  std::size_t half_open{1000};           // most of them
  std::size_t half_open_per_source{16};  // of one IPv4 address or IPv6 /64
  Duration half_open_life{std::chrono::seconds(30)};
};

struct Settings {
  Retransmission retransmission;
  Admission admission;
  std::size_t ike_sas{100'000};
  // Peers may say where their certificates are to be had, and are told so (CERT-03).
  bool hash_and_url{};
  // How long a packet may be under way on an SA that has been replaced.
  Duration linger{std::chrono::seconds(2)};
  // After TEMPORARY_FAILURE: the first wait, the longest, and how long a peer may go on saying so
  // before the IKE SA is closed (IKE-116).
  Duration retry{std::chrono::seconds(2)};
  Duration retry_longest{std::chrono::seconds(30)};
  Duration retry_give_up{std::chrono::minutes(3)};
};

}  // namespace sallyport::ike
