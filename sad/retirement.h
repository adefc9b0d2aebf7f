// How the control plane frees what workers may still be reading.
#pragma once

#include <functional>

namespace sallyport {

// Control thread only. The data plane implements it over RCU; tests run `free` at once.
class Retirement {
 public:
  virtual ~Retirement() = default;
  // Runs `free` on the control thread once no worker can hold what was unpublished before.
  virtual void when_unread(std::function<void()> free) = 0;
};

}  // namespace sallyport
