#include "sad/compile_sa.h"

#include <catch2/catch.hpp>
#include <random>

#include "net/checksum.h"
#include "net/protocol.h"
#include "tests/sad/sample_sa.h"

namespace sallyport::compile_sa_test {
namespace {

using test::address;
using test::range;
using test::sample_sa;
using Octets = std::vector<std::uint8_t>;

OutboundSa compiled(const Sa& sa) { return compile_outbound(sa, {}); }

Octets header_of(const OutboundSa& sa) {
  return {sa.header.end() - sa.header_bytes, sa.header.end()};
}

}  // namespace

TEST_CASE("TUN-10, ESP-01: the IPv4 template is IP and ESP, what changes per packet left zero") {
  const OutboundSa sa = compiled(sample_sa(Direction::Outbound, 0x12345678));
  CHECK(header_of(sa) == Octets{0x45, 0, 0,   0,  0,   0, 0,    0,    64,   50,   0, 0, 192, 0,
                                2,    1, 198, 51, 100, 1, 0x12, 0x34, 0x56, 0x78, 0, 0, 0,   0});
  CHECK(sa.outer_ip_bytes == 20);
  CHECK(sa.outer_family == Family::V4);
  CHECK_FALSE(sa.udp);
  CHECK(std::count(sa.header.begin(), sa.header.end() - sa.header_bytes, 0) == 64 - 28);
}

TEST_CASE("AH-01, AH-05: the AH templates are outer IP and the fixed part of AH") {
  Sa sa = sample_sa(Direction::Outbound, 0x12345678);
  sa.protocol = IpsecProtocol::Ah;
  test::set_transform(sa, {Cipher::Null, Integrity::HmacSha1_96});
  const OutboundSa v4 = compiled(sa);
  CHECK(header_of(v4) == Octets{0x45, 0,   0,    0,    0,    0,    0,  0,   64, 51, 0,
                                0,    192, 0,    2,    1,    198,  51, 100, 1,  0,  4,
                                0,    0,   0x12, 0x34, 0x56, 0x78, 0,  0,   0,  0});
  CHECK(v4.iv_bytes == 12);
  CHECK(v4.icv_bytes == 0);
  CHECK(v4.trailer_bytes == 0);
  CHECK(v4.padding_mask == 0);
  CHECK(v4.iv_rule == IvRule::None);
  sa.endpoints = {address("2001:db8::1"), address("2001:db8::2")};
  test::set_transform(sa, {Cipher::Null, Integrity::HmacSha512_256});
  const OutboundSa v6 = compiled(sa);
  CHECK(v6.header_bytes == 40 + 12);
  CHECK(header_of(v6)[6] == kProtocolAh);
  CHECK(header_of(v6)[41] == 10);
  CHECK(v6.iv_bytes == 36);
}

TEST_CASE("DP-03: no SA has more between its headers and the payload than workers find room for") {
  for (const IntegrityFacts& integrity : all_integrities())
    for (const char* local : {"192.0.2.1", "2001:db8::1"}) {
      Sa sa = sample_sa(Direction::Outbound);
      sa.protocol = IpsecProtocol::Ah;
      test::set_transform(sa, {Cipher::Null, integrity.id});
      sa.endpoints = {address(local), address(local)};
      CHECK(compiled(sa).iv_bytes <= kMostIvBytes);
    }
  for (const CipherFacts& cipher : all_ciphers()) CHECK(cipher.iv_bytes <= kMostIvBytes);
}

TEST_CASE("AH-02, AH-03, ALG-15: the length of AH by algorithm, family and alignment") {
  struct Row {
    Integrity integrity;
    unsigned v4, v4_by_8, v6;  // octets
  };
  constexpr Row kRows[] = {
      {Integrity::HmacMd5_96, 24, 24, 24},     {Integrity::HmacSha1_96, 24, 24, 24},
      {Integrity::AesXcbc_96, 24, 24, 24},     {Integrity::AesCmac_96, 24, 24, 24},
      {Integrity::HmacSha256_128, 28, 32, 32}, {Integrity::HmacSha384_192, 36, 40, 40},
      {Integrity::HmacSha512_256, 44, 48, 48}, {Integrity::AesGmac128, 36, 40, 40},
      {Integrity::AesGmac192, 36, 40, 40},     {Integrity::AesGmac256, 36, 40, 40}};
  const auto check = [](Sa sa, unsigned octets) {
    const OutboundSa out = compiled(sa);
    CHECK(out.iv_bytes + 12u == octets);
    CHECK(header_of(out)[out.outer_ip_bytes + 1u] == octets / 4 - 2);
    sa.direction = Direction::Inbound;
    CHECK(compile_inbound(sa, {}).minimum_bytes + 4u == octets);
  };
  for (const Row& row : kRows) {
    CAPTURE(facts(row.integrity).name);
    Sa sa = sample_sa(Direction::Outbound);
    sa.protocol = IpsecProtocol::Ah;
    test::set_transform(sa, {Cipher::Null, row.integrity});
    check(sa.duplicate(), row.v4);
    sa.ah_alignment = 8;
    check(sa.duplicate(), row.v4_by_8);
    sa.ah_alignment = 4;
    sa.endpoints = {address("2001:db8::1"), address("2001:db8::2")};
    check(sa.duplicate(), row.v6);
    sa.mode = IpsecMode::Transport;
    sa.endpoints = {};
    sa.selectors[0].local = {range("2001:db8::/64")};
    check(sa.duplicate(), row.v6);
  }
}

TEST_CASE("AH-03: transport-mode AH carries the family that its padding is for") {
  Sa sa = sample_sa(Direction::Outbound);
  sa.protocol = IpsecProtocol::Ah;
  sa.mode = IpsecMode::Transport;
  test::set_transform(sa, {Cipher::Null, Integrity::HmacSha256_128});
  CHECK(compiled(sa).inner_v4);
  CHECK_FALSE(compiled(sa).inner_v6);
}

TEST_CASE("TUN-03: the checksum base completes to a right IPv4 checksum for any words put in") {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    Sa rich = sample_sa(Direction::Outbound);
    rich.endpoints = {Address::v4(static_cast<std::uint32_t>(random() | 1)),
                      Address::v4(static_cast<std::uint32_t>(random() | 1))};
    rich.endpoints.local.bytes[0] = 10;
    rich.header.hop_limit = static_cast<std::uint8_t>(random() % 255 + 1);
    if (i % 2 == 0) rich.encapsulation = UdpEncapsulation{};
    const OutboundSa sa = compiled(rich);
    Octets ip = header_of(sa);
    ip.resize(20);
    const auto word = [&] { return static_cast<std::uint16_t>(random()); };
    const std::uint16_t tos = word() & 0xff, length = word(), id = word();
    const std::uint16_t fragment = i % 3 == 0 ? 0x4000 : 0;
    ip[1] = static_cast<std::uint8_t>(tos);
    store_be(&ip[2], length);
    store_be(&ip[4], id);
    store_be(&ip[6], fragment);
    store_be(&ip[10],
             checksum_finish(std::uint32_t{sa.checksum_base} + tos + length + id + fragment));
    CHECK(checksum(ip) == 0);
  }
}

