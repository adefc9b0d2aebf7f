// Fuzzes read_fragment() and DatagramPieces, the front of reassembly: no read past the end, and the
// pieces agree with a mark for each octet. The input is a row of datagrams, each behind its length
// (one octet, times 4); those of one key are put together.
#include <array>
#include <cstdlib>
#include <memory>

#include "net/checksum.h"
#include "net/datagram_pieces.h"
#include "net/fragment.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

// Lengths and the header checksum become right, so that the fuzzer need not find them out.
void repair(MutableBytes datagram) {
  if (datagram.size() >= 40 && datagram[0] >> 4 == 6)
    store_be(&datagram[4], static_cast<std::uint16_t>(datagram.size() - 40));
  if (datagram.size() < 20 || datagram[0] >> 4 != 4) return;
  store_be(&datagram[2], static_cast<std::uint16_t>(datagram.size()));
  const std::size_t header = std::min<std::size_t>((datagram[0] & 0x0fu) * 4u, datagram.size());
  store_be(&datagram[10], std::uint16_t{0});
  store_be(&datagram[10], checksum(datagram.first(header)));
}

// What has come of one datagram, by two ways of counting.
class Model {
 public:
  void add(const Fragment& fragment) {
    const auto size = static_cast<std::uint32_t>(fragment.data.size());
    const bool fits = free(fragment.offset, fragment.end()) && agrees_about_end(fragment);
    const PieceVerdict verdict = pieces_.add({fragment.offset, size, fragment.more});
    if (verdict == PieceVerdict::TooMany) return require(count_ == DatagramPieces::kMostPieces);
    require((verdict == PieceVerdict::Added) == fits);
    if (!fits) return;
    for (std::uint32_t i = fragment.offset; i < fragment.end(); ++i) seen_[i] = true;
    octets_ += size;
    if (!fragment.more) end_ = fragment.end();
    require(pieces_.count() == ++count_);
    require(pieces_.length() == end_);
    require(pieces_.complete() == (end_ != 0 && octets_ == end_));
  }

 private:
  [[nodiscard]] bool free(std::uint32_t first, std::uint32_t end) const {
    for (std::uint32_t i = first; i < end; ++i)
      if (seen_[i]) return false;
    return true;
  }
  [[nodiscard]] bool agrees_about_end(const Fragment& fragment) const {
    if (fragment.more) return end_ == 0 || fragment.end() <= end_;
    return end_ == 0 && free(fragment.end(), static_cast<std::uint32_t>(seen_.size()));
  }

  DatagramPieces pieces_;
  std::array<bool, 0x10000> seen_{};
  std::uint32_t octets_{};
  std::uint32_t end_{};
  unsigned count_{};
};

void check(ByteView datagram, const Fragment& fragment) {
  const auto inside = [&](ByteView part) {
    return part.data() >= datagram.data() &&
           part.data() + part.size() <= datagram.data() + datagram.size();
  };
  require(inside(fragment.headers) && inside(fragment.data));
  require(fragment.offset % 8 == 0 && !fragment.data.empty());
  require(fragment.end() <= 0xffff);
  require(!fragment.more || fragment.data.size() % 8 == 0);
  if (fragment.key.family == Family::V6)
    require(datagram[fragment.next_header_at] == kProtocolFragment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView input(data, size);
  const auto model = std::make_unique<Model>();
  std::optional<FragmentKey> key;
  while (!input.empty()) {
    const std::size_t length = std::min<std::size_t>(4u * input[0], input.size() - 1);
    const auto exact = std::make_unique<std::uint8_t[]>(length);
    const MutableBytes datagram(exact.get(), length);
    std::ranges::copy(input.subspan(1, length), datagram.begin());
    input = input.subspan(1 + length);
    repair(datagram);
    PacketSummary summary;
    if (summarize(datagram, summary) != ParseVerdict::Good || !summary.fragment) continue;
    Fragment fragment;
    if (read_fragment(datagram, summary, fragment) != FragmentVerdict::Good) continue;
    check(datagram, fragment);
    if (!key) key = fragment.key;
    if (*key == fragment.key) model->add(fragment);
  }
  return 0;
}
