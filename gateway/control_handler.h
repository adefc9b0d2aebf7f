// One request of the control protocol, answered (docs/control-protocol.md).
#pragma once

#include <string>
#include <string_view>

namespace sallyport {

class ControlHandler {
 public:
  virtual ~ControlHandler() = default;
  // `request` is one line without its end; the answer is one line, likewise. Never throws: what
  // cannot be read or done is answered with an error object.
  [[nodiscard]] virtual std::string answer(std::string_view request) = 0;
};

}  // namespace sallyport
