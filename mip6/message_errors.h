// What is said about mobility messages and packets that cannot be taken: Binding Errors and ICMPv6
// Parameter Problems (RFC 6275 9.2, 9.3.3; MH-04..06, MIPPKT-08). Control thread.
#pragma once

#include "base/clock.h"
#include "base/rate_limit.h"
#include "mip6/parse_message.h"
#include "mip6/ports.h"

namespace sallyport::mip6 {

// So many a second in all, whatever comes in.
class MessageErrors {
 public:
  MessageErrors(const Clock& clock, PacketSender& sender);

  // Of a mobility message that parse_message() did not take.
  void answer(const Arrival& arrival, ByteView upper, const MessageFault& fault);
  // To where the packet came from on the wire, without a routing header.
  void send_binding_error(const Arrival& arrival, BindingErrorStatus status);

  static constexpr std::uint32_t kPerSecond = 10;
  static constexpr std::uint32_t kAtOnce = 20;

 private:
  void send_parameter_problem(const Arrival& arrival, ByteView upper, std::uint8_t pointer);
  [[nodiscard]] bool may_send(const Arrival& arrival);

  const Clock& clock_;
  PacketSender& sender_;
  RateLimit rate_;
};

}  // namespace sallyport::mip6
