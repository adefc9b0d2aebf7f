// Fuzzes what comes behind the ICV of ESP and AH: packets of SAs whose keys the harness knows, so
// that trailer, padding and inner packet are the fuzzer's and the whole inbound path runs on them.
// Three octets first: which SA, how the packet is made, the next header; then its text.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "dataplane/dataplane.h"
#include "net/ah.h"
#include "net/checksum.h"
#include "net/esp.h"
#include "net/packet_summary.h"
#include "tests/support/ah_reference.h"
#include "tests/support/esp_pair.h"
#include "tests/support/host_pair.h"
#include "tests/support/reference_mac.h"

namespace sallyport {
namespace {

constexpr Transform kNull{Cipher::Null, Integrity::HmacSha1_96};
constexpr Transform kAh{Cipher::Null, Integrity::HmacSha1_96};
constexpr std::size_t kIcv = 12;
constexpr unsigned kLongestWait = 60;  // seconds

// How the packet is made of the text; one bit each.
enum : std::uint8_t { kForged = 1, kGoodTrailer = 2, kRepaired = 4, kExact = 8, kBare = 16 };

void require(bool condition) {
  if (!condition) std::abort();
}

// Lengths and the header checksum become right, so that the fuzzer need not find them out.
void repair(PacketBytes& inner) {
  if (inner.size() >= 40 && inner[0] >> 4 == 6)
    store_be(&inner[4], static_cast<std::uint16_t>(inner.size() - 40));
  if (inner.size() < 20 || inner[0] >> 4 != 4) return;
  store_be(&inner[2], static_cast<std::uint16_t>(inner.size()));
  const std::size_t header = std::min<std::size_t>((inner[0] & 0x0fu) * 4u, inner.size());
  store_be(&inner[10], std::uint16_t{0});
  store_be(&inner[10], checksum(ByteView(inner).first(header)));
}

void append(PacketBytes& to, const PacketBytes& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// One gateway that has an inbound SA, and the way of its packets from the wire.
class Target {
 public:
  Target(TestGateway& gateway, std::string source, std::string destination)
      : gateway_(gateway), source_(std::move(source)), destination_(std::move(destination)) {
    const auto entry = gateway.sad().find("in");
    sa_ = entry->sa->duplicate();
  }

  void present(std::uint8_t how, std::uint8_t next_header, PacketBytes text) {
    if ((how & kRepaired) != 0) repair(text);
    if (next_header == 0 && !text.empty()) next_header = text[0] >> 4 == 6 ? 41 : 4;
    PacketBytes packet = sa_.protocol == IpsecProtocol::Ah ? ah(next_header, text)
                                                           : esp(how, next_header, std::move(text));
    if ((how & kForged) != 0) forge(packet);
    const std::uint64_t before = gateway_.dropped_in_all();
    const BufferKind buffer = (how & kBare) != 0    ? BufferKind::Bare
                              : (how & kExact) != 0 ? BufferKind::Exact
                                                    : BufferKind::Pool;
    gateway_.receive_ip(kOutside, packet, buffer);
    gateway_.settle();  // the conservation law is checked here
    check_inside(how);
    if ((how & kForged) != 0) require(gateway_.dropped_in_all() == before + 1);
    let_go();
  }

 private:
  // What waits for a neighbour or for other fragments runs out of time: nothing may stay.
  void let_go() {
    for (unsigned seconds = 0; seconds < kLongestWait; ++seconds) {
      static_cast<void>(gateway_.sent_frames(kInside));
      static_cast<void>(gateway_.sent_frames(kOutside));
      static_cast<void>(gateway_.events());
      if (gateway_.dataplane().mbufs_in_use() == 0) return;
      gateway_.clock().advance(std::chrono::seconds(1));
      gateway_.settle();
    }
    require(gateway_.dataplane().mbufs_in_use() == 0);
  }

  [[nodiscard]] PacketBuilder outer() const { return {source_, destination_}; }

  [[nodiscard]] PacketBytes esp(std::uint8_t how, std::uint8_t next_header, PacketBytes text) {
    if ((how & kGoodTrailer) != 0) {
      std::uint8_t padding = 0;
      while ((text.size() + 2) % 4 != 0) text.push_back(++padding);
      text.push_back(padding);
      text.push_back(next_header);
    }
    text.resize(text.size() & ~std::size_t{3});
    PacketBytes body(sizeof(EspHeader));
    store_be(body.data(), sa_.spi.value);
    store_be(&body[4], ++sequence_);
    append(body, text);
    PacketBytes icv = reference_mac(sa_.transform.integrity, sa_.integrity_key.view(), body);
    icv.resize(kIcv);
    append(body, icv);
    if (sa_.encapsulation) return outer().udp(4500, 4500).payload(body).build();
    return outer().protocol(kProtocolEsp).payload(body).build();
  }

  [[nodiscard]] PacketBytes ah(std::uint8_t next_header, const PacketBytes& text) {
    PacketBytes body(sizeof(AhHeader) + kIcv);
    body[0] = next_header;
    body[1] = static_cast<std::uint8_t>(body.size() / 4 - 2);
    store_be(&body[AhHeader::kSpiOffset], sa_.spi.value);
    store_be(&body[8], ++sequence_);
    append(body, text);
    PacketBytes packet = outer().protocol(kProtocolAh).payload(body).build();
    set_ah_icv(sa_, packet);
    return packet;
  }

  void forge(PacketBytes& packet) const {
    const std::size_t at = sa_.protocol == IpsecProtocol::Ah ? ah_offset(packet) + sizeof(AhHeader)
                                                             : packet.size() - 1;
    packet[at] ^= 1;
  }

  // Nothing forged gets in.
  void check_inside(std::uint8_t how) {
    const auto delivered = gateway_.sent_frames(kInside);
    if ((how & kForged) != 0) require(delivered.empty());
  }

  TestGateway& gateway_;
  std::string source_;
  std::string destination_;
  Sa sa_;
  std::uint32_t sequence_{};
};

class Targets {
 public:
  Targets() {
    const auto protocol = [](IpsecProtocol wanted) {
      return [wanted](Sa& sa) { sa.protocol = wanted; };
    };
    const auto in_udp = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; };
    tunnel({.transform = kNull});
    tunnel({.transform = kNull, .outer = Family::V6, .inner = Family::V6});
    tunnel({.transform = kNull, .outer = Family::V6, .inner = Family::V4});
    tunnel({.transform = kNull, .adjust_outbound = in_udp, .adjust_inbound = in_udp});
    tunnel({.transform = kAh,
            .adjust_outbound = protocol(IpsecProtocol::Ah),
            .adjust_inbound = protocol(IpsecProtocol::Ah)});
    host({.transform = kNull, .family = Family::V4});
    host({.transform = kNull, .family = Family::V6});
    host({.transform = kAh, .family = Family::V6, .adjust = protocol(IpsecProtocol::Ah)});
  }
  [[nodiscard]] Target& operator[](std::uint8_t which) { return targets_[which % targets_.size()]; }

 private:
  void tunnel(const EspPair::Settings& settings) {
    tunnels_.push_back(std::make_unique<EspPair>(settings));
    add(tunnels_.back()->receiver(), settings.outer);
  }
  void host(const HostPair::Settings& settings) {
    hosts_.push_back(std::make_unique<HostPair>(settings));
    add(hosts_.back()->receiver(), settings.family);
  }
  void add(TestGateway& gateway, Family outer) {
    const bool v4 = outer == Family::V4;
    targets_.emplace_back(gateway, v4 ? "192.0.2.1" : "2001:db8::1",
                          v4 ? "192.0.2.2" : "2001:db8::2");
  }

  std::vector<std::unique_ptr<EspPair>> tunnels_;
  std::vector<std::unique_ptr<HostPair>> hosts_;
  std::vector<Target> targets_;
};

}  // namespace
}  // namespace sallyport

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  constexpr std::size_t kMostText = 1400;
  static auto* const kTargets = new Targets;  // EAL goes first at the end of the process
  if (size < 3) return 0;
  const std::size_t text = std::min(size - 3, kMostText);
  (*kTargets)[data[0]].present(data[1], data[2], PacketBytes(data + 3, data + 3 + text));
  return 0;
}
