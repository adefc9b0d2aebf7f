// IKE as a whole: which datagram belongs to which IKE SA, who may begin one, and what the data
// plane and the operator ask for (RFC 7296 2.4, 2.6; IKE-03..06, IKE-23, IKE-33, IKE-40..50,
// IKE-121). Control thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/timer_wheel.h"
#include "ike/address_pool.h"
#include "ike/child_negotiation.h"
#include "ike/cookies.h"
#include "ike/session.h"
#include "ike/session_index.h"

namespace sallyport::ike {

class Daemon final : private Registry {
 public:
  // References to what outlives it.
  struct Parts {
    Datagrams& datagrams;
    SaInstaller& installer;
    PolicySource& policies;
    PeerSource& peers;
    Jobs& jobs;
    Events& events;
    const Clock& clock;
    Random& random;
    KeyLog* key_log{};   // null: nobody wants to see keys
    Fetches* fetches{};  // null: nothing is fetched
  };
  Daemon(const Parts& parts, const Settings& settings);
  ~Daemon() override;
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // A UDP datagram for 500 or 4500, without the four zero octets of the latter (IKE-06).
  void receive(const Path& path, ByteView message);
  // Timers, and what has ended is freed. To be called every few milliseconds.
  void poll();

  // SAs that policy wants: made under an IKE SA with the entry's peer that is up or coming up, or
  // under a new one. Refused by SaInstaller::refuse() where they cannot be had.
  void acquire(ChildRequest request);
  // The same on the operator's word: refuses what names no peer, or one whose address is unknown.
  [[nodiscard]] Expected<void> initiate(const std::string& policy);
  // The same under an IKE SA of its own, whatever else is up.
  [[nodiscard]] Expected<void> initiate_anew(const std::string& policy);
  // An IKE SA with the peer and no child (RFC 6023): for what it tells of itself (RFC 5026 5.3).
  [[nodiscard]] Expected<void> initiate_alone(const std::string& peer);
  // The same, for a home address or the prefix of one: yields the number of the IKE SA, which has
  // the answer once it is up.
  [[nodiscard]] Expected<std::uint64_t> initiate_alone(const std::string& peer,
                                                       const HomeAddressWish& wish);
  // By the number of the IKE SA; its end begins.
  [[nodiscard]] Expected<void> terminate(std::uint64_t number);
  [[nodiscard]] Expected<void> terminate_child(const std::string& child);
  [[nodiscard]] Expected<void> rekey(std::uint64_t number);
  [[nodiscard]] Expected<void> rekey_child(const std::string& child);
  // The soft or hard limit of packets or bytes of one of its SAs has come (SAD-06).
  void on_soft_limit(const std::string& sa);
  void on_hard_limit(const std::string& sa);
  // Somebody else has taken it out: its child ends.
  void on_uninstalled(const std::string& sa);
  // The newest authentic packet of an inbound SA, whose peer may have been given another mapping by
  // its NAT, has come from there (NAT-06).
  void on_moved_peer(const std::string& sa, const Endpoint& remote);
  // A policy, a peer or an address has gone or changed: what is without one ends.
  void follow_configuration();
  // Addresses of ours or routes may have changed: what MOBIKE moves is moved, and what has lost its
  // address otherwise ends (MOBIKE-02, MOBIKE-04). Before follow_configuration(), whose requests go
  // the new way then.
  void follow_addresses();
  // Of peers that their registrations move (Mobile IPv6, RFC 4877 7). Where one is, and from where
  // it is spoken to: IKE SAs that are begun go that way, and those that were begun along another
  // way end. Nullopt: nobody knows (MDYN-13).
  void place_peer(const std::string& peer, const std::optional<Endpoints>& ends);
  // Its IKE SAs and their tunnels follow without a message; message IDs stay as they are (MAPI-06).
  void move_peer(const std::string& peer, const Endpoints& to);
  // Its IKE SAs of other places end without a word, and new ones go this way. SAs in transport mode
  // go on until others take their place, their time is over, or their policy goes (MDYN-16).
  void drop_peer(const std::string& peer, const Endpoints& except);
  // SAs of the policy are there, or are being replaced.
  [[nodiscard]] bool has_children_of(const std::string& policy) const;
  // Some of them have been left by their IKE SA, and nothing has taken their place yet.
  [[nodiscard]] bool has_orphans_of(const std::string& policy) const;
  // An established IKE SA and its children for another node; refused while an exchange is under
  // way. The record holds keys.
  [[nodiscard]] Expected<Octets> export_ike_sa(std::uint64_t number) const;
  // Goes on with it here, once the other node sends nothing by it any more; its IVs go on `jump`
  // above those of the record. `sas`: of its children, as the SAD's own records carry them. Yields
  // its number, by which it has come; a refusal leaves nothing behind.
  [[nodiscard]] Expected<std::uint64_t> import_ike_sa(ByteView record, std::vector<Sa> sas,
                                                      std::uint64_t jump);
  // Says goodbye to everybody; poll() on for a moment, then destroy.
  void close_all();

