#include "sad/sa.h"

#include <catch2/catch.hpp>
#include <functional>

#include "tests/sad/sample_sa.h"

namespace sallyport::sa_test {
namespace {

using test::sample_sa;

struct Refusal {
  const char* why;
  std::function<void(Sa&)> spoil;
};

// Every case is one change to an SA that is good without it.
void check_refused(Direction direction, const std::vector<Refusal>& refusals) {
  REQUIRE(validate(sample_sa(direction)));
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.why);
    Sa sa = sample_sa(direction);
    refusal.spoil(sa);
    const auto said = validate(sa);
    REQUIRE_FALSE(said);
    CHECK(said.error().code == Error::Code::Invalid);
    CHECK(said.error().what.find(refusal.why) != std::string::npos);
    CHECK_FALSE(said.error().remedy.empty());
  }
}

}  // namespace

TEST_CASE("SAD-01, ALG-03: every algorithm is taken with its own key lengths and no other") {
  for (const CipherFacts& cipher : all_ciphers()) {
    for (const IntegrityFacts& integrity : all_integrities()) {
      CAPTURE(cipher.name, integrity.name);
      Sa sa = sample_sa(Direction::Inbound);
      test::set_transform(sa, {cipher.id, integrity.id});
      const bool sound =
          cipher.combined() == (integrity.id == Integrity::None) && !integrity.ah_only();
      CHECK(validate(sa).has_value() == sound);
      if (!sound) continue;
      Sa other = sample_sa(Direction::Inbound);
      test::set_transform(other, {cipher.id, integrity.id});
      const std::size_t other_size = integrity.key_bytes == 64 ? 63 : integrity.key_bytes + 1u;
      other.integrity_key = test::counting_key<64>(other_size, 0);
      CHECK_FALSE(validate(other));
      if (cipher.key_bytes == 0) continue;
      sa.cipher_key = test::counting_key<32>(cipher.key_bytes - 1u, 0);
      CHECK_FALSE(validate(sa));
    }
  }
}

TEST_CASE("ESP-06, RPL-01: encryption without integrity is refused, and so a window without it") {
  check_refused(Direction::Inbound,
                {{"without integrity",
                  [](Sa& sa) { test::set_transform(sa, {Cipher::AesCbc128, Integrity::None}); }},
                 {"without integrity",
                  [](Sa& sa) { test::set_transform(sa, {Cipher::Null, Integrity::None}); }},
                 {"brings its own", [](Sa& sa) {
                    test::set_transform(sa, {Cipher::AesGcm16_128, Integrity::HmacSha1_96});
                  }}});
}

TEST_CASE("ALG-10: an implicit IV is for unicast SAs, and never for AH") {
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    Sa sa = sample_sa(direction);
    test::set_transform(sa, {Cipher::AesGcm16Iiv128, Integrity::None});
    CHECK(validate(sa));
    Sa group = sa.duplicate();
    (direction == Direction::Outbound ? group.endpoints.remote : group.endpoints.local) =
        Address::parse("233.252.0.1").value();
    const auto said = validate(group);
    REQUIRE_FALSE(said);
    CHECK(said.error().what.find("one sender") != std::string::npos);
    test::set_transform(group, {Cipher::AesGcm16_128, Integrity::None});
    CHECK(validate(group));
    sa.protocol = IpsecProtocol::Ah;
    CHECK_FALSE(validate(sa));
  }
}

TEST_CASE("ESP-14, ESP-15, ESP-16: padding and dummies are for outbound ESP that can bear them") {
  const auto pads = [](Sa& sa) { sa.tfc_bytes = 100; };
  const auto sends_dummies = [](Sa& sa) { sa.dummies = {.per_second = 1, .bytes = 1}; };
  check_refused(Direction::Inbound, {{"outbound ESP", pads}, {"outbound ESP", sends_dummies}});
  check_refused(Direction::Outbound,
                {{"tunnel mode",
                  [](Sa& sa) {
                    sa.tfc_multiple = 64;
                    sa.mode = IpsecMode::Transport;
                  }},
                 {"a multiple of 100", [](Sa& sa) { sa.tfc_multiple = 100; }},
                 {"need a size", [](Sa& sa) { sa.dummies.per_second = 1; }},
                 {"a rate", [](Sa& sa) { sa.dummies = {.per_second = 10001, .bytes = 1}; }}});
  for (const auto& wanted : {+pads, +sends_dummies}) {
    Sa sa = sample_sa(Direction::Outbound);
    wanted(sa);
    CHECK(validate(sa));
  }
}

TEST_CASE("ESP-06: confidentiality alone is to be had where it is asked for, without a window") {
  Sa sa = sample_sa(Direction::Inbound);
  test::set_transform(sa, {Cipher::AesCbc128, Integrity::None});
  sa.unauthenticated_allowed = true;
  sa.esn = false;
  CHECK_FALSE(validate(sa));
  sa.replay_window = 0;
  CHECK(validate(sa));
  test::set_transform(sa, {Cipher::Null, Integrity::None});
  CHECK_FALSE(validate(sa));
}

