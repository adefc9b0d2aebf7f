// Two IKE instances in one process, message by message: a wire that tests hold in their hands, a
// clock that stands still, a data plane that only remembers (docs/architecture.md, section 5).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ike/daemon.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::ike::test {

struct Datagram {
  Path path;  // as the sender sees it
  Octets message;
};

// What the data plane would have.
class FakeInstaller final : public SaInstaller {
 public:
  explicit FakeInstaller(std::uint32_t first_spi) : next_spi_(first_spi) {}

  Spi allocate_spi() override { return {next_spi_++}; }
  Expected<void> install(const ChildPlace& place, std::vector<Sa> sas) override;
  void uninstall(std::span<const std::string> names) override;
  void refuse(AcquireId question) override { refused.push_back(question); }
  Expected<void> move(const std::string& name, const Endpoints& to,
                      const std::optional<UdpEncapsulation>& encapsulation) override;
  std::uint64_t packets_of(const std::string& name) override { return packets[name]; }

  // The one by which policy's packets leave: the newest.
  [[nodiscard]] const Sa* outbound(const std::string& policy) const;
  [[nodiscard]] std::size_t count(Direction direction) const;

  std::map<std::string, Sa> sas;
  std::vector<std::string> order;  // of installation
  std::map<std::string, std::string> policy_of;
  std::map<std::string, std::uint64_t> packets;
  std::vector<AcquireId> refused;
  std::vector<ChildPlace> places;
  bool full{};  // refuses everything

 private:
  std::uint32_t next_spi_;
};

// Runs jobs when it is told to, or at once.
class FakeJobs final : public Jobs {
 public:
  void submit(std::function<Completion()> job) override {
    if (at_once)
      job()();
    else
      waiting.push_back(std::move(job));
  }
  void run_one() {
    if (waiting.empty()) return;
    const auto job = std::move(waiting.front());
    waiting.pop_front();
    job()();
  }
  void run_all() {
    while (!waiting.empty()) run_one();
  }
  bool at_once{true};
  std::deque<std::function<Completion()>> waiting;
};

// The web: what is published where. Answers at once, or when it is told to.
class FakeFetches final : public Fetches {
 public:
  void fetch(Asker, const std::string& url, Octets body, Done done) override {
    asked.push_back(url);
    bodies.push_back(std::move(body));
    if (at_once)
      answer(url, done);
    else
      waiting.emplace_back(url, std::move(done));
  }
  void answer_all() {
    while (!waiting.empty()) {
      const auto [url, done] = std::move(waiting.front());
      waiting.pop_front();
      answer(url, done);
    }
  }

  bool at_once{true};
  std::map<std::string, Octets> published;
  std::vector<std::string> asked;
  std::vector<Octets> bodies;
  std::deque<std::pair<std::string, Done>> waiting;

 private:
  void answer(const std::string& url, const Done& done) {
    const auto found = published.find(url);
    done(std::make_shared<const Answer>(found != published.end()
                                            ? Answer(found->second)
                                            : Answer(fail(Error::Code::NotFound, "not found"))));
  }
};

class Node final : public Datagrams,
                   public PolicySource,
                   public PeerSource,
                   public Events,
                   public KeyLog {
 public:
  Node(const Clock& clock, Address address, std::uint64_t seed);

  void send(const Path& path, ByteView message) override {
    sent.push_back({path, Octets(message.begin(), message.end())});
  }
  void send_keepalive(const Path&) override { ++keepalives; }
  std::optional<Address> source_for(const Address& remote) override;
  bool is_ours(const Address& one) override;
  std::vector<Address> addresses() override;
  std::span<const Entry> negotiable() override { return policies; }
  bool will_have(std::string_view peer, const Address& home_address) override {
    return forms_addresses && forms_addresses(peer, home_address);
  }
  const Pad& pad() const override { return pad_; }
  void report(const Event& event) override { events.push_back(event); }
  void on_keys(const IkeSa& sa) override;

  void set_peers(std::vector<Peer> peers) { pad_ = Pad::of(std::move(peers)).value(); }
  void add_policy(Policy policy) {
    policies.push_back(std::make_shared<const Policy>(std::move(policy)));
  }
  // Starts (again) with nothing known.
  void start();

  [[nodiscard]] std::size_t count(EventKind kind) const;
  [[nodiscard]] const Event* last(EventKind kind) const;
  [[nodiscard]] std::vector<const IkeSa*> ike_sas() const;
  // Those that are established.
  [[nodiscard]] std::vector<const IkeSa*> up() const;
  [[nodiscard]] const IkeSa& only() const;

  const Clock& clock;
  Address address;
  std::vector<Address> more_addresses;
  FixedRandom random;
  FakeInstaller installer;
  FakeJobs jobs;
  Settings settings;
  std::vector<Entry> policies;
  std::function<bool(std::string_view, const Address&)> forms_addresses;  // empty: nobody does
  std::vector<Event> events;
  std::vector<std::string> key_lines;  // of IKE SAs, as a key log has them
  std::deque<Datagram> sent;
  unsigned keepalives{};
  std::unique_ptr<Daemon> daemon;
  FakeFetches fetches;  // goes first: what is waited for holds IKE SAs

 private:
  Pad pad_;
};

// The PAD entry that `node` has of the other becomes what `change` makes of it.
void change_peer(Node& node, const std::function<void(Peer&)>& change);

// Alice and Bob with a pre-shared key and a tunnel between 192.0.2.0/24 and 198.51.100.0/24.
class TwoPeers {
 public:
  TwoPeers();

  // A NAT before Alice: Bob sees her there. Her datagrams keep their destination.
  void put_nat_before_alice(const Endpoint& outside_500, const Endpoint& outside_4500) {
    nat_ = {outside_500, outside_4500};
  }
  void take_nat_away() { nat_.reset(); }

  // The wire loses what goes along such paths, as their senders see them.
  std::function<bool(const Path&)> lost{[](const Path&) { return false; }};

  // Alice begins, and both have the IKE SA then, whatever becomes of its child.
  void authenticate();
  void bring_up();  // with the child
  // What one has sent reaches the other, in order, until nothing moves.
  void settle(unsigned most = 200);
  // The first datagram of `from` reaches the other; false where there is none.
  bool deliver(Node& from);
  void deliver(Node& from, const Datagram& datagram);
  // Time goes by in small steps, with timers and what they send.
  void pass(Duration time);
  void pass_silently(Duration time);  // nothing of it arrives
  void poll();

  [[nodiscard]] Node& other(Node& node) { return &node == &alice ? bob : alice; }
  // The newest outbound SA of either has its inbound twin at the other.
  [[nodiscard]] bool traffic_flows() const;

  ManualClock clock;
  Node alice;
  Node bob;

 private:
  struct Nat {
    Endpoint outside_500;
    Endpoint outside_4500;
  };
  [[nodiscard]] Path seen_by_other(const Node& from, const Path& path) const;

  std::optional<Nat> nat_;
};

[[nodiscard]] Peer psk_peer(std::string name, std::string identity, std::string local,
                            std::string secret);
[[nodiscard]] Policy tunnel_policy(std::string name, const Endpoints& endpoints, std::string local,
                                   std::string remote);
// `outbound` of one side and an inbound SA of the other are one SA.
[[nodiscard]] bool is_twin(const Sa& outbound, const Sa& inbound);

}  // namespace sallyport::ike::test
