// The commands of the control protocol, carried out on a running gateway.
#pragma once

#include <functional>

#include "gateway/control_handler.h"
#include "gateway/gateway.h"
#include "gateway/policy_linting.h"

namespace sallyport {

// Control thread.
class ControlCommands final : public ControlHandler {
 public:
  struct Hooks {
    std::function<Expected<void>()> reload;
    std::function<void()> stop;
  };
  // `gateway` outlives it.
  ControlCommands(Gateway& gateway, Hooks hooks) : gateway_(gateway), hooks_(std::move(hooks)) {}

  [[nodiscard]] std::string answer(std::string_view request) override;

 private:
  Gateway& gateway_;
  Hooks hooks_;
  PolicyLinting linting_;
};

}  // namespace sallyport
