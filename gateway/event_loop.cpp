#include "gateway/event_loop.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace sallyport {
namespace {

std::unexpected<Error> system_error(const char* doing) {
  return fail(Error::Code::Io, fmt::format("{}: {}", doing, std::strerror(errno)));
}

}  // namespace

Expected<EventLoop> EventLoop::create() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return system_error("epoll");
  return EventLoop(epoll);
}

EventLoop::EventLoop(EventLoop&& other) noexcept
    : epoll_(std::exchange(other.epoll_, -1)),
      watched_(std::move(other.watched_)),
      signal_descriptors_(std::move(other.signal_descriptors_)) {}

EventLoop::~EventLoop() {
  for (const auto& [signal, descriptor] : signal_descriptors_) close(descriptor);
  if (epoll_ >= 0) close(epoll_);
}

Expected<void> EventLoop::watch(int descriptor, Ready ready) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) return system_error("epoll_ctl");
  watched_[descriptor] = {std::move(ready), {}};
  return {};
}

void EventLoop::change(int descriptor, unsigned events, const Ready& ready_to_write) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
  watched_[descriptor].writable = ready_to_write;
}

void EventLoop::watch_writable_too(int descriptor, const Ready& ready_to_write) {
  change(descriptor, ready_to_write ? EPOLLIN | EPOLLOUT : EPOLLIN, ready_to_write);
}

void EventLoop::watch_writable_only(int descriptor, const Ready& ready_to_write) {
  change(descriptor, EPOLLOUT, ready_to_write);
}

void EventLoop::forget(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  watched_.erase(descriptor);
}

Expected<void> EventLoop::on_signal(int signal, Ready arrived) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, signal);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return system_error("sigprocmask");
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) return system_error("signalfd");
  signal_descriptors_[signal] = descriptor;
  return watch(descriptor, [descriptor, arrived = std::move(arrived)] {
    signalfd_siginfo info{};
    while (read(descriptor, &info, sizeof info) == sizeof info) arrived();
  });
}

void EventLoop::dispatch(int descriptor, unsigned events) {
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) return;
  const Watched handlers = found->second;  // a handler may forget its own descriptor
  if ((events & EPOLLOUT) != 0 && handlers.writable) handlers.writable();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && watched_.contains(descriptor))
    handlers.readable();
}

void EventLoop::run(Duration period, const std::function<void()>& tick) {
  running_ = true;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(period).count();
  while (running_) {
    std::array<epoll_event, 32> events;
    const int count =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(wait));
    for (int i = 0; i < count; ++i)
      dispatch(events[static_cast<std::size_t>(i)].data.fd,
               events[static_cast<std::size_t>(i)].events);
    tick();
  }
}

}  // namespace sallyport
