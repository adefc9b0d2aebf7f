// Requests of the peer: which are new, and what was answered to those that come again (RFC 7296
// 2.1, 2.3; IKE-21, IKE-28, IKE-35).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "ike/wire/payloads.h"

namespace sallyport::ike {

class Responses {
 public:
  // Takes requests whose IDs are less than `window` ahead of the first that has not been answered.
  explicit Responses(std::uint32_t window = 1) noexcept : window_(window) {}

  enum class Verdict : std::uint8_t {
    New,       // to be answered
    Answered,  // its response is at hand
    UnderWay,  // being answered
    Outside,   // of the window, or its response is gone: nothing is done (IKE-29)
  };
  [[nodiscard]] Verdict judge(MessageId id) const noexcept;
  // It has come, whole and authentic.
  void take(MessageId id);
  // Kept until the window has moved past it.
  void answer(MessageId id, std::vector<Octets> datagrams);
  [[nodiscard]] const std::vector<Octets>* answered(MessageId id) const noexcept;
  // For a record: those that may be asked for again, by ID, and whether all have been answered.
  void for_each_answered(
      const std::function<void(MessageId, const std::vector<Octets>&)>& visit) const;
  [[nodiscard]] bool idle() const noexcept;

  [[nodiscard]] MessageId expected() const noexcept { return expected_; }
  void start_at(MessageId id) noexcept { expected_ = id; }
  [[nodiscard]] std::uint32_t window() const noexcept { return window_; }
  void widen(std::uint32_t window) noexcept { window_ = window > window_ ? window : window_; }

 private:
  struct Request {
    bool answered{};
    std::vector<Octets> datagrams;
  };
  std::uint32_t window_;
  MessageId expected_{};  // the first that has not been answered
  std::map<MessageId, Request> requests_;
};

}  // namespace sallyport::ike
