#include "bench/selector_set.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "net/protocol.h"

namespace sallyport::bench {

// Draws the selectors of one shape.
class SelectorSet::Source {
 public:
  explicit Source(std::uint64_t seed) : random_(seed) {}
  virtual ~Source() = default;
  [[nodiscard]] virtual Selector selector() = 0;

  // Inside the first ranges of the selector.
  [[nodiscard]] SelectorFields inside(const Selector& selector) {
    const Family family = selector.family().value_or(Family::V4);
    return {.local = inside(selector.local, family),
            .remote = inside(selector.remote, family),
            .protocol = selector.protocol.value_or(below(3) == 0 ? kProtocolUdp : kProtocolTcp),
            .local_port = inside(selector.local_port),
            .remote_port = inside(selector.remote_port)};
  }
  // 0 to `count` - 1.
  [[nodiscard]] std::uint32_t below(std::uint32_t count) {
    return static_cast<std::uint32_t>(random_() % count);
  }

 protected:
  using Ranges = std::vector<AddressRange>;
  [[nodiscard]] static Ranges prefix(const Address& address, unsigned length) {
    return {AddressRange::of({address, static_cast<std::uint8_t>(length)})};
  }
  [[nodiscard]] static PortSet ports(std::uint32_t first, std::uint32_t last) {
    return PortSet::of({{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}})
        .value();
  }

