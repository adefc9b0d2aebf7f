// Sends router advertisements on a home link: from time to time, and when asked (RFC 4861 6.2.4 to
// 6.2.6, RFC 6275 7.5; NDX-02). Control thread.
#pragma once

#include "base/random.h"
#include "mip6/advertised_link.h"
#include "mip6/alarm.h"
#include "mip6/ports.h"

namespace sallyport::mip6 {

class RouterAdvertiser {
 public:
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
    PacketSender& sender;
  };
  // Settings and link are checked ones.
  RouterAdvertiser(const Surroundings& around, AdvertisingSettings settings, HomeLink link);

  // The first ones in quick succession.
  void start();
  // Says that we are no router there any more.
  void stop();
  // A valid router solicitation came by that link: all its askers are answered by one, soon.
  void solicited();
  // What is advertised has changed, but not from where: all hear of it soon.
  void set(AdvertisingSettings settings, HomeLink link);

  static constexpr unsigned kFirstOnes = 3;  // RFC 4861 10
  static constexpr Duration kFirstInterval = std::chrono::seconds(16);
  static constexpr Duration kMostDelay = std::chrono::milliseconds(500);

 private:
  void send(const RouterAdvertisement& advertisement);
  void advertise();
  void schedule(Duration delay);
  [[nodiscard]] Duration between(Duration least, Duration most);

  Surroundings around_;
  AdvertisingSettings settings_;
  HomeLink link_;
  Alarm alarm_;
  Instant due_{};
  std::optional<Instant> last_{};
  unsigned first_ones_{};  // that are left
};

}  // namespace sallyport::mip6
