// SK and SKF: payloads of a message under the IKE SA's keys, whole or in fragments (RFC 7296 3.14,
// 7383 2.5; IKE-81, IKE-82, IFRAG-02).
#pragma once

#include <optional>
#include <vector>

#include "base/random.h"
#include "crypto/ike_cipher.h"
#include "ike/wire/header.h"
#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"

namespace sallyport::ike {

// Seals what one side sends under its keys; each sealed datagram takes a number of its own, which
// combined modes use as IV.
class Sealer {
 public:
  Sealer(const IkeCipher& cipher, std::uint64_t& next_iv, Random& random) noexcept
      : cipher_(cipher), next_iv_(next_iv), random_(random) {}

  // One datagram where it fits in `most_bytes` (0: always), else one for each fragment.
  [[nodiscard]] std::vector<Octets> seal(const Header& header, const PayloadChain& payloads,
                                         std::size_t most_bytes) const;
  // So many datagrams would that be.
  [[nodiscard]] std::size_t pieces(const PayloadChain& payloads,
                                   std::size_t most_bytes) const noexcept;

 private:
  struct Fragment {
    std::uint16_t number;
    std::uint16_t total;
  };
  // Octets of payloads in each but the last; 0 where they go whole.
  [[nodiscard]] std::size_t piece_bytes(std::size_t plain, std::size_t most_bytes) const noexcept;
  [[nodiscard]] Octets seal_one(Header header, PayloadType first, ByteView plain,
                                std::optional<Fragment> fragment) const;

  const IkeCipher& cipher_;
  std::uint64_t& next_iv_;
  Random& random_;
};

// What stands in SK or SKF, once its ICV has been found right.
struct Opened {
  PayloadType first{PayloadType::None};
  Octets plain{};
  std::uint16_t fragment{};  // 1 and up; 0: it was whole
  std::uint16_t fragments{};
};
// Nullopt where there is neither SK nor SKF as the last payload, where its ICV is wrong, or where
// fragment numbers are impossible: such a message is dropped (IKE-31).
[[nodiscard]] std::optional<Opened> open_message(const Header& header, ByteView message,
                                                 const IkeCipher& cipher);

}  // namespace sallyport::ike
