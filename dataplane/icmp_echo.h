// Answers echo requests to the gateway's own addresses (RFC 792, RFC 1812 4.3.3.6, RFC 4443 4.2).
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "dataplane/control_sender.h"
#include "dataplane/counters.h"
#include "dataplane/delivery.h"
#include "dataplane/own_addresses.h"

namespace sallyport {

// Control thread.
class IcmpEcho {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
    Random& random;
  };
  IcmpEcho(const Surroundings& surroundings, std::uint32_t answers_per_second);

  // False unless it is a whole, sound echo request to one address of the gateway itself.
  [[nodiscard]] bool answer(const Delivery& request, Instant now);

  [[nodiscard]] std::uint64_t answered() const noexcept { return answered_.read(); }
  // Not answered because there were too many.
  [[nodiscard]] std::uint64_t limited() const noexcept { return limited_.read(); }

 private:
  [[nodiscard]] bool is_for_us(const Delivery& request) const noexcept;

  Surroundings my_;
  RateLimit rate_;
  Counter answered_;
  Counter limited_;
  std::uint16_t next_id_;
};

}  // namespace sallyport
