#include "tests/support/pcap.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

namespace sallyport::pcap_test {
namespace {

// A file name of this test's own, removed at its end.
struct TemporaryFile {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("sallyport-pcap-" + std::to_string(getpid()));
  ~TemporaryFile() { std::filesystem::remove(path); }
  void write(const std::vector<std::uint8_t>& bytes) const {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
};

TEST_CASE("pcap: what was written is read") {
  const TemporaryFile file;
  const Capture capture{kLinkRawIp,
                        {{std::chrono::nanoseconds{1'700'000'000'123'456'789}, {1, 2, 3}},
                         {std::chrono::nanoseconds{5}, {}},
                         {std::chrono::nanoseconds{6}, std::vector<std::uint8_t>(9000, 0xab)}}};
  REQUIRE(write_pcap(file.path, capture));
  CHECK(read_pcap(file.path).value() == capture);
}

TEST_CASE("pcap: little-endian microseconds, as the tools write them; cut files are refused") {
  const TemporaryFile file;
  std::vector<std::uint8_t> bytes{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0,    0,
                                  0,    0,    0,    0,    4, 0, 1, 0, 0, 0, 3, 0, 0,    0,
                                  7,    0,    0,    0,    2, 0, 0, 0, 2, 0, 0, 0, 0xaa, 0xbb};
  file.write(bytes);
  const Capture capture = read_pcap(file.path).value();
  CHECK(capture.link_type == kLinkEthernet);
  REQUIRE(capture.packets.size() == 1);
  CHECK(capture.packets[0].time == std::chrono::microseconds{3'000'007});
  CHECK(capture.packets[0].bytes == std::vector<std::uint8_t>{0xaa, 0xbb});

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (size == 24) continue;  // no packet at all is a capture too
    file.write({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    CHECK_FALSE(read_pcap(file.path));
  }
  bytes[36] = 3;  // captured 2 octets of 3
  file.write(bytes);
  CHECK_FALSE(read_pcap(file.path));
  CHECK_FALSE(read_pcap("/nonexistent/file.pcap"));
}

}  // namespace
}  // namespace sallyport::pcap_test
