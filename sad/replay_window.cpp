#include "sad/replay_window.h"

namespace sallyport {

void replay_reset(const InboundSa& sa, InboundState& state) noexcept {
  if (sa.window == 0) return;
  std::fill_n(state.bitmap, replay_words(sa.window), ~0ull);
  state.bitmap[(state.highest >> 6) & sa.replay_mask] = ~0ull >> (63 - (state.highest & 63));
}

}  // namespace sallyport
