// The control thread's loop: signals, sockets and a steady tick.
#pragma once

#include <functional>
#include <map>

#include "base/clock.h"
#include "base/error.h"

namespace sallyport {

class EventLoop {
 public:
  [[nodiscard]] static Expected<EventLoop> create();
  ~EventLoop();
  EventLoop(EventLoop&& other) noexcept;
  EventLoop& operator=(EventLoop&&) = delete;

  // Calls `ready` whenever the descriptor can be read (or also written, where asked for).
  using Ready = std::function<void()>;
  [[nodiscard]] Expected<void> watch(int descriptor, Ready ready);
  void watch_writable_too(int descriptor, const Ready& ready_to_write);
  // From now on only that; a descriptor that hangs up still counts as readable.
  void watch_writable_only(int descriptor, const Ready& ready_to_write);
  void forget(int descriptor);
  // Blocks the signal for this thread and those it starts, and calls `arrived` from the loop.
  [[nodiscard]] Expected<void> on_signal(int signal, Ready arrived);

  // Until stop(). `tick` is called at least every `period`, and after every event.
  void run(Duration period, const std::function<void()>& tick);
  void stop() noexcept { running_ = false; }

 private:
  explicit EventLoop(int epoll) : epoll_(epoll) {}
  struct Watched {
    Ready readable;
    Ready writable;
  };
  void change(int descriptor, unsigned events, const Ready& ready_to_write);
  void dispatch(int descriptor, unsigned events);

  int epoll_{-1};
  std::map<int, Watched> watched_;
  std::map<int, int> signal_descriptors_;
  bool running_{};
};

}  // namespace sallyport
