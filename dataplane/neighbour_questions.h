// Who is there on a link: asked by solicitations until somebody says so, or nobody has (RFC 4861
// 7.3, RFC 6275 11.5.1, 11.5.5).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "dataplane/control_sender.h"
#include "dataplane/delivery.h"
#include "dataplane/neighbour_publisher.h"
#include "dataplane/own_addresses.h"
#include "net/neighbour_discovery.h"

namespace sallyport {

// Control thread. Whoever asks bounds how much is asked at one time.
class NeighbourQuestions {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
  };
  explicit NeighbourQuestions(const Surroundings& surroundings) : my_(surroundings) {}

  // From the port's own address, or by who has none that may be seen: then all nodes are told.
  enum class Asker : std::uint8_t { Known, Nobody };
  struct Question {
    PortId port{kNoPort};
    Address target;
    Asker asker{};
    std::optional<MacAddress> known{};  // asked there alone
  };
  // Who has answered; nullopt: nobody. Runs from hear() or tick().
  using Answered = std::function<void(const std::optional<MacAddress>&)>;
  // Three times, a second apart. A question that is under way already is not begun again.
  void ask(const Question& question, Answered answered, Instant now);

  // Every valid message of a link.
  void hear(const NeighbourMessage& message, const Delivery& delivery);
  void tick(Instant now);

 private:
  struct Pending {
    Question question;
    unsigned left{};
    Instant next;
    std::vector<Answered> answered;
  };

  void send(Pending& pending, Instant now);
  void finish(const NeighbourKey& key, const std::optional<MacAddress>& found);

  Surroundings my_;
  std::map<NeighbourKey, Pending> pending_;
};

}  // namespace sallyport