 private:
  Address inside(const Ranges& ranges, Family family) {
    static const AddressRange kAnyV4 = AddressRange::parse("0.0.0.0/1").value();
    static const AddressRange kAnyV6 = AddressRange::parse("2001::/16").value();
    const AddressRange& any = family == Family::V4 ? kAnyV4 : kAnyV6;
    const AddressRange& range = ranges.empty() ? any : ranges.front();
    Address address = range.first;
    for (std::size_t i = 0; i < address.wire().size(); ++i)
      address.bytes[i] = static_cast<std::uint8_t>(
          address.bytes[i] | (below(256) & (range.first.bytes[i] ^ range.last.bytes[i])));
    return address;
  }
  PortValue inside(const PortSet& ports) {
    if (ports.ranges().empty()) return 1024 + below(60'000);
    const PortRange& range = ports.ranges().front();
    return range.first + below(range.last - range.first + 1u);
  }

  std::mt19937_64 random_;
};

namespace {

// Prefixes of 8 to 32 bits anywhere, now and then a protocol and ports.
class RandomPrefixes final : public SelectorSet::Source {
 public:
  using Source::Source;
  Selector selector() override {
    Selector selector;
    selector.local = prefix(Address::v4(below(0xdfffffff)), 8 + below(25));
    selector.remote = prefix(Address::v4(below(0xdfffffff)), 8 + below(25));
    if (below(2) == 0) return selector;
    selector.protocol = below(2) == 0 ? kProtocolTcp : kProtocolUdp;
    const std::uint32_t first = below(65'000);
    if (below(2) == 0) selector.remote_port = ports(first, first + below(500));
    return selector;
  }
};

// 24 local networks, a network of each site, services of some sites by port, single hosts that
// anyone may reach.
class Sites final : public SelectorSet::Source {
 public:
  using Source::Source;
  Selector selector() override {
    static constexpr std::array<std::uint16_t, 8> kServices{22, 25, 53, 80, 123, 443, 445, 3389};
    const std::uint32_t site = site_++;
    Selector selector;
    if (site % 5 == 0) {
      selector.local = prefix(v6(0, below(24)), 64);
      selector.remote = prefix(v6(1 + site / 65'536, site % 65'536), 64);
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

// Of one of ClassBench's families.
struct Traits {
  std::uint32_t open_local, open_remote;         // per cent
  std::uint32_t shortest, longest;               // prefix lengths
  std::uint32_t open_protocol;                   // per cent
  std::uint32_t exact_port, high_ports, ranges;  // per cent of remote ports; the others are open
};
constexpr Traits kAcl{5, 2, 16, 32, 10, 45, 10, 15};
constexpr Traits kFirewall{40, 30, 12, 32, 25, 30, 15, 10};
constexpr Traits kIpChain{15, 10, 14, 32, 30, 30, 5, 10};

class ClassBench final : public SelectorSet::Source {
 public:
  ClassBench(std::uint64_t seed, const Traits& traits) : Source(seed), traits_(traits) {}

  Selector selector() override {
    Selector selector;
    if (below(100) >= traits_.open_local) selector.local = network();
    if (below(100) >= traits_.open_remote) selector.remote = network();
    if (below(100) < traits_.open_protocol) return selector;
    selector.protocol = below(4) == 0 ? kProtocolUdp : kProtocolTcp;
    const std::uint32_t kind = below(100);
    if (kind < traits_.exact_port) {
      const std::uint32_t port = below(3) == 0 ? below(65'535) : 20 + below(200);
      selector.remote_port = ports(port, port);
    } else if (kind < traits_.exact_port + traits_.high_ports) {
      selector.remote_port = ports(1024, 65'535);
    } else if (kind < traits_.exact_port + traits_.high_ports + traits_.ranges) {
      const std::uint32_t first = below(60'000);
      selector.remote_port = ports(first, first + below(5000));
    }
    return selector;
  }

 private:
  // Most in a few organisations, so that long prefixes lie within short ones; long ones are common.
  Ranges network() {
    const std::uint32_t organisation = below(10) < 7 ? below(64) : below(4096);
    const std::uint32_t base = 0x0b000000 + (organisation << 16);
    const std::uint32_t spread = traits_.longest - traits_.shortest + 1;
    const std::uint32_t length = traits_.longest - std::min(below(spread), below(spread));
    return prefix(Address::v4(base + below(65'536)), length);
  }
  const Traits& traits_;
};

std::unique_ptr<SelectorSet::Source> make_source(SetShape shape, std::uint64_t seed) {
  switch (shape) {
    case SetShape::Acl:
      return std::make_unique<ClassBench>(seed, kAcl);
    case SetShape::Firewall:
      return std::make_unique<ClassBench>(seed, kFirewall);
    case SetShape::IpChain:
      return std::make_unique<ClassBench>(seed, kIpChain);
    case SetShape::Random:
      return std::make_unique<RandomPrefixes>(seed);
    case SetShape::Sites:
      break;
  }
  return std::make_unique<Sites>(seed);
}

// How many bits a selector leaves open.
unsigned open_bits(const Selector& selector) {
  const auto of_side = [](const std::vector<AddressRange>& ranges) {
    if (ranges.empty()) return 128u;
    const auto& [first, last] = ranges.front();
    unsigned bits = 0;
    for (std::size_t i = 0; i < first.bytes.size(); ++i)
      bits += static_cast<unsigned>(
          std::popcount(static_cast<unsigned>(first.bytes[i] ^ last.bytes[i])));
    return bits;
  };
  const auto of_ports = [](const PortSet& ports) {
    if (ports.ranges().empty()) return 16u;
    const auto& [first, last] = ports.ranges().front();
    return static_cast<unsigned>(std::bit_width(static_cast<unsigned>(last - first)));
  };
  return of_side(selector.local) + of_side(selector.remote) + (selector.protocol ? 0 : 8) +
         of_ports(selector.local_port) + of_ports(selector.remote_port);
}

}  // namespace

std::string_view to_string(SetShape shape) noexcept {
  switch (shape) {
    case SetShape::Acl:
      return "acl";
    case SetShape::Firewall:
      return "fw";
    case SetShape::IpChain:
      return "ipc";
    case SetShape::Random:
      return "random";
    case SetShape::Sites:
      break;
  }
  return "sites";
}

SelectorSet::SelectorSet(const Settings& settings)
    : source_(make_source(settings.shape, settings.seed)) {
  if (settings.order == SetOrder::AsDrawn) {
    while (selectors_.size() < settings.size) selectors_.push_back(source_->selector());
    return;
  }
  std::set<std::string> known;
  std::multimap<unsigned, Selector> by_width;
  while (by_width.size() < settings.size) {
    const Selector selector = source_->selector();
    if (known.insert(sallyport::to_string(selector)).second)
      by_width.emplace(open_bits(selector), selector);
  }
  for (auto& [width, selector] : by_width) selectors_.push_back(std::move(selector));
}

SelectorSet::~SelectorSet() = default;

const Selector& SelectorSet::any_of_them() {
  return selectors_[source_->below(static_cast<std::uint32_t>(selectors_.size()))];
}

SelectorFields SelectorSet::aimed() { return source_->inside(any_of_them()); }

SelectorFields SelectorSet::stray() {
  const SelectorFields one = aimed();
  SelectorFields other = aimed();
  while (other.remote.family != one.local.family) other = aimed();
  other.local = one.local;
  return other;
}

}  // namespace sallyport::bench