  [[nodiscard]] AddressPools& pools() noexcept { return pools_; }
  void set(const Settings& settings) { settings_ = settings; }
  void for_each(const std::function<void(const IkeSa&)>& visit) const { sessions_.for_each(visit); }
  [[nodiscard]] std::size_t size() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t half_open() const noexcept { return half_open_; }
  // Those that have ended and answer repeats for a while.
  [[nodiscard]] std::size_t answering() const noexcept { return answering_.size(); }
  // Timers that are set, of all IKE SAs together.
  [[nodiscard]] std::size_t timers() const noexcept { return timers_.size(); }

  // What came and was not taken, by reason.
  struct Refusals {
    std::uint64_t malformed{};
    std::uint64_t unknown_spi{};
    std::uint64_t cookies_asked{};
    std::uint64_t too_many{};
  };
  [[nodiscard]] const Refusals& refusals() const noexcept { return refusals_; }

 private:
  using SessionPtr = std::shared_ptr<Session>;

  IkeSpi allocate_spi() override;
  std::uint64_t next_number() override { return ++last_number_; }
  void add(SessionPtr session) override;
  void remove(const Session& session) override;
  void answer_repeats(const Session& session) override;
  void authenticated(const Session& session) override;
  void add_child(const std::shared_ptr<ChildSa>& child, Session& owner) override {
    sessions_.add_child(child, owner);
    replace_orphans(*child);
  }
  void remove_child(const ChildSa& child) override { sessions_.remove_child(child); }
  std::vector<SessionPtr> older_between_the_same(const Session& session) override {
    return sessions_.older_between_the_same(session);
  }
  std::size_t count_of(const Peer& peer) override { return sessions_.established_with(peer); }

  void leave_half_open(IkeSa& sa);
  void forget_oldest_answering();
  // Whom a message is for: one that lives, or one that only answers again.
  [[nodiscard]] SessionPtr addressee(const Header& header) const;
  void receive_init(const Path& path, const Header& header, ByteView datagram);
  // True where the request may be worked at: no cookie is due, and there is room.
  [[nodiscard]] bool admit(const Path& path, const Header& header, const Message& message);
  void reply_in_clear(const Path& path, const Header& request, const Notify& notify);
  void answer_unknown(const Path& path, const Header& header);
  [[nodiscard]] std::vector<IkeProposal> acceptable_from(const Address& remote) const;
  [[nodiscard]] SessionPtr find_for(const Policy& policy, const Peer& peer) const;
  [[nodiscard]] Pad::Entry peer_of(const Policy& policy) const;
  [[nodiscard]] Expected<SessionPtr> session_for(ChildRequest& request);
  [[nodiscard]] Expected<SessionPtr> begin_session(const Pad::Entry& peer, ChildRequest& request);
  [[nodiscard]] Expected<Path> path_to(const Pad::Entry& peer, Endpoints ends) const;
  [[nodiscard]] Expected<ChildRequest> request_for(const std::string& policy) const;
  void follow_configuration(Session& session);
  [[nodiscard]] Endpoints ends_with(const Pad::Entry& peer, Endpoints ends) const;
  [[nodiscard]] bool leads_to_peer(const IkeSa& sa) const;
  [[nodiscard]] bool is_moved_by_registrations(const IkeSa& sa) const;
  void speak_from(const Policy& policy, const Address& care_of);
  void leave_transport_children(Session& session);
  template <class Over>
  void end_orphans(Over over);
  void replace_orphans(const ChildSa& by);
  void poll_orphans();

  Parts parts_;
  Settings settings_;
  TimerWheel timers_;
  AddressPools pools_;
  ChildPlaces places_;
  Cookies cookies_;
  std::optional<Lookups> lookups_;
  Surroundings surroundings_;
  std::uint64_t last_number_{};
  std::size_t half_open_{};
  Refusals refusals_;
  Instant replied_{};  // to an unknown SPI

  SessionIndex sessions_;
  std::map<std::string, Endpoints> peer_places_;  // by the PAD entry's name
  struct Orphan {
    std::shared_ptr<ChildSa> child;  // of no IKE SA any more
    Instant until{};
  };
  std::vector<Orphan> orphans_;
  // Half-open ones of which we are responder, by the initiator's SPI and address (IKE-23).
  std::map<std::pair<std::uint64_t, Endpoint>, std::weak_ptr<Session>> initiating_;
  std::map<Address, std::size_t> half_open_of_;          // by source: IPv4 address, IPv6 /64
  std::multimap<const Session*, ChildRequest> waiting_;  // for it to be established
  std::vector<SessionPtr> ended_;  // freed by poll(), when nothing runs in them any more
  // Those that have ended and answer repeats, by our SPI, and until when; the oldest first.
  std::unordered_map<std::uint64_t, SessionPtr> answering_;
  std::deque<std::pair<Instant, std::uint64_t>> answering_until_;
};

}  // namespace sallyport::ike
