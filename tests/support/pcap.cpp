#include "tests/support/pcap.h"

#include <bit>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/bytes.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kSnapshotLength = 0x40000;

// Reads in the byte order that the magic number shows.
class PcapReader {
 public:
  explicit PcapReader(ByteView bytes) : bytes_(bytes) {}

  [[nodiscard]] std::optional<std::uint32_t> u32() {
    const auto value = bytes_.read<std::uint32_t>();
    return value && little_ ? std::optional(__builtin_bswap32(*value)) : value;
  }
  [[nodiscard]] bool header(Capture& capture) {
    std::optional<std::uint32_t> magic = u32();
    if (magic == __builtin_bswap32(kMicroseconds) || magic == __builtin_bswap32(kNanoseconds)) {
      little_ = true;
      magic = __builtin_bswap32(*magic);
    }
    if (magic != kMicroseconds && magic != kNanoseconds) return false;
    unit_ = magic == kNanoseconds ? 1 : 1000;
    if (!bytes_.take(16)) return false;
    const auto link_type = u32();
    capture.link_type = link_type.value_or(0);
    return link_type.has_value();
  }
  [[nodiscard]] std::optional<CapturedPacket> packet() {
    const auto seconds = u32();
    const auto fraction = u32();
    const auto captured = u32();
    const auto original = u32();
    if (!original || captured != original) return std::nullopt;
    const auto bytes = bytes_.take(*captured);
    if (!bytes) return std::nullopt;
    return CapturedPacket{
        std::chrono::seconds{*seconds} + std::chrono::nanoseconds{std::int64_t{*fraction} * unit_},
        {bytes->begin(), bytes->end()}};
  }
  [[nodiscard]] bool at_end() const { return bytes_.remaining() == 0; }

 private:
  ByteReader bytes_;
  bool little_{};
  std::int64_t unit_{};
};

void append_u32(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  bytes.resize(bytes.size() + sizeof value);
  store_be(&bytes[bytes.size() - sizeof value], value);
}

}  // namespace

Expected<Capture> read_pcap(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(Error::Code::Io, "cannot be read", {}, file);
  const std::vector<char> text{std::istreambuf_iterator<char>(stream), {}};
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  PcapReader reader(bytes);
  Capture capture;
  if (!reader.header(capture)) return fail(Error::Code::Invalid, "is not a pcap file", {}, file);
  while (!reader.at_end()) {
    std::optional<CapturedPacket> packet = reader.packet();
    if (!packet) return fail(Error::Code::Invalid, "holds a packet that was cut", {}, file);
    capture.packets.push_back(std::move(*packet));
  }
  return capture;
}

Expected<void> write_pcap(const std::filesystem::path& file, const Capture& capture) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint32_t word :
       {kNanoseconds, 0x00020004u, 0u, 0u, kSnapshotLength, capture.link_type})
    append_u32(bytes, word);
  for (const CapturedPacket& packet : capture.packets) {
    const auto size = static_cast<std::uint32_t>(packet.bytes.size());
    append_u32(bytes, static_cast<std::uint32_t>(packet.time.count() / 1'000'000'000));
    append_u32(bytes, static_cast<std::uint32_t>(packet.time.count() % 1'000'000'000));
    append_u32(bytes, size);
    append_u32(bytes, size);
    bytes.insert(bytes.end(), packet.bytes.begin(), packet.bytes.end());
  }
  std::ofstream stream(file, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) return fail(Error::Code::Io, "cannot be written", {}, file);
  return {};
}

}  // namespace sallyport
