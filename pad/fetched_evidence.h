// What has been fetched of certificates and of their revocation: kept until it ends, within bounds;
// and what could not be had, so that nobody waits for it again at once (CERT-03, CERT-05).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/recent_map.h"
#include "crypto/certificate_chain.h"

namespace sallyport {

enum class EvidenceKind : std::uint8_t { OcspResponse, RevocationList };

// Something to be fetched that a judgement lacks.
struct EvidenceRequest {
  EvidenceKind kind{};
  Fingerprint key{};    // what comes: the same for all that are told by it
  Fingerprint about{};  // for which certificate
  std::string url;
  std::vector<std::uint8_t> body;  // of an OCSP request; empty: a plain GET
};

// Nothing in it has been verified: whoever uses it does that, as with what a peer presents. Any
// thread.
class FetchedEvidence {
 public:
  // Asked about one certificate, the best first: that often in a row something is wanted.
  static constexpr std::size_t kMostPlaces = 8;
  static constexpr std::size_t kMostResponses = 4096;
  static constexpr std::size_t kMostResponseOctets = 16'384;
  static constexpr std::size_t kMostLists = 32;  // as long as may be fetched at all
  static constexpr std::size_t kMostFailures = 4096;
  static constexpr std::size_t kMostObjects = 256;
  static constexpr std::size_t kMostObjectOctets = 65'536;
  // So long what could not be had, or was of no use, is not asked for again.
  static constexpr std::chrono::seconds kPause{60};

  // The answer to a request, or why there is none. Exhausted: nobody was asked.
  void note(const EvidenceRequest& request, const Expected<std::vector<std::uint8_t>>& answer,
            WallTime now);
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> response(const Fingerprint& key,
                                                                  WallTime now);
  [[nodiscard]] std::optional<RevocationList> list(const Fingerprint& key, WallTime now);
  // It was there and told nothing of the certificate, for which it is not asked again for a while.
  // It goes, at once or, where it is an authority's list that tells of others, when it may be asked
  // for again.
  void note_useless(const EvidenceRequest& request, WallTime now);
  [[nodiscard]] bool has_failed(const EvidenceRequest& request, WallTime now);

  // Certificates and bundles by their SHA-1 (RFC 7296 3.6). Larger ones are not kept.
  using ObjectHash = std::array<std::uint8_t, 20>;
  void keep_object(const ObjectHash& hash, std::vector<std::uint8_t> object);
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> object(const ObjectHash& hash);

  // Counts the lists that have come: verdicts that were found before may be others now.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  template <class Value>
  struct Kept {
    Value value;
    WallTime until;
  };
  template <class Value>
  using KeptMap = RecentMap<Fingerprint, Kept<Value>>;

  // False where it is not what it should be.
  [[nodiscard]] bool keep_list(const Fingerprint& key, ByteView der, WallTime now);
  [[nodiscard]] bool keep_response(const Fingerprint& key, ByteView der, WallTime now);
  template <class Value>
  [[nodiscard]] static std::optional<Value> current(KeptMap<Value>& map, const Fingerprint& key,
                                                    WallTime now);

  std::mutex mutex_;  // of the maps
  KeptMap<std::vector<std::uint8_t>> responses_{kMostResponses};
  KeptMap<RevocationList> lists_{kMostLists};
  RecentMap<Fingerprint, WallTime> failures_{kMostFailures};  // until when
  RecentMap<ObjectHash, std::vector<std::uint8_t>> objects_{kMostObjects};
  std::atomic<std::uint64_t> generation_{};
};

}  // namespace sallyport
