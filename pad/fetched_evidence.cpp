#include "pad/fetched_evidence.h"

#include <algorithm>
#include <utility>

namespace sallyport {
namespace {

// What has ended already, or does not say when it ends, is tried and then asked for again.
WallTime life_of(std::optional<WallTime> end, WallTime now) {
  return end && *end > now ? *end : now + FetchedEvidence::kPause;
}

}  // namespace

template <class Value>
std::optional<Value> FetchedEvidence::current(KeptMap<Value>& map, const Fingerprint& key,
                                              WallTime now) {
  const Kept<Value>* kept = map.find(key);
  if (kept == nullptr) return std::nullopt;
  if (now <= kept->until) return kept->value;
  map.erase(key);
  return std::nullopt;
}

void FetchedEvidence::note(const EvidenceRequest& request,
                           const Expected<std::vector<std::uint8_t>>& answer, WallTime now) {
  // Nobody was asked: that says nothing of who would have answered.
  if (!answer && answer.error().code == Error::Code::Exhausted) return;
  const bool kept = answer && (request.kind == EvidenceKind::RevocationList
                                   ? keep_list(request.key, *answer, now)
                                   : keep_response(request.key, *answer, now));
  if (kept) return;
  const std::lock_guard lock(mutex_);
  failures_.put(request.key, now + kPause);
}

bool FetchedEvidence::keep_list(const Fingerprint& key, ByteView der, WallTime now) {
  auto list = RevocationList::from_der(der);
  if (!list) return false;
  const WallTime until = life_of(list->next_update(), now);
  const std::lock_guard lock(mutex_);
  // Each of those who have waited for it brings it: it is known, and its signer may be.
  if (Kept<RevocationList>* const same = lists_.find(key);
      same != nullptr && same->value.fingerprint() == list->fingerprint()) {
    same->until = until;
    return true;
  }
  lists_.put(key, {.value = *std::move(list), .until = until});
  ++generation_;
  return true;
}

bool FetchedEvidence::keep_response(const Fingerprint& key, ByteView der, WallTime now) {
  const auto end = der.size() <= kMostResponseOctets ? end_of_ocsp_response(der) : std::nullopt;
  if (!end) return false;
  const std::lock_guard lock(mutex_);
  responses_.put(key, {.value = {der.begin(), der.end()}, .until = life_of(end, now)});
  return true;
}

std::optional<std::vector<std::uint8_t>> FetchedEvidence::response(const Fingerprint& key,
                                                                   WallTime now) {
  const std::lock_guard lock(mutex_);
  return current(responses_, key, now);
}

std::optional<RevocationList> FetchedEvidence::list(const Fingerprint& key, WallTime now) {
  const std::lock_guard lock(mutex_);
  return current(lists_, key, now);
}

void FetchedEvidence::note_useless(const EvidenceRequest& request, WallTime now) {
  const std::lock_guard lock(mutex_);
  responses_.erase(request.key);
  if (Kept<RevocationList>* const list = lists_.find(request.key); list != nullptr) {
    // Whoever stands between might have put an authority's other list there.
    if (list->value.has_known_signer())
      list->until = std::min(list->until, now + kPause);
    else
      lists_.erase(request.key);
  }
  failures_.put(request.about, now + kPause);
}

bool FetchedEvidence::has_failed(const EvidenceRequest& request, WallTime now) {
  const std::lock_guard lock(mutex_);
  for (const Fingerprint& key : {request.key, request.about}) {
    const WallTime* until = failures_.find(key);
    if (until != nullptr && now <= *until) return true;
  }
  return false;
}

void FetchedEvidence::keep_object(const ObjectHash& hash, std::vector<std::uint8_t> object) {
  if (object.size() > kMostObjectOctets) return;
  const std::lock_guard lock(mutex_);
  objects_.put(hash, std::move(object));
}

std::optional<std::vector<std::uint8_t>> FetchedEvidence::object(const ObjectHash& hash) {
  const std::lock_guard lock(mutex_);
  const std::vector<std::uint8_t>* kept = objects_.find(hash);
  return kept != nullptr ? std::optional(*kept) : std::nullopt;
}

}  // namespace sallyport
