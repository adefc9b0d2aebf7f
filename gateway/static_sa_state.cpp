#include "gateway/static_sa_state.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

#include "crypto/digest.h"

namespace sallyport {
namespace {

constexpr std::uint64_t kBlock = SequenceReservations::kBlock;
constexpr unsigned kPollsPerArrivalNote = 10;  // arrivals are noted about once a second

// The keys themselves, as what must never meet the same number twice; a digest, since the file
// that holds it is no place for keys. Where numbers are nonces, only the key and the salt that they
// are used with: under another transform the key stream may be the same.
Expected<std::string> identity_of(const Sa& sa) {
  std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(sa.direction)};
  const auto add = [&bytes](ByteView part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  if (const ByteView key = nonce_key(sa); !key.empty()) {
    add(key);
    add(sa.salt.view());
  } else {
    bytes.push_back(static_cast<std::uint8_t>(sa.transform.cipher));
    bytes.push_back(static_cast<std::uint8_t>(sa.transform.integrity));
    for (const ByteView part : {sa.cipher_key.view(), sa.salt.view(), sa.integrity_key.view()})
      add(part);
  }
  auto digest = sha256_hex(bytes);
  wipe(bytes);
  return digest;
}

SequenceNumber block_after(SequenceNumber used, SequenceNumber end) {
  return {end.value - used.value > kBlock ? used.value + kBlock : end.value};
}

}  // namespace

StaticSaState::StaticSaState(SequenceReservations reservations, Sad& sad, JobPool& jobs)
    : reservations_(std::move(reservations)), sad_(sad), jobs_(jobs) {}

Expected<void> StaticSaState::resume(Sa& sa) {
  if (sa.direction == Direction::Inbound) return catch_up(sa);
  const auto identity = identity_of(sa);
  if (!identity) return std::unexpected(identity.error());
  const SequenceNumber end = last_sendable(sa);
  // Where all are used up it sends nothing, and says so packet by packet (ESP-10).
  sa.last_sequence = std::min(end, std::max(sa.last_sequence, reservations_.reserved(*identity)));
  reservations_.reserve(*identity, block_after(sa.last_sequence, end));
  changed_ = true;
  return {};
}

Expected<void> StaticSaState::catch_up(Sa& inbound) const {
  const auto identity = identity_of(inbound);
  if (!identity) return std::unexpected(identity.error());
  // A window starts with all up to here marked as seen: nothing old comes in twice.
  if (inbound.replay_window != 0)
    inbound.last_sequence = std::min(
        last_sendable(inbound), std::max(inbound.last_sequence, reservations_.reserved(*identity)));
  return {};
}

void StaticSaState::watch(const Sa& sa, SaSlot slot) {
  const auto identity = identity_of(sa);
  if (!identity) return;
  watched_.insert_or_assign(sa.name, Watched{*identity, sa.direction, slot, last_sendable(sa)});
}

void StaticSaState::forget(const std::string& name) {
  const auto found = watched_.find(name);
  if (found == watched_.end()) return;
  note_arrivals(found->second);
  if (found->second.direction == Direction::Outbound) left_.insert(found->second.identity);
  watched_.erase(found);
}

SequenceNumber StaticSaState::used(const Watched& sa) const {
  return sad_.table().counters(sa.direction, sa.slot).sequence;
}

void StaticSaState::reserve_ahead(const Watched& sa) {
  if (sa.direction == Direction::Inbound) return;
  const SequenceNumber reserved = reservations_.reserved(sa.identity);
  const SequenceNumber sent = used(sa);
  if (reserved >= sa.last || reserved.value - sent.value >= kBlock / 2) return;
  reservations_.reserve(sa.identity, block_after(sent, sa.last));
  changed_ = true;
}

void StaticSaState::note_arrivals(const Watched& sa) {
  if (sa.direction == Direction::Outbound) return;
  const SequenceNumber highest = used(sa);
  if (highest <= reservations_.reserved(sa.identity)) return;
  reservations_.reserve(sa.identity, highest);
  changed_ = true;
}

void StaticSaState::poll() {
  const bool arrivals_too = ++polls_ % kPollsPerArrivalNote == 0;
  for (const auto& [name, sa] : watched_) {
    reserve_ahead(sa);
    if (arrivals_too) note_arrivals(sa);
  }
  if (!changed_ || saving_) return;
  changed_ = false;
  saving_ = true;
  jobs_.submit([this, image = reservations_.image()] {
    const auto outcome = image.save();
    return [this, image, outcome] {
      saving_ = false;
      saved(image, outcome);
      open_blocks();
    };
  });
}

Expected<void> StaticSaState::save() {
  if (!changed_) return {};
  changed_ = false;
  const auto image = reservations_.image();
  const auto outcome = image.save();
  saved(image, outcome);
  return outcome;
}

// Only what the image holds is durable; more may have been reserved since.
void StaticSaState::saved(const SequenceReservations::Image& image, const Expected<void>& outcome) {
  if (!outcome && !failing_)
    spdlog::error("SAs may run out of numbers: {}", to_string(outcome.error()));
  failing_ = !outcome;
  if (!outcome)
    changed_ = true;
  else if (image.edition() > durable_.edition())
    durable_ = image;
}

void StaticSaState::open_blocks() {
  for (const auto& [name, sa] : watched_)
    if (sa.direction == Direction::Outbound)
      sad_.table().raise_sequence_limit(sa.slot, durable_.reserved(sa.identity));
}

// What several SAs have sent under one identity is not known where one of them has gone.
void StaticSaState::settle_senders() {
  std::map<std::string_view, SequenceNumber> highest;
  for (const auto& [name, sa] : watched_) {
    if (sa.direction == Direction::Inbound || left_.contains(sa.identity)) continue;
    SequenceNumber& sent = highest[sa.identity];
    sent = std::max(sent, used(sa));
  }
  for (const auto& [identity, sent] : highest) reservations_.settle(std::string(identity), sent);
}

Expected<void> StaticSaState::close() {
  for (const auto& [name, sa] : watched_) note_arrivals(sa);
  settle_senders();
  return reservations_.save();
}

}  // namespace sallyport
