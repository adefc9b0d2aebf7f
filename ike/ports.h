// What IKE asks of its surroundings, as interfaces that it owns: gateway/wiring answers them, tests
// answer them with fakes. All on the control thread, none blocks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/timers.h"
#include "ike/wire/numbers.h"
#include "net/address.h"
#include "net/udp.h"
#include "pad/pad.h"
#include "sad/sa.h"
#include "spd/policy.h"

namespace sallyport::ike {

// An address and a UDP port, host order.
struct Endpoint {
  Address address;
  std::uint16_t port{};
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
// From where and to where datagrams of an IKE SA go.
struct Path {
  Endpoint local;
  Endpoint remote;
  friend bool operator==(const Path&, const Path&) = default;
};

class Datagrams {
 public:
  virtual ~Datagrams() = default;
  // One UDP datagram; from port 4500 it puts four zero octets in front (IKE-06).
  virtual void send(const Path& path, ByteView message) = 0;
  // The octet that keeps a NAT's mapping alive (NAT-03).
  virtual void send_keepalive(const Path& path) = 0;
  // The address of ours by which datagrams to `remote` leave; nullopt without a route.
  [[nodiscard]] virtual std::optional<Address> source_for(const Address& remote) = 0;
  // Datagrams come to it and leave by it.
  [[nodiscard]] virtual bool is_ours(const Address& address) = 0;
  // Those of ours that peers may be told of, in the order of preference.
  [[nodiscard]] virtual std::vector<Address> addresses() = 0;
};

// Names one question of the data plane's for SAs.
using AcquireId = Strong<struct AcquireIdTag, std::uint64_t>;

// A packet, and the policy that decides about it.
struct DecidedPacket {
  std::string policy;
  SelectorFields packet;
};

// Where the SAs of a child belong.
struct ChildPlace {
  std::string policy;
  std::optional<AcquireId> answers;  // the question that they are the answer to
  SelectorFields packet;             // one that they carry: of the asker, or the first they could
  // One for each other policy and set of values that SAs are populated with: their packets go by
  // these SAs as well (SPD-05).
  std::vector<DecidedPacket> others{};
};

class SaInstaller {
 public:
  virtual ~SaInstaller() = default;
  // An SPI for an inbound SA of ours, which no other one has.
  [[nodiscard]] virtual Spi allocate_spi() = 0;
  // Both halves at once, or the inbound one alone and the outbound one later. From then on policy's
  // packets leave by the newest outbound one. A failure leaves nothing behind.
  [[nodiscard]] virtual Expected<void> install(const ChildPlace& place, std::vector<Sa> sas) = 0;
  virtual void uninstall(std::span<const std::string> names) = 0;
  virtual void refuse(AcquireId question) = 0;
  // New outer addresses for a live SA (MOBIKE-02, NAT-06).
  [[nodiscard]] virtual Expected<void> move(
      const std::string& name, const Endpoints& to,
      const std::optional<UdpEncapsulation>& encapsulation) = 0;
  // Packets that the SA has carried in its life; 0 where it is not there.
  [[nodiscard]] virtual std::uint64_t packets_of(const std::string& name) = 0;
};

class PolicySource {
 public:
  virtual ~PolicySource() = default;
  using Entry = std::shared_ptr<const Policy>;
  // PROTECT entries whose SAs are negotiated, in order of precedence.
  [[nodiscard]] virtual std::span<const Entry> negotiable() = 0;
  // Of them the one of this name, or null.
  [[nodiscard]] Entry find(std::string_view name);
  // A peer asks for SAs of an address that none of them has: one that it has formed itself, of the
  // home prefix that it was told (RFC 5026 5.3.2). True: they will have it soon, and the peer is to
  // ask again.
  [[nodiscard]] virtual bool will_have(std::string_view, const Address&) { return false; }
};

class PeerSource {
 public:
  virtual ~PeerSource() = default;
  [[nodiscard]] virtual const Pad& pad() const = 0;
};

class Jobs {
 public:
  virtual ~Jobs() = default;
  // What a job returns runs on the control thread.
  using Completion = std::function<void()>;
  virtual void submit(std::function<Completion()> job) = 0;
};

// What certificates and peers point to: certificates, OCSP responders, revocation lists (CERT-03,
// CERT-05).
class Fetches {
 public:
  virtual ~Fetches() = default;
  using Answer = Expected<std::vector<std::uint8_t>>;
  // One for all who wait for the same.
  using Done = std::function<void(const std::shared_ptr<const Answer>&)>;
  // For whom: anybody may ask for what makes him known, and must not keep others waiting by it.
  enum class Asker : std::uint8_t { Stranger, Signer };
  // GET of an http URL, or POST of an OCSP request where `body` is not empty. `done` runs on the
  // control thread, at once or later, and not at all where all else ends before. Exhausted: it has
  // not been tried.
  virtual void fetch(Asker asker, const std::string& url, std::vector<std::uint8_t> body,
                     Done done) = 0;
};

// What happens to IKE SAs and children, for `monitor`, the log and the audit trail (PAD-16).
enum class EventKind : std::uint8_t {
  IkeUp,
  IkeDown,
  IkeRekeyed,
  IkeFailed,
  ChildUp,
  ChildDown,
  ChildRekeyed,
  ChildFailed,
  PeerMoved,
};
[[nodiscard]] std::string_view to_string(EventKind kind) noexcept;

struct Event {
  EventKind kind{};
  IkeSpi spi{};           // ours
  std::string peer{};     // the PAD entry's name, once it is known
  std::string subject{};  // the peer's identity, or the child's name
  Path path{};
  std::string detail{};  // why, or with what
};

class Events {
 public:
  virtual ~Events() = default;
  virtual void report(const Event& event) = 0;
};

struct IkeSa;

// Where the operator wants to see what is encrypted: secrets go here and into no other log (IKE-83,
// SAD-12).
class KeyLog {
 public:
  virtual ~KeyLog() = default;
  // The IKE SA has its keys, or new ones; nobody may have proved anything yet.
  virtual void on_keys(const IkeSa& sa) = 0;
};

}  // namespace sallyport::ike