TEST_CASE("AH-17: AH takes integrity and nothing that encrypts") {
  Sa sa = sample_sa(Direction::Inbound);
  sa.protocol = IpsecProtocol::Ah;
  CHECK_FALSE(validate(sa));
  test::set_transform(sa, {Cipher::Null, Integrity::HmacSha256_128});
  CHECK(validate(sa));
  test::set_transform(sa, {Cipher::Null, Integrity::None});
  CHECK_FALSE(validate(sa));
}

TEST_CASE("AH-03, ALG-15: what AH alone has, and what it cannot have") {
  const auto ah = [](auto change) {
    return [change](Sa& sa) {
      sa.protocol = IpsecProtocol::Ah;
      test::set_transform(sa, {Cipher::Null, Integrity::HmacSha256_128});
      change(sa);
    };
  };
  const auto nowhere = [](Sa& sa) {
    sa.mode = IpsecMode::Transport;
    sa.endpoints = {};
    sa.selectors = {Selector{}};
  };
  check_refused(
      Direction::Inbound,
      {{"cannot be aligned to 16", ah([](Sa& sa) { sa.ah_alignment = 16; })},
       {"traffic flow padding is for outbound ESP", ah([](Sa& sa) { sa.tfc_bytes = 100; })},
       {"cannot be encapsulated", ah([](Sa& sa) { sa.encapsulation.emplace(); })},
       {"IPv4 or IPv6", ah(nowhere)},
       {"the salt has 0 octets", ah([](Sa& sa) {
          test::set_transform(sa, {Cipher::Null, Integrity::AesGmac128});
          sa.salt = {};
        })},
       {"for AH only",
        [](Sa& sa) { test::set_transform(sa, {Cipher::Null, Integrity::AesGmac128}); }}});
  Sa sa = sample_sa(Direction::Inbound);
  ah([](Sa& good) {
    test::set_transform(good, {Cipher::Null, Integrity::AesGmac256});
    good.ah_alignment = 8;
  })(sa);
  CHECK(validate(sa));
}

TEST_CASE("SAD-03, RPL-01: reserved SPIs and windows that are not offered are refused") {
  check_refused(Direction::Inbound,
                {{"SPI 0 is reserved", [](Sa& sa) { sa.spi = Spi{0}; }},
                 {"SPI 255 is reserved", [](Sa& sa) { sa.spi = Spi{255}; }},
                 {"window of 31", [](Sa& sa) { sa.replay_window = 31; }},
                 {"window of 65537", [](Sa& sa) { sa.replay_window = 65537; }}});
  Sa sa = sample_sa(Direction::Inbound, 256);
  CHECK(sa.replay_window >= 64);
  for (const std::uint32_t window : {32u, 64u, 65536u}) {
    sa.replay_window = window;
    CHECK(validate(sa));
  }
}

TEST_CASE("RPL-06: a negotiated inbound SA has no ESN without a replay window") {
  check_refused(Direction::Inbound,
                {{"need a replay window", [](Sa& sa) { sa.replay_window = 0; }}});
  Sa sa = sample_sa(Direction::Inbound);
  sa.replay_window = 0;
  sa.esn = false;
  CHECK(validate(sa));
  Sa configured = sample_sa(Direction::Inbound);
  configured.replay_window = 0;
  configured.static_key = true;
  CHECK(validate(configured));
  Sa outbound = sample_sa(Direction::Outbound);
  outbound.replay_window = 0;
  CHECK(validate(outbound));
}

TEST_CASE("SAD-01: what no SA may be is refused with a reason and a remedy") {
  using std::chrono::seconds;
  check_refused(
      Direction::Outbound,
      {{"needs a name", [](Sa& sa) { sa.name.clear(); }},
       {"different families", [](Sa& sa) { sa.endpoints.remote = test::address("2001:db8::1"); }},
       {"needs both endpoints", [](Sa& sa) { sa.endpoints.local = Address::any(Family::V4); }},
       {"multicast", [](Sa& sa) { sa.endpoints.local = test::address("224.0.0.9"); }},
       {"port 0", [](Sa& sa) { sa.encapsulation = UdpEncapsulation{.local_port = 0}; }},
       {"hop limit", [](Sa& sa) { sa.header.hop_limit = 0; }},
       {"20 bits", [](Sa& sa) { sa.header.flow_label = 0x100000; }},
       {"64 entries", [](Sa& sa) { sa.header.dscp = {DscpRule::Kind::Map, 0, {1, 2}}; }},
       {"64 entries",
        [](Sa& sa) {
          sa.header.dscp = {DscpRule::Kind::Map, 0, std::vector<std::uint8_t>(64, 64)};
        }},
       {"six bits", [](Sa& sa) { sa.header.dscp.fixed = 64; }},
       {"six bits", [](Sa& sa) { sa.dscp = {0, 64}; }},
       {"soft lifetime", [](Sa& sa) { sa.soft.bytes = 2, sa.hard.bytes = 1; }},
       {"soft lifetime", [](Sa& sa) { sa.soft.packets = 2, sa.hard.packets = 1; }},
       {"soft lifetime", [](Sa& sa) { sa.soft.time = seconds{2}, sa.hard.time = seconds{1}; }},
       {"past the end", [](Sa& sa) { sa.esn = false, sa.last_sequence = {1ull << 32}; }},
       {"without selectors", [](Sa& sa) { sa.selectors.clear(); }}});
  check_refused(Direction::Inbound, {{"needs the local address",
                                      [](Sa& sa) {
                                        sa.lookup = SaLookup::SpiDestination;
                                        sa.endpoints.local = Address::any(Family::V4);
                                      }},
                                     {"needs the remote address", [](Sa& sa) {
                                        sa.lookup = SaLookup::SpiDestinationSource;
                                        sa.endpoints.remote = Address::any(Family::V4);
                                      }}});
}

