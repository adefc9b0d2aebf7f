// The figures of docs/decisions/0007-decorrelation.md: spd_test "[.bench]".
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <random>

#include "net/protocol.h"
#include "spd/policy_lint.h"
#include "tests/spd/policy_list.h"

using namespace sallyport;
using sallyport::test::PolicyList;

namespace {

class Workload {
 public:
  virtual ~Workload() = default;
  [[nodiscard]] virtual PolicyList list(std::uint32_t policies) = 0;

 protected:
  [[nodiscard]] std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>(random_() % count);
  }
  [[nodiscard]] static std::vector<AddressRange> network(std::uint32_t address, unsigned length) {
    return {AddressRange::of({Address::v4(address), static_cast<std::uint8_t>(length)})};
  }
  [[nodiscard]] static PortSet port(std::uint32_t number) {
    const auto one = static_cast<std::uint16_t>(number);
    return PortSet::of({{one, one}}).value();
  }

 private:
  std::mt19937_64 random_{4301};
};

// A hub with 24 networks and its sites, now and then a service of one; the rest is discarded.
class Sites final : public Workload {
 public:
  PolicyList list(std::uint32_t policies) override {
    PolicyList list;
    for (std::uint32_t site = 0; site + 1 < policies; ++site) {
      Selector selector;
      selector.local = network(0x0a000000 + (below(24) << 16), 16);
      selector.remote = network(0x10000000 + (site << 8), 24 + below(3));
      const std::uint32_t kind = below(20);
      if (kind == 0) selector.local.clear();
      if (kind < 6) {
        selector.protocol = kProtocolTcp;
        (kind % 2 == 0 ? selector.local_port : selector.remote_port) = port(20 + below(500));
      }
      list.add(PolicyAction::Protect, {selector});
    }
    list.add(PolicyAction::Discard, "0.0.0.0/0", "0.0.0.0/0");
    return list;
  }
};

// Like an access list: prefixes of a few organisations that nest, ports, few wide rules.
class AccessList final : public Workload {
 public:
  PolicyList list(std::uint32_t policies) override {
    PolicyList list;
    for (std::uint32_t i = 0; i < policies; ++i) {
      Selector selector;
      if (below(100) >= 2) selector.local = some_network();
      if (below(100) >= 2) selector.remote = some_network();
      if (below(10) != 0) selector.protocol = below(4) == 0 ? kProtocolUdp : kProtocolTcp;
      if (selector.protocol && below(10) < 6) selector.remote_port = port(20 + below(200));
      list.add(below(3) == 0 ? PolicyAction::Discard : PolicyAction::Bypass, {selector});
    }
    return list;
  }

 private:
  std::vector<AddressRange> some_network() {
    const std::uint32_t organisation = below(10) < 7 ? below(64) : below(4096);
    return network(0x0b000000 + (organisation << 16) + below(65536),
                   32 - std::min(below(17), below(17)));
  }
};

// What is local is always the same, and all the rest is one last policy.
class OneNetwork final : public Workload {
 public:
  PolicyList list(std::uint32_t policies) override {
    PolicyList list;
    for (std::uint32_t site = 0; site + 1 < policies; ++site) {
      Selector selector;
      selector.local = network(0x0a000000, 8);
      selector.remote = network(0x10000000 + (site * 7919 % 0x100000 << 8), 25);
      list.add(PolicyAction::Protect, {selector});
    }
    list.add(PolicyAction::Bypass, "10.0.0.0/8", "0.0.0.0/0");
    return list;
  }
};

// Of this thread alone, whatever else runs on the machine.
template <class Action>
double milliseconds(Action action) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  };
  const double start = now();
  action();
  return now() - start;
}

void measure(std::string_view name, Workload& workload, std::uint32_t policies) {
  const PolicyList list = workload.list(policies);
  std::optional<Decorrelation> decorrelation;
  const double begin = milliseconds([&] { decorrelation.emplace(list.ordered()); });
  const double read = milliseconds([&] { static_cast<void>(decorrelation->read(list.size())); });

  std::size_t pieces = 0;
  std::size_t in_order = 0;
  std::size_t empty = 0;
  double longest = 0;
  const double all = milliseconds([&] {
    for (std::size_t i = 0; i < list.size(); ++i)
      longest = std::max(longest, milliseconds([&] {
                           const auto found = decorrelation->pieces_of(i);
                           pieces += found ? found->regions.size() : 0;
                           in_order += found ? 0 : 1;
                           empty += found && found->regions.empty() ? 1 : 0;
                         }));
  });
  const std::size_t work = decorrelation->work_done();
  PolicyLint lint(*decorrelation);
  std::size_t findings = 0;
  double longest_lint = 0;
  const double linted = milliseconds([&] {
    for (std::size_t i = 0; i < list.size(); ++i)
      longest_lint = std::max(longest_lint,
                              milliseconds([&] { findings += lint.examine(i).findings.size(); }));
  });
  const double piece = milliseconds([&] {
    const SelectorFields fields{.local = Address::v4(0x0a630001),
                                .remote = Address::v4(0x09000001)};
    static_cast<void>(decorrelation->piece_of(list.size() - 1, fields));
  });
  fmt::print(
      "| {} | {} | {:.1f} | {:.1f} | {} | {} | {} | {:.0f} | {:.2f} | {:.0f} | {} | {:.0f} | "
      "{:.2f} "
      "| {:.1f} |\n",
      name, policies, begin, read, pieces, empty, in_order, all, longest,
      all * 1e6 / static_cast<double>(work), findings, linted, longest_lint, piece);
}

}  // namespace

TEST_CASE("decorrelation: entries and time", "[.bench]") {
  fmt::print(
      "| set | policies | begin, ms | read, ms | pieces | empty | in order | all, ms | longest, ms "
      "| "
      "ns a unit | findings | lint, ms | longest, ms | piece of a packet, ms |\n");
  for (const std::uint32_t policies : {1'000, 10'000, 100'000}) {
    Sites sites;
    measure("sites", sites, policies);
    AccessList access;
    measure("access list", access, policies);
    OneNetwork one;
    measure("one network", one, policies);
  }
}
