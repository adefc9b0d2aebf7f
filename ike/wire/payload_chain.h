// Writes payloads one after the other, each naming its successor (RFC 7296 3.2).
#pragma once

#include <span>

#include "base/bytes.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

// Reserved fields and critical bits are 0 throughout (IKE-08, IKE-10).
class PayloadChain {
 public:
  void sa(std::span<const Proposal> proposals);
  void key_exchange(std::uint16_t group, ByteView public_value);
  void nonce(ByteView nonce);
  // `body` as AUTH covers it: id_body() of the identity.
  void id(PayloadType which, ByteView body);
  void certificate(CertificateEncoding encoding, ByteView data);
  void certificate_request(CertificateEncoding encoding, ByteView authorities);
  void authentication(AuthMethod method, ByteView data);
  void eap(ByteView packet);
  void notify(const Notify& notify);
  void notify(NotifyType type, ByteView data = {});
  void remove_ike_sa();
  void remove(ProtocolId protocol, std::span<const Spi> spis);
  // The first 255, which is all that a payload holds.
  void selectors(PayloadType which, std::span<const TrafficSelector> selectors);
  void configuration(const ConfigurationPayload& configuration);
  void vendor_id(ByteView id);
  // Payloads that were written elsewhere: those of an earlier attempt behind a cookie.
  void append(const PayloadChain& others);

  [[nodiscard]] PayloadType first() const noexcept { return first_; }
  [[nodiscard]] const Octets& bytes() const noexcept { return bytes_; }

 private:
  void begin(PayloadType type);
  void end();

  PayloadType first_{PayloadType::None};
  std::size_t last_{};  // where the last one begins
  Octets bytes_;
};

// The body of an ID payload: type, three reserved octets, data (IKE-76).
[[nodiscard]] Octets id_body(std::uint8_t type, ByteView data);

}  // namespace sallyport::ike