TEST_CASE("ARCH-04: a pair of SAs has one mode and one protocol") {
  Sa outbound = sample_sa(Direction::Outbound, 0x1000, "there");
  Sa inbound = sample_sa(Direction::Inbound, 0x2000, "back");
  CHECK(validate_pair(outbound, inbound));
  CHECK_FALSE(validate_pair(inbound, outbound));
  inbound.mode = IpsecMode::Transport;
  CHECK(validate_pair(outbound, inbound).error().what ==
        "a pair of tunnel and transport mode cannot work");
  inbound.mode = IpsecMode::Tunnel;
  inbound.protocol = IpsecProtocol::Ah;
  CHECK(validate_pair(outbound, inbound).error().what == "a pair of esp and ah cannot work");
}

TEST_CASE("MAN-02, RPL-06: ESN and a replay window on a configured SA draw a warning each") {
  Sa inbound = sample_sa(Direction::Inbound);
  CHECK(warnings(inbound).empty());
  inbound.static_key = true;
  CHECK(warnings(inbound).size() == 2);
  inbound.replay_window = 0;
  REQUIRE(warnings(inbound).size() == 2);
  CHECK(warnings(inbound)[1].find("guessed") != std::string::npos);
  inbound.esn = false;
  CHECK(warnings(inbound).empty());
  Sa outbound = sample_sa(Direction::Outbound);
  outbound.static_key = true;
  CHECK(warnings(outbound).size() == 1);
}

TEST_CASE("ALG-20: two senders share nonces where numbers make them under one key and salt") {
  const auto sender = [](std::string_view transform) {
    Sa sa = sample_sa(Direction::Outbound);
    const Transform parsed = parse_transform(transform).value();
    if (facts(parsed.integrity).ah_only()) sa.protocol = IpsecProtocol::Ah;
    test::set_transform(sa, parsed);
    return sa;
  };
  for (const char* counting : {"aes128-gcm16", "aes128-ctr+hmac-sha1-96", "aes128-ccm16",
                               "chacha20-poly1305", "aes128-gmac", "aes128-gcm16-iiv"}) {
    CAPTURE(counting);
    Sa other = sender(counting);
    CHECK(shares_nonces(sender(counting), other));
    other.spi = Spi{0x9999};
    CHECK(shares_nonces(sender(counting), other));
    other.direction = Direction::Inbound;
    CHECK_FALSE(shares_nonces(sender(counting), other));
    other = sender(counting);
    other.salt = test::counting_key<4>(other.salt.size(), 7);
    CHECK_FALSE(shares_nonces(sender(counting), other));
    other = sender(counting);
    other.cipher_key = test::counting_key<32>(other.cipher_key.size(), 7);
    CHECK_FALSE(shares_nonces(sender(counting), other));
  }
  // One key, one salt, another mode of it: the key stream is the same.
  CHECK(shares_nonces(sender("aes128-gcm16"), sender("aes128-ctr+hmac-sha1-96")));
  CHECK_FALSE(shares_nonces(sender("aes128-cbc+hmac-sha1-96"), sender("aes128-cbc+hmac-sha1-96")));
}

TEST_CASE("MAN-03: each direction may have its own key, equal ones draw a warning") {
  Sa outbound = sample_sa(Direction::Outbound, 0x1000, "there");
  Sa inbound = sample_sa(Direction::Inbound, 0x2000, "back");
  CHECK(pair_warnings(outbound, inbound).size() == 1);
  inbound.cipher_key = test::counting_key<32>(16, 99);
  CHECK(pair_warnings(outbound, inbound).empty());
  test::set_transform(outbound, {Cipher::Null, Integrity::HmacSha1_96});
  test::set_transform(inbound, {Cipher::AesCbc128, Integrity::HmacSha1_96});
  CHECK(pair_warnings(outbound, inbound).size() == 1);
}

}  // namespace sallyport::sa_test
