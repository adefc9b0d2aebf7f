#include "bench/ike_in_process.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <deque>
#include <functional>
#include <optional>

#include "bench/ike_installers.h"
#include "bench/ike_party.h"

namespace sallyport::bench {
namespace {

constexpr unsigned kWarmUp = 20;
const Endpoints kOuter{Address::v4(0xc0000201), Address::v4(0xc0000202)};  // 192.0.2.1 and 2

std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::int64_t heap_in_use() { return static_cast<std::int64_t>(mallinfo2().uordblks); }

// What one side has sent, until the other takes it.
class QueuedDatagrams final : public ike::Datagrams {
 public:
  struct Datagram {
    ike::Path path;
    ike::Octets message;
  };
  explicit QueuedDatagrams(const Address& own) : own_(own) {}

  void send(const ike::Path& path, ByteView message) override {
    queue_.push_back({path, ike::Octets(message.begin(), message.end())});
  }
  void send_keepalive(const ike::Path&) override {}
  std::optional<Address> source_for(const Address&) override { return own_; }
  bool is_ours(const Address& address) override { return address == own_; }
  std::vector<Address> addresses() override { return {own_}; }
  std::optional<Datagram> take() {
    if (queue_.empty()) return std::nullopt;
    std::optional<Datagram> first(std::move(queue_.front()));
    queue_.pop_front();
    return first;
  }

 private:
  Address own_;
  std::deque<Datagram> queue_;
};

// One side, with an account of what it spends.
class Side {
 public:
  Side(const IkeParty::Parts& parts, QueuedDatagrams& sent) : sent_(sent), party_(parts) {}

  // Runs `work` on this side's account.
  void run(const std::function<void()>& work) {
    const std::int64_t heap = weighs_ ? heap_in_use() : 0;
    const auto begun = processor_time();
    work();
    spent_ += processor_time() - begun;
    if (weighs_) kept_ += heap_in_use() - heap;
  }
  // Takes one datagram that the other has sent; false where there was none.
  bool take_from(Side& other) {
    const auto datagram = other.sent_.take();
    if (!datagram) return false;
    const ike::Path path{datagram->path.remote, datagram->path.local};
    run([&] { party_.daemon().receive(path, datagram->message); });
    return true;
  }
  void poll() {
    run([&] { party_.daemon().poll(); });
  }
  void weigh_memory() noexcept { weighs_ = true; }  // from now on, and slower by it

  [[nodiscard]] IkeParty& party() noexcept { return party_; }
  [[nodiscard]] std::chrono::nanoseconds spent() const noexcept { return spent_; }
  [[nodiscard]] std::int64_t kept() const noexcept { return kept_; }  // octets

 private:
  QueuedDatagrams& sent_;
  std::chrono::nanoseconds spent_{};
  std::int64_t kept_{};
  bool weighs_{};
  IkeParty party_;
};

class Pair {
 public:
  Pair(const IkeKind& kind, const BothIdentities& identities, std::size_t room, Random& random)
      : kind_(kind),
        identities_(identities),
        installer_(random, room),
        initiator_({clock_, random, sent_by_initiator_, forgetful_}, sent_by_initiator_),
        responder_({clock_, random, sent_by_responder_, installer_}, sent_by_responder_) {}

  // So many more IKE SAs, one after the other; each is up before the next begins.
  Expected<void> make(unsigned count);
  // All that were made are up at once.
  [[nodiscard]] Expected<void> check();
  [[nodiscard]] Side& initiator() noexcept { return initiator_; }
  [[nodiscard]] Side& responder() noexcept { return responder_; }

 private:
  IkeKind kind_;
  const BothIdentities& identities_;
  unsigned made_{};
  SystemClock clock_;
  ForgetfulInstaller forgetful_;
  SadInstaller installer_;
  QueuedDatagrams sent_by_initiator_{kOuter.local};
  QueuedDatagrams sent_by_responder_{kOuter.remote};
  Side initiator_;
  Side responder_;
};

Expected<void> Pair::make(unsigned count) {
  if (made_ == 0)
    if (auto adopted = responder_.party().adopt(server_terms(kind_, identities_.responder));
        !adopted)
      return adopted;
  for (unsigned i = 0; i < count; ++i) {
    IkeTerms terms = client_terms(kind_, identities_.initiator, kOuter, made_++);
    Expected<void> begun;
    initiator_.run([&] { begun = initiator_.party().initiate(std::move(terms)); });
    if (!begun) return begun;
    while (responder_.take_from(initiator_) || initiator_.take_from(responder_)) continue;
  }
  initiator_.poll();
  responder_.poll();
  return {};
}

Expected<void> Pair::check() {
  for (IkeParty* const party : {&responder_.party(), &initiator_.party()})
    if (party->failures() != 0) return fail(Error::Code::Refused, party->failure());
  if (responder_.party().daemon().size() != made_ || installer_.pairs() != made_)
    return fail(Error::Code::Refused,
                fmt::format("{} IKE SAs and {} children of {} came to be",
                            responder_.party().daemon().size(), installer_.pairs(), made_));
  return {};
}

double microseconds_each(std::chrono::nanoseconds spent, unsigned count) {
  return std::chrono::duration<double, std::micro>(spent).count() / count;
}

}  // namespace

BothIdentities shared_secret_of_both() { return {shared_secret(), shared_secret()}; }

Expected<BothIdentities> both_of(const IkePki& pki) {
  auto initiator = identities_of(pki, ike::Side::Initiator);
  if (!initiator) return std::unexpected(initiator.error());
  auto responder = identities_of(pki, ike::Side::Responder);
  if (!responder) return std::unexpected(responder.error());
  return BothIdentities{std::move(*initiator), std::move(*responder)};
}

Expected<InProcessCost> measure_in_process(const IkeKind& kind, const BothIdentities& identities,
                                           unsigned count, Random& random) {
  const unsigned warm_up = std::min(count, kWarmUp);
  Pair pair(kind, identities, warm_up + 2uz * count, random);
  if (auto warm = pair.make(warm_up); !warm) return std::unexpected(warm.error());
  const auto before = std::pair(pair.responder().spent(), pair.initiator().spent());
  if (auto made = pair.make(count); !made) return std::unexpected(made.error());
  InProcessCost cost;
  cost.responder_microseconds = microseconds_each(pair.responder().spent() - before.first, count);
  cost.initiator_microseconds = microseconds_each(pair.initiator().spent() - before.second, count);
  pair.responder().weigh_memory();
  if (auto weighed = pair.make(count); !weighed) return std::unexpected(weighed.error());
  cost.responder_octets = static_cast<double>(pair.responder().kept()) / count;
  if (auto all = pair.check(); !all) return std::unexpected(all.error());
  return cost;
}

Expected<double> hold_in_process(unsigned count, Random& random) {
  const BothIdentities identities = shared_secret_of_both();
  Pair pair(kIkeKinds.front(), identities, count, random);
  if (auto made = pair.make(count); !made) return std::unexpected(made.error());
  if (auto all = pair.check(); !all) return std::unexpected(all.error());
  return microseconds_each(pair.responder().spent(), count);
}

}  // namespace sallyport::bench
