// The correspondent: answers tests of return routability, and knows where the mobile nodes are that
// have passed them (RFC 6275 9.4, 9.5; RR-02, RR-05 to RR-07, RR-10 to RR-12). Control thread.
#pragma once

#include <map>

#include "base/rate_limit.h"
#include "mip6/alarm.h"
#include "mip6/binding_cache.h"
#include "mip6/correspondent_nonces.h"
#include "mip6/mobile_node_settings.h"
#include "mip6/retired_sequences.h"
#include "mip6/return_routability.h"

namespace sallyport::mip6 {

class Correspondent {
 public:
  struct Settings {
    RouteOptimisation route_optimisation{RouteOptimisation::On};
    std::chrono::seconds most_lifetime{420};  // no more (MAX_RR_BINDING_LIFETIME)
    std::uint32_t answers_per_second{1000};   // Home Tests, Care-of Tests and acknowledgements
    std::size_t most_sequences{65'536};       // of bindings that are no more
  };
  // All of which outlive it.
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
    PacketSender& sender;
    BindingTable& table;
    Events& events;
    BindingCache& cache;  // whose end of correspondents' entries it hears of
    Sha1Functions sha1;
  };
  Correspondent(const Surroundings& around, Settings settings);
  ~Correspondent();
  Correspondent(const Correspondent&) = delete;
  Correspondent& operator=(const Correspondent&) = delete;

  // `octets` are the whole message, as received; those of other roles are not for here, and no
  // update with the flag H.
  void receive(const Arrival& arrival, const Message& message, ByteView octets);

 private:
  using Key = RetiredSequences::Key;
  struct Request {
    const Arrival& arrival;
    const BindingUpdate& update;
    const Address& home_address;
    Address care_of;
    bool deletes{};
    BindingKey key;
  };

  [[nodiscard]] bool may_answer();
  [[nodiscard]] bool may_test(const Arrival& arrival);
  using TokenOf = decltype(&ReturnRoutability::home_token);
  template <class Test>
  void answer(const Arrival& arrival, const Cookie& cookie, TokenOf token_of);
  void take(const Arrival& arrival, const BindingUpdate& update, ByteView octets);
  [[nodiscard]] std::optional<BindingStatus> find_key(Request& request);
  [[nodiscard]] std::optional<std::uint16_t> last_sequence(const Key& key);
  void process(const Request& request);
  [[nodiscard]] BindingStatus cache(const Request& request, Duration lifetime);
  void forget(const Request& request);
  void retire(const Key& key, std::uint16_t sequence);
  void ended(const BindingEntry& entry);
  void ask_for_refresh(const Key& key);

  struct Answer {
    BindingStatus status{};
    std::uint16_t sequence{};
    BindingLifetime lifetime{};
  };
  void acknowledge(const Request& request, const Answer& answer);
  void report(EventKind kind, const Request& request, std::string_view detail = {});

  Surroundings around_;
  Settings settings_;
  ReturnRoutability routability_;
  CorrespondentNonces nonces_;
  RateLimit answers_;
  std::map<Key, Alarm> refreshes_;  // of bindings, before they end
  RetiredSequences retired_;
};

}  // namespace sallyport::mip6
