// Who knows the keys of one end of an IKE SA and says with them whatever it likes, even when that
// end is no more.
#pragma once

#include "ike/wire/protect.h"
#include "tests/ike/two_peers.h"

namespace sallyport::ike::test {

// Payloads as they stand in SK, of any sort.
struct Words {
  PayloadType first{PayloadType::None};
  Octets bytes{};
};
[[nodiscard]] Words words_of(const PayloadChain& payloads);
enum class Critical : std::uint8_t { No, Yes };
// One payload with its generic header, which is the last.
[[nodiscard]] Words unknown_payload(std::uint8_t type, Critical critical);

enum class Way : std::uint8_t { Request, Response };

struct Heard {
  Header header;
  Message message;
};

class Impostor {
 public:
  // Speaks as the end that `as` is.
  explicit Impostor(const IkeSa& as);

  [[nodiscard]] Datagram says(ExchangeType exchange, Way way, MessageId id,
                              const Words& words = {});
  // The same in two fragments of which only the `number`-th is given.
  [[nodiscard]] Datagram says_fragment(ExchangeType exchange, MessageId id, std::uint16_t number);
  // What the other end has sent to this one, whole; nullopt where it is not under the keys.
  [[nodiscard]] std::optional<Heard> hears(const Datagram& datagram) const;

 private:
  [[nodiscard]] Header header_of(ExchangeType exchange, Way way, MessageId id) const;

  Side side_;
  IkeSpi initiator_spi_;
  IkeSpi responder_spi_;
  Path path_;
  IkeCipher ours_;
  IkeCipher theirs_;
  std::uint64_t next_iv_{std::uint64_t{1} << 40};  // far from those that are really used
  FixedRandom random_{77};
};

}  // namespace sallyport::ike::test
