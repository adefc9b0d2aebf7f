// The figures of docs/decisions/0002-policy-matcher.md: spd_test "[.bench]".
#include <fmt/format.h>
#include <x86intrin.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <numeric>
#include <random>

#include "net/protocol.h"
#include "spd/indexed_matcher.h"
#include "spd/linear_matcher.h"

using namespace sallyport;

namespace {

constexpr std::size_t kPackets = 8192;

class Workload {
 public:
  virtual ~Workload() = default;
  [[nodiscard]] virtual Selector selector() = 0;

  // Inside the selector.
  [[nodiscard]] SelectorFields packet(const Selector& selector) {
    return {.local = inside(selector.local),
            .remote = inside(selector.remote),
            .protocol = selector.protocol.value_or(kProtocolTcp),
            .local_port = inside(selector.local_port),
            .remote_port = inside(selector.remote_port)};
  }
  [[nodiscard]] std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>(random_() % count);
  }

 protected:
  [[nodiscard]] static std::vector<AddressRange> prefix(const Address& address, unsigned length) {
    return {AddressRange::of({address, static_cast<std::uint8_t>(length)})};
  }
  [[nodiscard]] static PortSet ports(std::uint32_t first, std::uint32_t last) {
    return PortSet::of({{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}})
        .value();
  }

 private:
  Address inside(const std::vector<AddressRange>& ranges) {
    if (ranges.empty()) return Address::v4(below(0xffffffff));
    const AddressRange& range = ranges.front();
    Address address = range.first;
    for (std::size_t i = 0; i < address.wire().size(); ++i)
      address.bytes[i] = static_cast<std::uint8_t>(
          address.bytes[i] | (below(256) & (range.first.bytes[i] ^ range.last.bytes[i])));
    return address;
  }
  PortValue inside(const PortSet& ports) {
    if (ports.ranges().empty()) return 1024 + below(60000);
    const PortRange& range = ports.ranges().front();
    return range.first + below(range.last - range.first + 1u);
  }

  std::mt19937_64 random_{4301};
};

// Prefixes of 8 to 32 bits anywhere, now and then a protocol and ports.
class RandomPrefixes final : public Workload {
 public:
  Selector selector() override {
    Selector selector;
    selector.local = prefix(Address::v4(below(0xdfffffff)), 8 + below(25));
    selector.remote = prefix(Address::v4(below(0xdfffffff)), 8 + below(25));
    if (below(2) == 0) return selector;
    selector.protocol = below(2) == 0 ? kProtocolTcp : kProtocolUdp;
    const std::uint32_t first = below(65000);
    if (below(2) == 0) selector.remote_port = ports(first, first + below(500));
    return selector;
  }
};

// A hub and its sites: 24 local networks, a network of each site, IPv6 for one in five, services of
// some sites by port, single hosts that anyone may reach.
class Sites final : public Workload {
 public:
  Selector selector() override {
    static constexpr std::array<std::uint16_t, 8> kServices{22, 25, 53, 80, 123, 443, 445, 3389};
    const std::uint32_t site = site_++;
    Selector selector;
    if (site % 5 == 0) {
      selector.local = prefix(v6(0, below(24)), 64);
      selector.remote = prefix(v6(1 + site / 65536, site % 65536), 64);
    } else {
      selector.local = prefix(Address::v4(0x0a000000 + (below(24) << 16)), 16);
      selector.remote = prefix(Address::v4(0x10000000 + (site << 8)), 24 + below(3));
    }
    const std::uint32_t kind = below(20);
    if (kind == 0) selector.local.clear();
    if (kind < 6) {
      selector.protocol = kProtocolTcp;
      const std::uint16_t service = kServices[below(8)];
      (kind % 2 == 0 ? selector.local_port : selector.remote_port) = ports(service, service);
    }
    return selector;
  }

 private:
  static Address v6(std::uint32_t area, std::uint32_t network) {
    Address address = Address::any(Family::V6);
    store_be<std::uint32_t>(address.bytes.data(), 0x20010db8 + area);
    store_be<std::uint32_t>(address.bytes.data() + 4, network);
    return address;
  }

  std::uint32_t site_{};
};

// Rule sets shaped like ClassBench's access-list, firewall and IP-chain families (Taylor and
// Turner, 2007): how often an address or a port is left open, how long prefixes are, how they nest.
struct Shape {
  std::string_view name;
  std::uint32_t open_local, open_remote;         // per cent
  std::uint32_t shortest, longest;               // prefix lengths
  std::uint32_t open_protocol;                   // per cent
  std::uint32_t exact_port, high_ports, ranges;  // per cent of remote ports; the others are open
};
constexpr std::array kShapes{Shape{"acl", 5, 2, 16, 32, 10, 45, 10, 15},
                             Shape{"fw", 40, 30, 12, 32, 25, 30, 15, 10},
                             Shape{"ipc", 15, 10, 14, 32, 30, 30, 5, 10}};

