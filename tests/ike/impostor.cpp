#include "tests/ike/impostor.h"

#include "ike/wire/append.h"

namespace sallyport::ike::test {
namespace {

IkeCipher copy_of(const IkeCipher& cipher) {
  return {cipher.transform(), cipher.encryption_key(), cipher.integrity_key()};
}

}  // namespace

Words words_of(const PayloadChain& payloads) { return {payloads.first(), payloads.bytes()}; }

Words unknown_payload(std::uint8_t type, Critical critical) {
  const std::uint8_t flags = critical == Critical::Yes ? 0x80 : 0;
  return {static_cast<PayloadType>(type), Octets{0, flags, 0, 6, 1, 2}};
}

Impostor::Impostor(const IkeSa& as)
    : side_(as.side),
      initiator_spi_(as.initiator_spi),
      responder_spi_(as.responder_spi),
      path_(as.path),
      ours_(copy_of(as.our_cipher())),
      theirs_(copy_of(as.peer_cipher())) {}

Header Impostor::header_of(ExchangeType exchange, Way way, MessageId id) const {
  const std::uint8_t initiator = side_ == Side::Initiator ? kInitiatorFlag : 0;
  const std::uint8_t response = way == Way::Response ? kResponseFlag : 0;
  return {.initiator_spi = initiator_spi_,
          .responder_spi = responder_spi_,
          .exchange = exchange,
          .flags = static_cast<std::uint8_t>(initiator | response),
          .message_id = id};
}

Datagram Impostor::says(ExchangeType exchange, Way way, MessageId id, const Words& words) {
  const std::size_t payload = 4 + ours_.sealed_bytes(words.bytes.size());
  Header header = header_of(exchange, way, id);
  header.next = PayloadType::Encrypted;
  header.length = static_cast<std::uint32_t>(kHeaderBytes + payload);
  Octets message;
  write_header(message, header);
  append(message, static_cast<std::uint8_t>(words.first));
  append(message, std::uint8_t{0});
  append(message, static_cast<std::uint16_t>(payload));
  ours_.seal(message, words.bytes, next_iv_++, random_);
  return {path_, message};
}

Datagram Impostor::says_fragment(ExchangeType exchange, MessageId id, std::uint16_t number) {
  PayloadChain chain;
  chain.vendor_id(Octets(200, 0x33));
  const auto pieces =
      Sealer(ours_, next_iv_, random_).seal(header_of(exchange, Way::Request, id), chain, 200);
  return {path_, pieces.at(number - 1u)};
}

std::optional<Heard> Impostor::hears(const Datagram& datagram) const {
  const auto header = parse_header(datagram.message);
  if (!header) return std::nullopt;
  const auto opened = open_message(*header, datagram.message, theirs_);
  if (!opened || opened->fragment != 0) return std::nullopt;
  auto message = parse_message(opened->first, opened->plain);
  if (!message) return std::nullopt;
  return Heard{*header, std::move(*message)};
}

}  // namespace sallyport::ike::test
