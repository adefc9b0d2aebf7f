#include "mip6/correspondent_nonces.h"

#include <algorithm>

namespace sallyport::mip6 {

CorrespondentNonces::CorrespondentNonces(const Clock& clock, Random& random)
    : clock_(clock), random_(random) {
  std::array<std::uint8_t, 20> key{};
  random_.fill(key);
  key_ = Secret<20>(key);
  wipe(key);
  // Tokens of a run before are hardly ever taken for ones of this.
  std::array<std::uint8_t, 2> first{};
  random_.fill(first);
  last_index_ = load_be<std::uint16_t>(first.data());
}

const CorrespondentNonces::Nonce& CorrespondentNonces::current() {
  const Instant now = clock_.now();
  drop_old();
  if (nonces_.empty() || now - nonces_.back().made >= kRenewal) {
    Nonce& fresh = nonces_.emplace_back();
    fresh.index = ++last_index_;
    fresh.made = now;
    random_.fill(fresh.value);
  }
  return nonces_.back();
}

const CorrespondentNonces::Nonce* CorrespondentNonces::find(std::uint16_t index) {
  drop_old();
  const auto found = std::ranges::find(nonces_, index, &Nonce::index);
  return found == nonces_.end() ? nullptr : &*found;
}

void CorrespondentNonces::drop_old() {
  while (!nonces_.empty() && clock_.now() - nonces_.front().made >= kLifetime) nonces_.pop_front();
}

}  // namespace sallyport::mip6