TEST_CASE("TUN-08: the IPv6 template has the configured flow label and hop limit") {
  Sa rich = sample_sa(Direction::Outbound, 0xabcdef01);
  rich.endpoints = {address("2001:db8::1"), address("2001:db8::2")};
  rich.header.flow_label = 0xfedcb;
  rich.header.hop_limit = 9;
  const OutboundSa sa = compiled(rich);
  const Octets header = header_of(sa);
  REQUIRE(header.size() == 48);
  CHECK(Octets(header.begin(), header.begin() + 8) == Octets{0x60, 0x0f, 0xed, 0xcb, 0, 0, 50, 9});
  CHECK(std::ranges::equal(ByteView(header).subspan(8, 16), rich.endpoints.local.wire()));
  CHECK(std::ranges::equal(ByteView(header).subspan(24, 16), rich.endpoints.remote.wire()));
  CHECK(load_be<std::uint32_t>(&header[40]) == 0xabcdef01);
  CHECK(sa.outer_ip_bytes == 40);
  CHECK(sa.checksum_base == 0);
}

TEST_CASE("NAT-02: UDP encapsulation stands between IP and ESP; transport mode has no IP header") {
  Sa rich = sample_sa(Direction::Outbound);
  rich.encapsulation = UdpEncapsulation{.local_port = 4500, .remote_port = 40001};
  Octets header = header_of(compiled(rich));
  REQUIRE(header.size() == 36);
  CHECK(header[9] == 17);
  CHECK(Octets(header.begin() + 20, header.begin() + 28) ==
        Octets{0x11, 0x94, 0x9c, 0x41, 0, 0, 0, 0});
  CHECK(compiled(rich).udp);

  rich.mode = IpsecMode::Transport;
  const OutboundSa sa = compiled(rich);
  CHECK(header_of(sa).size() == 16);
  CHECK(sa.outer_ip_bytes == 0);
  rich.encapsulation.reset();
  CHECK(header_of(compiled(rich)) == Octets{0, 0, 0x10, 0, 0, 0, 0, 0});
}

