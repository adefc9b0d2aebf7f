// Fuzzes SK and SKF payloads: arbitrary octets under a fixed key are not opened, what is sealed
// opens to the same, whole and in fragments, and damaged it does not (IKE-31, IKE-81, IKE-82,
// IFRAG-02).
#include <array>
#include <cstdlib>

#include "ike/wire/fragment_assembly.h"
#include "tests/support/fixed_random.h"

namespace {

using namespace sallyport;
using namespace sallyport::ike;

constexpr std::array kTransforms{Transform{Cipher::AesGcm16_128, Integrity::None},
                                 Transform{Cipher::AesCbc128, Integrity::HmacSha256_128},
                                 Transform{Cipher::ChaCha20Poly1305, Integrity::None},
                                 Transform{Cipher::AesCtr128, Integrity::AesXcbc_96},
                                 Transform{Cipher::AesCcm8_128, Integrity::None}};

void require(bool condition) {
  if (!condition) std::abort();
}

IkeCipher cipher_of(Transform transform) {
  const Octets encryption(IkeCipher::encryption_key_bytes(transform), 0x11);
  const Octets integrity(IkeCipher::integrity_key_bytes(transform), 0x22);
  return {transform, encryption, integrity};
}

std::optional<Opened> open(const Octets& message, const IkeCipher& cipher) {
  const auto header = parse_header(message);
  return header ? open_message(*header, message, cipher) : std::nullopt;
}

void open_anything(ByteView input, const IkeCipher& cipher) {
  if (input.size() < kHeaderBytes) return;
  Octets message(input.begin(), input.end());
  set_length(message);
  // Nobody guesses an ICV.
  require(!open(message, cipher));
}

// All of them together, each opened.
Opened join(const std::vector<Octets>& datagrams, const IkeCipher& cipher) {
  FragmentAssembly assembly;
  std::optional<Opened> whole;
  for (const Octets& datagram : datagrams) {
    auto opened = open(datagram, cipher);
    require(opened.has_value());
    if (opened->fragment == 0) return *opened;
    whole = assembly.add(0, std::move(*opened));
  }
  require(whole.has_value() || datagrams.size() > FragmentAssembly::kMostFragments);
  return whole.value_or(Opened{});
}

struct Damage {
  std::size_t datagram;
  std::size_t at;
  std::uint8_t by;
};

void seal_and_open(ByteView plain, std::size_t most_bytes, const Damage& damage,
                   const IkeCipher& cipher) {
  PayloadChain chain;
  chain.vendor_id(plain);
  std::uint64_t next_iv = 0;
  FixedRandom random;
  const Header header{.initiator_spi = {1}, .responder_spi = {2}, .message_id = 3};
  const auto datagrams = Sealer(cipher, next_iv, random).seal(header, chain, most_bytes);
  require(next_iv == datagrams.size());
  const Opened whole = join(datagrams, cipher);
  require(datagrams.size() > FragmentAssembly::kMostFragments ||
          (whole.first == PayloadType::VendorId && whole.plain == chain.bytes()));
  Octets damaged = datagrams[damage.datagram % datagrams.size()];
  damaged[damage.at % damaged.size()] ^= damage.by;
  require(open(damaged, cipher).has_value() == (damage.by == 0));
}

}  // namespace

// Five octets say how: transform, size of datagrams, and what is damaged; the rest is sealed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSaid = 5;
  if (size < kSaid || size > 8192) return 0;
  const IkeCipher cipher = cipher_of(kTransforms[data[0] % kTransforms.size()]);
  const ByteView rest(data + kSaid, size - kSaid);
  open_anything(rest, cipher);
  seal_and_open(rest, std::size_t{data[1]} * 4,
                {.datagram = data[2], .at = load_be<std::uint16_t>(data + 2), .by = data[4]},
                cipher);
  return 0;
}
