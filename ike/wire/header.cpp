#include "ike/wire/header.h"

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

constexpr std::size_t kLengthOffset = 24;

}  // namespace

std::optional<Header> parse_header(ByteView message) noexcept {
  if (message.size() < kHeaderBytes) return std::nullopt;
  const std::uint8_t* const at = message.data();
  const Header header{.initiator_spi = {load_be<std::uint64_t>(at)},
                      .responder_spi = {load_be<std::uint64_t>(at + 8)},
                      .next = static_cast<PayloadType>(at[16]),
                      .version = at[17],
                      .exchange = static_cast<ExchangeType>(at[18]),
                      .flags = at[19],
                      .message_id = load_be<std::uint32_t>(at + 20),
                      .length = load_be<std::uint32_t>(at + kLengthOffset)};
  if (header.length != message.size()) return std::nullopt;
  return header;
}

void write_header(std::vector<std::uint8_t>& message, const Header& header) {
  append(message, header.initiator_spi.value);
  append(message, header.responder_spi.value);
  append(message, static_cast<std::uint8_t>(header.next));
  append(message, header.version);
  append(message, static_cast<std::uint8_t>(header.exchange));
  append(message, header.flags);
  append(message, header.message_id);
  append(message, header.length);
}

void set_length(std::vector<std::uint8_t>& message) noexcept {
  store_be<std::uint32_t>(message.data() + kLengthOffset,
                          static_cast<std::uint32_t>(message.size()));
}

}  // namespace sallyport::ike