TEST_CASE("ESP-02, ESP-17: sizes follow the algorithm table") {
  for (const CipherFacts& cipher : all_ciphers()) {
    CAPTURE(cipher.name);
    Sa rich = sample_sa(Direction::Inbound);
    const Transform transform{cipher.id,
                              cipher.combined() ? Integrity::None : Integrity::HmacSha256_128};
    test::set_transform(rich, transform);
    const OutboundSa out = compiled(rich);
    const InboundSa in = compile_inbound(rich, {});
    CHECK(out.iv_bytes == cipher.iv_bytes);
    CHECK(out.iv_rule == cipher.iv_rule);
    CHECK(out.icv_bytes == (cipher.combined() ? cipher.icv_bytes : 16));
    CHECK(out.padding_mask == (cipher.block_bytes < 4 ? 4 : cipher.block_bytes) - 1);
    CHECK(in.padding_mask == out.padding_mask);
    CHECK(in.minimum_bytes == 8 + out.iv_bytes + 2 + out.icv_bytes);
    CHECK(out.front_bytes == out.header_bytes + out.iv_bytes);
    CHECK(out.around_bytes == out.front_bytes + out.icv_bytes);
  }
}

TEST_CASE("TUN-03, TUN-05: what the outer header takes of the inner one is worked out") {
  Sa sa = sample_sa(Direction::Outbound);
  const OutboundSa usual = compiled(sa);
  CHECK((!usual.outer_df[0] && usual.outer_df[1]));
  CHECK(usual.class_mask == 0xff);
  CHECK(usual.outer_selectors == (std::uint64_t{kProtocolEsp} << 32 | std::uint64_t{4} << 40));
  sa.header.df = DfRule::Clear;
  const OutboundSa clear = compiled(sa);
  CHECK((!clear.outer_df[0] && !clear.outer_df[1]));
}

TEST_CASE("a plain tunnel takes every fragment and pads nothing") {
  Sa sa = sample_sa(Direction::Outbound);
  CHECK(compiled(sa).plain);
  for (const FragmentChecks checks : {FragmentChecks::Opaque, FragmentChecks::OpaqueIpv6}) {
    sa.fragments = checks;
    CHECK_FALSE(compiled(sa).plain);
  }
  sa.fragments = FragmentChecks::Stateful;
  CHECK(compiled(sa).plain);
  sa.tfc_bytes = 1400;
  CHECK_FALSE(compiled(sa).plain);
  sa.tfc_bytes = 0;
  sa.mode = IpsecMode::Transport;
  CHECK_FALSE(compiled(sa).plain);
}

TEST_CASE("SAD-01, ARCH-14: the context and every rule of the SA reach the compiled form") {
  Sa rich = sample_sa(Direction::Outbound);
  rich.esn = false;
  rich.destination_options = DestinationOptions::Outside;
  rich.header.df = DfRule::Set;
  rich.header.ecn = EcnRule::Compatibility;
  rich.header.dscp_from_outer = true;
  rich.soft.time = std::chrono::seconds{77};
  rich.tfc_bytes = 1400;
  rich.tfc_multiple = 64;
  rich.loop_back = true;
  const CompileContext context{KeySlot{5}, WorkerId{3}, 7};
  const OutboundSa out = compile_outbound(rich, context);
  CHECK(out.key == KeySlot{5});
  CHECK(out.owner == WorkerId{3});
  CHECK(out.dscp_map == 7);
  CHECK_FALSE(out.esn);
  CHECK(out.destination_options_outside);
  CHECK((out.outer_df[0] && out.outer_df[1]));
  CHECK(out.class_mask == 0xfc);
  CHECK_FALSE(out.plain);
  CHECK(out.tfc_bytes == 1400);
  CHECK(out.tfc_mask == 63);
  CHECK(out.loop_back);

  rich.direction = Direction::Inbound;
  rich.mode = IpsecMode::Transport;
  rich.lookup = SaLookup::SpiDestinationSource;
  rich.encapsulation = UdpEncapsulation{};
  rich.replay_window = 1000;
  const InboundSa in = compile_inbound(rich, context);
  CHECK(in.key == KeySlot{5});
  CHECK(in.owner == WorkerId{3});
  CHECK(in.dscp_from_outer);
  CHECK(in.fix_transport_checksum);
  CHECK(in.lookup == SaLookup::SpiDestinationSource);
  CHECK(in.destination == rich.endpoints.local);
  CHECK(in.source == rich.endpoints.remote);
  CHECK(in.window == 1000);
  CHECK(in.replay_mask == 31);
}

TEST_CASE(
    "FRAG-03: an SA whose peer has not agreed takes later fragments where it names no ports") {
  Sa sa = sample_sa(Direction::Outbound);
  sa.fragments = FragmentChecks::Unagreed;
  CHECK(compiled(sa).fragments == FragmentChecks::Stateless);
  sa.selectors.push_back({.protocol = 17, .remote_port = test::ports({{53, 53}})});
  CHECK(compiled(sa).fragments == FragmentChecks::Unagreed);
  // Inbound its selectors say it.
  CHECK(compile_inbound(sa, {}).fragments == FragmentChecks::Stateless);
}