class Shaped final : public Workload {
 public:
  explicit Shaped(const Shape& shape) : shape_(shape) {}

  Selector selector() override {
    Selector selector;
    if (below(100) >= shape_.open_local) selector.local = network();
    if (below(100) >= shape_.open_remote) selector.remote = network();
    if (below(100) < shape_.open_protocol) return selector;
    selector.protocol = below(4) == 0 ? kProtocolUdp : kProtocolTcp;
    const std::uint32_t kind = below(100);
    if (kind < shape_.exact_port) {
      const std::uint32_t port = below(3) == 0 ? below(65535) : 20 + below(200);
      selector.remote_port = ports(port, port);
    } else if (kind < shape_.exact_port + shape_.high_ports) {
      selector.remote_port = ports(1024, 65535);
    } else if (kind < shape_.exact_port + shape_.high_ports + shape_.ranges) {
      const std::uint32_t first = below(60000);
      selector.remote_port = ports(first, first + below(5000));
    }
    return selector;
  }

 private:
  // Most in a few organisations, so that long prefixes lie within short ones.
  std::vector<AddressRange> network() {
    const std::uint32_t organisation = below(10) < 7 ? below(64) : below(4096);
    const std::uint32_t base = 0x0b000000 + (organisation << 16);
    const std::uint32_t spread = shape_.longest - shape_.shortest + 1;
    const std::uint32_t length =
        shape_.longest - std::min(below(spread), below(spread));  // long ones are common
    return prefix(Address::v4(base + below(65536)), length);
  }
  const Shape& shape_;
};

// The sum of the best times of small batches: other work on the core disturbs few of them.
double ticks_per_match(const PolicyView& view, std::span<const SelectorFields> packets) {
  constexpr std::size_t kBatch = 64;
  std::vector<std::uint64_t> best(packets.size() / kBatch, ~0ull);
  std::uint64_t found = 0;
  for (int round = 0; round < 15; ++round)
    for (std::size_t batch = 0; batch < best.size(); ++batch) {
      const std::uint64_t start = __rdtsc();
      for (const SelectorFields& fields : packets.subspan(batch * kBatch, kBatch))
        found += view.match(fields) != kNoPolicy ? 1 : 0;
      best[batch] = std::min<std::uint64_t>(best[batch], __rdtsc() - start);
    }
  CHECK(found == 15 * packets.size());
  return static_cast<double>(std::reduce(best.begin(), best.end())) /
         static_cast<double>(packets.size());
}

template <class Work>
double milliseconds(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

void measure(std::string_view name, Workload& workload, std::uint32_t policies) {
  std::vector<Selector> selectors(policies);
  for (Selector& selector : selectors) selector = workload.selector();
  std::vector<SelectorFields> packets(kPackets);
  for (SelectorFields& fields : packets)
    fields = workload.packet(selectors[workload.below(policies)]);

  IndexedMatcher indexed;
  const double build = milliseconds([&] {
    for (std::uint32_t i = 0; i < policies; ++i)
      REQUIRE(indexed.insert(i, PolicyId{i + 1}, std::span(&selectors[i], 1)));
    static_cast<void>(indexed.view());
  });
  const double edit = milliseconds([&] {
    REQUIRE(indexed.move(PolicyId{policies / 2 + 1}, policies - 1));
    static_cast<void>(indexed.view());
  });
  const double fast = ticks_per_match(*indexed.view(), packets);
  double slow = 0;
  if (policies <= 10'000) {
    LinearMatcher linear;
    for (std::uint32_t i = 0; i < policies; ++i)
      REQUIRE(linear.insert(i, PolicyId{i + 1}, std::span(&selectors[i], 1)));
    slow = ticks_per_match(*linear.view(), std::span(packets).first(512));
  }
  fmt::print("| {} | {} | {:.0f} | {:.0f} | {:.1f} | {:.1f} | {} |\n", name, policies, slow, fast,
             build, edit, indexed.view()->bytes() / 1024);
}

}  // namespace

TEST_CASE("policy matchers: ticks per match, build time, memory", "[.bench]") {
  fmt::print("| set | policies | linear, ticks | indexed, ticks | build, ms | edit, ms | KiB |\n");
  for (const std::uint32_t policies : {1, 10, 100, 1'000, 10'000, 100'000}) {
    for (const Shape& shape : kShapes) {
      Shaped shaped(shape);
      measure(shape.name, shaped, policies);
    }
    RandomPrefixes random;
    measure("random", random, policies);
    Sites sites;
    measure("sites", sites, policies);
  }
}
