#include "bench/generator/frames.h"

#include <catch2/catch.hpp>

#include <set>

#include "net/checksum.h"
#include "net/packet_summary.h"
#include "net/protocol.h"

namespace sallyport::bench::frames_test {
namespace {

constexpr MacAddress kSource{{2, 0, 0, 0, 0, 1}};
constexpr MacAddress kGateway{{2, 0, 0, 0, 0, 10}};

Frames::Settings settings(Family family, std::uint16_t size) {
  const bool v4 = family == Family::V4;
  return {.size = size,
          .from = *Address::parse(v4 ? "10.1.0.2" : "2001:db8:1::2"),
          .to = *Address::parse(v4 ? "10.2.0.2" : "2001:db8:2::2"),
          .destinations = 3,
          .flows = 12,
          .source = kSource,
          .gateway = kGateway};
}

std::vector<std::uint8_t> frame(const Frames& frames, std::uint64_t number) {
  std::vector<std::uint8_t> octets(frames.frame_bytes());
  frames.write({.trial = 7, .number = number, .sent_at = 99 + number}, octets.data());
  return octets;
}

}  // namespace

TEST_CASE("a frame is a whole UDP packet with right checksums and its stamp") {
  const Family family = GENERATE(Family::V4, Family::V6);
  const std::uint16_t size = GENERATE(as<std::uint16_t>{}, 0, 101, 1400, 9000);
  const std::uint16_t octets = size == 0 ? Frames::least_size(family) : size;
  const auto frames = Frames::make(settings(family, octets));
  REQUIRE(frames);
  const std::uint64_t number = GENERATE(0, 5, 11, 123'456'789);
  const auto written = frame(*frames, number);
  REQUIRE(written.size() == 14u + octets);
  CHECK(std::equal(kGateway.bytes.begin(), kGateway.bytes.end(), written.begin()));
  PacketSummary summary;
  REQUIRE(summarize(ByteView(written).subspan(14), summary) == ParseVerdict::Good);
  CHECK(summary.length == octets);
  REQUIRE(summary.protocol == kProtocolUdp);
  const ByteView udp = ByteView(written).subspan(14u + summary.upper_offset);
  const auto length = static_cast<std::uint32_t>(udp.size());
  CHECK(load_be<std::uint16_t>(&udp[4]) == length);
  const std::uint32_t pseudo = pseudo_header_sum(
      summary.source_address(), summary.destination_address(), kProtocolUdp, length);
  CHECK(checksum_finish(checksum_add(udp, pseudo)) == 0);
  const Stamp stamp = Stamp::read(&udp[8]);
  CHECK(stamp.magic == Stamp::kMagic);
  CHECK(stamp.trial == 7);
  CHECK(stamp.number == number);
  CHECK(stamp.sent_at == 99 + number);
}

TEST_CASE("packets go over all flows and destinations in turn") {
  const auto frames = Frames::make(settings(Family::V4, 64));
  REQUIRE(frames);
  std::set<std::pair<std::uint32_t, std::uint16_t>> flows;
  std::set<std::uint32_t> destinations;
  for (std::uint64_t number = 0; number < 12; ++number) {
    PacketSummary summary;
    const auto written = frame(*frames, number);
    REQUIRE(summarize(ByteView(written).subspan(14), summary) == ParseVerdict::Good);
    destinations.insert(summary.destination_address().v4_value());
    flows.emplace(summary.destination_address().v4_value(), summary.source_port);
  }
  CHECK(flows.size() == 12);
  CHECK(destinations == std::set<std::uint32_t>{0x0a020002, 0x0a020003, 0x0a020004});
}

TEST_CASE("frames that cannot be are refused") {
  const auto refused = [](auto change) {
    Frames::Settings wrong = settings(Family::V4, 64);
    change(wrong);
    const auto made = Frames::make(wrong);
    return !made && made.error().code == Error::Code::Invalid;
  };
  CHECK(refused([](auto& s) { s.size = 51; }));
  CHECK(refused([](auto& s) { s.size = 9001; }));
  CHECK(refused([](auto& s) { s.from = *Address::parse("2001:db8::1"); }));
  CHECK(refused([](auto& s) { s.destinations = 0; }));
  CHECK(refused([](auto& s) { s.flows = 2; }));
  CHECK(refused([](auto& s) { s.flows = 3 * 0x10000; }));
  CHECK(refused([](auto& s) { s.to = *Address::parse("255.255.255.254"); }));
}

}  // namespace sallyport::bench::frames_test