TEST_CASE("NAT-06: the source is watched of ESP in UDP that is to be followed, with a window") {
  Sa sa = sample_sa(Direction::Inbound);
  sa.follows_peer = true;
  CHECK_FALSE(compile_inbound(sa, {}).watches_source);
  sa.encapsulation = UdpEncapsulation{.local_port = 4500, .remote_port = 1025};
  const InboundSa in = compile_inbound(sa, {});
  CHECK(in.watches_source);
  CHECK(in.source_port == 1025);
  sa.esn = false;
  sa.replay_window = 0;
  CHECK_FALSE(compile_inbound(sa, {}).watches_source);
  sa.replay_window = 64;
  sa.follows_peer = false;
  CHECK_FALSE(compile_inbound(sa, {}).watches_source);
}

TEST_CASE("ESP-10, MAN-02: numbers end with their width; a static key may send none at first") {
  Sa sa = sample_sa(Direction::Outbound);
  CHECK(initial_outbound_state(sa).sequence_limit == ~0ull);
  CHECK(initial_outbound_state(sa).last_sequence == 0);
  sa.esn = false;
  sa.last_sequence = {0xfffffffd};
  CHECK(initial_outbound_state(sa).sequence_limit == 0xffffffff);
  CHECK(initial_outbound_state(sa).last_sequence == 0xfffffffd);
  sa.static_key = true;
  CHECK(initial_outbound_state(sa).sequence_limit == 0xfffffffd);
}

TEST_CASE("SAD-07, SAD-13: lifetimes in bytes and packets reach the worker, use so far counted") {
  Sa sa = sample_sa(Direction::Inbound);
  CHECK(initial_inbound_state(sa).hard_bytes == ~0ull);
  CHECK(initial_inbound_state(sa).notify_packets == ~0ull);
  sa.soft = {.bytes = 10, .packets = 20, .time = {}};
  sa.hard = {.bytes = 30, .packets = 40, .time = {}};
  sa.used = {.packets = 5, .bytes = 6};
  sa.last_sequence = {99};
  const InboundState in = initial_inbound_state(sa);
  CHECK(in.notify_bytes == 10);
  CHECK(in.notify_packets == 20);
  CHECK(in.hard_bytes == 30);
  CHECK(in.hard_packets == 40);
  CHECK(in.packets == 5);
  CHECK(in.bytes == 6);
  CHECK(in.highest == 99);
  const OutboundState out = initial_outbound_state(sa);
  CHECK(out.hard_packets == 40);
  CHECK(out.bytes == 6);
}

TEST_CASE("SAD-06: control is told at the soft limit, and where there is none at the hard one") {
  Sa sa = sample_sa(Direction::Inbound);
  sa.hard = {.bytes = 30, .packets = 40, .time = {}};
  CHECK(initial_inbound_state(sa).notify_bytes == 30);
  CHECK(initial_inbound_state(sa).notify_packets == 40);
  sa.soft.packets = 20;
  CHECK(initial_inbound_state(sa).notify_packets == 20);
}

TEST_CASE("ESP-10: the alarm before the last number stands in packets, use so far counted") {
  Sa sa = sample_sa(Direction::Outbound);
  sa.esn = false;
  CHECK(initial_outbound_state(sa).notify_packets == 0xffffffff - kSequenceMargin);
  sa.last_sequence = {100};
  sa.used.packets = 7;
  CHECK(initial_outbound_state(sa).notify_packets == 0xffffffff - kSequenceMargin - 100 + 7);
  sa.last_sequence = {0xffffff00};
  CHECK(initial_outbound_state(sa).notify_packets == 7);
  sa.last_sequence = {0};
  sa.soft.packets = 50;
  CHECK(initial_outbound_state(sa).notify_packets == 50);
  sa.esn = true;
  sa.soft.packets.reset();
  CHECK(initial_outbound_state(sa).notify_packets == ~0ull - kSequenceMargin + 7);
}

TEST_CASE("TUN-01: the inner families are those that the selectors allow") {
  Sa sa = sample_sa(Direction::Outbound);
  CHECK((compiled(sa).inner_v4 && compiled(sa).inner_v6));
  sa.selectors[0].local = {range("10.0.0.0/8")};
  CHECK((compiled(sa).inner_v4 && !compiled(sa).inner_v6));
  sa.selectors[0].local = {};
  sa.selectors[0].remote = {range("2001:db8::/32")};
  CHECK((!compiled(sa).inner_v4 && compiled(sa).inner_v6));
  sa.selectors.push_back({.local = {range("10.0.0.0/8")}, .remote = {}, .protocol = {}});
  CHECK((compiled(sa).inner_v4 && compiled(sa).inner_v6));
}

}  // namespace sallyport::compile_sa_test
