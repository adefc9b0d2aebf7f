// One exchange that this side has begun (RFC 7296 1.2 to 1.5).
#pragma once

#include <memory>

#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"

namespace sallyport::ike {

// Why no response will come.
enum class NoResponse : std::uint8_t { TimedOut, SaGone };

class Exchange {
 public:
  virtual ~Exchange() = default;
  [[nodiscard]] virtual ExchangeType type() const noexcept = 0;
  // The request's payloads, asked for when its turn in the window has come.
  virtual void write(PayloadChain& payloads) = 0;
  virtual void on_response(const Message& response) = 0;
  virtual void on_no_response(NoResponse why) = 0;
  // Where it is not answered it goes along every possible path, whoever chooses the one in use
  // (RFC 4555 3.6).
  [[nodiscard]] virtual bool searches() const noexcept { return false; }
  // The request has gone along another path than the one in use.
  virtual void on_sent_elsewhere() {}
};

}  // namespace sallyport::ike
