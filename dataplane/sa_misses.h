// Packets that wait for an SA, and who is asked for it: once for each policy and set of populated
// values, however many packets come (RFC 4301 5.1 step 3b; SPD-15).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "dataplane/control_sender.h"
#include "dataplane/counters.h"
#include "dataplane/populated_handles.h"
#include "dataplane/sa_request.h"
#include "dataplane/tables.h"

namespace sallyport {

struct SaMissSettings {
  std::size_t requests{1024};     // under way at a time, a quarter of them for one policy
  std::size_t held_each{8};       // packets that wait for one SA
  std::size_t held_in_all{2048};  // a quarter of them of one policy
  Duration patience{std::chrono::seconds(30)};  // until an answer
  Duration back_off{std::chrono::seconds(1)};   // before the same is asked for again
};

struct SaMissCounters {
  Counter asked;
  Counter answered;
  Counter refused;  // by the key manager
  Counter unanswered;
};

// Control thread. Owns every packet handed to take() until it goes on or is dropped.
class SaMisses {
 public:
  // References to what outlives it.
  struct Surroundings {
    ControlSender& sender;
    const PublishedTables& tables;
    const SaHandles& handles;
    const PopulatedHandles& populated;
    SkippedHeaders skipped_headers;  // as workers skip them
  };
  SaMisses(const Surroundings& surroundings, const SaMissSettings& settings)
      : my_(surroundings), settings_(settings) {}
  ~SaMisses();
  SaMisses(const SaMisses&) = delete;
  SaMisses& operator=(const SaMisses&) = delete;

  // Whom to ask from now on; outlives this.
  void ask_by(AskForSa ask) { ask_ = std::move(ask); }
  // A packet that a worker has judged and has no SA for: it waits for one, or is dropped and
  // counted (HoldFull, NoSa, AcquireRefused), or goes back to be judged anew where policy has
  // changed or the SA has come meanwhile.
  void take(rte_mbuf* packet, Instant now);
  // Without a packet: an SA is wanted before one comes. The request, which may have been under way;
  // nullopt where there is nobody to ask or too many are.
  std::optional<RequestId> want(const SaMiss& miss, Instant now);
  // The SA is there, and what waited for it goes on. False where nothing of that id is under way.
  bool answered(RequestId id);
  // There will be none: what waited for it is dropped.
  bool refused(RequestId id, Instant now);
  // Ends the requests of these policies, which are there no more; what waited is judged anew.
  void abandon(const std::function<bool(PolicyId)>& is_gone);
  // Asks for what is new, and ends what has waited too long: nobody is asked from within another
  // call.
  void tick(Instant now);

  // The request that is under way for these packets, refused or not.
  [[nodiscard]] std::optional<RequestId> request_for(const PopulatedKey& key) const noexcept;
  // Null where nothing of that id is under way, or it was refused.
  [[nodiscard]] const SaMiss* find(RequestId id) const noexcept;
  [[nodiscard]] std::size_t held() const noexcept { return held_; }
  [[nodiscard]] std::size_t under_way() const noexcept { return requests_.size(); }
  [[nodiscard]] const SaMissCounters& counters() const noexcept { return counters_; }

 private:
  struct Request {
    RequestId id{};
    SaMiss miss;
    Instant ends;
    bool refused{};  // kept until it ends, so that nobody is asked again at once
    std::vector<rte_mbuf*> waiting;
  };
  using Requests = std::map<PopulatedKey, Request>;
  struct Share {
    std::size_t requests{};
    std::size_t held{};
  };
  static constexpr std::size_t kPoliciesAtLeast = 4;  // that can wait at a time

  void hold(rte_mbuf* packet, const SaMiss& miss, Instant now);
  [[nodiscard]] Request* begin(const SaMiss& miss, Instant now);
  void drop_waiting(Request& request, DropReason reason);
  void resume_waiting(Request& request);
  [[nodiscard]] std::vector<rte_mbuf*> let_go(Request& request);
  void end(Request& request);

  Surroundings my_;
  SaMissSettings settings_;
  AskForSa ask_;
  Requests requests_;
  std::map<RequestId, PopulatedKey> keys_;
  std::set<std::pair<Instant, RequestId>> ends_;
  std::vector<RequestId> to_ask_;
  std::uint64_t last_id_{};
  std::map<PolicyId, Share> shares_;
  std::size_t held_{};
  SaMissCounters counters_;
};

}  // namespace sallyport
