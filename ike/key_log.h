// Lines of a key log as Wireshark reads them: one of its table "ikev2_decryption_table" for each
// IKE SA, one of "esp_sa" for each ESP SA (IKE-83). Pure. They hold secrets: whoever has a line
// reads what its SA protects.
#pragma once

#include <optional>

#include "base/secret.h"
#include "ike/ike_sa.h"
#include "sad/sa.h"

namespace sallyport::ike {

// SPIi, SPIr, SK_ei, SK_er, cipher, SK_ai, SK_ar, integrity; with a line end. Nullopt before there
// are keys, and where Wireshark has no name for the cipher: ChaCha20-Poly1305, Camellia.
[[nodiscard]] std::optional<SecretBytes> ike_key_line(const IkeSa& sa);
// Family, source, destination, SPI, cipher with its key and salt, integrity with its key. Nullopt
// for AH, and where Wireshark has no name for the cipher: CCM, GMAC, Camellia.
[[nodiscard]] std::optional<SecretBytes> esp_key_line(const Sa& sa);

}  // namespace sallyport::ike
