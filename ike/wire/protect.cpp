#include "ike/wire/protect.h"

#include <algorithm>

#include "ike/wire/append.h"
#include "ike/wire/header.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kFragmentHeaderBytes = 4;

}  // namespace

std::size_t Sealer::piece_bytes(std::size_t plain, std::size_t most_bytes) const noexcept {
  constexpr std::size_t kAround = kHeaderBytes + kGenericHeaderBytes + kFragmentHeaderBytes;
  const std::size_t whole = kHeaderBytes + kGenericHeaderBytes + cipher_.sealed_bytes(plain);
  if (most_bytes == 0 || whole <= most_bytes || most_bytes <= kAround) return 0;
  return cipher_.most_plain_bytes(most_bytes - kAround);
}

std::size_t Sealer::pieces(const PayloadChain& payloads, std::size_t most_bytes) const noexcept {
  const std::size_t plain = payloads.bytes().size();
  const std::size_t room = piece_bytes(plain, most_bytes);
  return room == 0 ? 1 : (plain + room - 1) / room;
}

std::vector<Octets> Sealer::seal(const Header& header, const PayloadChain& payloads,
                                 std::size_t most_bytes) const {
  const ByteView plain = payloads.bytes();
  const std::size_t room = piece_bytes(plain.size(), most_bytes);
  if (room == 0) return {seal_one(header, payloads.first(), plain, std::nullopt)};

  const auto total = static_cast<std::uint16_t>(pieces(payloads, most_bytes));
  std::vector<Octets> datagrams;
  for (std::uint16_t number = 1; number <= total; ++number) {
    const std::size_t begin = (number - 1u) * room;
    const ByteView piece = plain.subspan(begin, std::min(room, plain.size() - begin));
    const PayloadType first = number == 1 ? payloads.first() : PayloadType::None;
    datagrams.push_back(seal_one(header, first, piece, Fragment{number, total}));
  }
  return datagrams;
}

Octets Sealer::seal_one(Header header, PayloadType first, ByteView plain,
                        std::optional<Fragment> fragment) const {
  const std::size_t sealed = cipher_.sealed_bytes(plain.size());
  const std::size_t payload = kGenericHeaderBytes + (fragment ? kFragmentHeaderBytes : 0) + sealed;
  header.next = fragment ? PayloadType::EncryptedFragment : PayloadType::Encrypted;
  header.length = static_cast<std::uint32_t>(kHeaderBytes + payload);
  Octets message;
  message.reserve(header.length);
  write_header(message, header);
  append(message, static_cast<std::uint8_t>(first));
  append(message, std::uint8_t{0});
  append(message, static_cast<std::uint16_t>(payload));
  if (fragment) {
    append(message, fragment->number);
    append(message, fragment->total);
  }
  cipher_.seal(message, plain, next_iv_++, random_);
  return message;
}

std::optional<Opened> open_message(const Header& header, ByteView message,
                                   const IkeCipher& cipher) {
  const auto payloads = split_payloads(header.next, message.subspan(kHeaderBytes));
  if (!payloads || payloads->empty()) return std::nullopt;
  const RawPayload& last = payloads->back();
  const bool fragment = last.type == PayloadType::EncryptedFragment;
  if (last.type != PayloadType::Encrypted && !fragment) return std::nullopt;

  ByteView sealed = last.body;
  const std::size_t begin = static_cast<std::size_t>(sealed.data() - message.data());
  Opened opened{.first = static_cast<PayloadType>(message[begin - kGenericHeaderBytes])};
  if (fragment) {
    if (sealed.size() < kFragmentHeaderBytes) return std::nullopt;
    opened.fragment = load_be<std::uint16_t>(sealed.data());
    opened.fragments = load_be<std::uint16_t>(sealed.data() + 2);
    if (opened.fragment == 0 || opened.fragment > opened.fragments) return std::nullopt;
    sealed = sealed.subspan(kFragmentHeaderBytes);
  }
  auto plain = cipher.open(message.first(message.size() - sealed.size()), sealed);
  if (!plain) return std::nullopt;
  opened.plain = std::move(*plain);
  return opened;
}

}  // namespace sallyport::ike
