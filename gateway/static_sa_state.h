// Keeps the numbers of configured SAs over restarts (MAN-02): reserves outbound ones ahead of use
// and remembers how far inbound ones have come.
#pragma once

#include <map>
#include <set>
#include <string>

#include "gateway/job_pool.h"
#include "sad/sad.h"
#include "sad/sequence_reservation.h"

namespace sallyport {

// Control thread only.
class StaticSaState {
 public:
  // Both outlive it; the jobs have finished before it goes.
  StaticSaState(SequenceReservations reservations, Sad& sad, JobPool& jobs);

  // Before Sad::prepare: makes the SA go on where its keys were left, and asks for a first block.
  [[nodiscard]] Expected<void> resume(Sa& sa);
  // Before Sad::publish, where an SA of the same keys has received since: its numbers were used.
  [[nodiscard]] Expected<void> catch_up(Sa& inbound) const;
  // After Sad::publish: looks after it from now on. It sends nothing until open_blocks().
  void watch(const Sa& sa, SaSlot slot);
  // Before Sad::remove.
  void forget(const std::string& name);

  // Makes what is reserved durable, waiting for it: where an SA is to send at once.
  [[nodiscard]] Expected<void> save();
  // Lets the watched SAs send what is durable. Not before an SA whose keys another one takes over
  // is forgotten: both would send the new block.
  void open_blocks();
  // Reserves further blocks in time and notes inbound progress, saved by a job; an SA may use its
  // block once that has ended. To be called several times a second; never blocks.
  void poll();
  // The exact numbers, for a stop in good order: no worker sends any more.
  [[nodiscard]] Expected<void> close();

 private:
  struct Watched {
    std::string identity;
    Direction direction;
    SaSlot slot;
    SequenceNumber last;  // that it may ever send
  };
  [[nodiscard]] SequenceNumber used(const Watched& sa) const;
  void reserve_ahead(const Watched& sa);
  void note_arrivals(const Watched& sa);
  void settle_senders();
  void saved(const SequenceReservations::Image& image, const Expected<void>& outcome);

  SequenceReservations reservations_;
  Sad& sad_;
  JobPool& jobs_;
  std::map<std::string, Watched, std::less<>> watched_;
  std::set<std::string> left_;           // identities of senders that are watched no more
  SequenceReservations::Image durable_;  // the newest
  unsigned polls_{};
  bool changed_{};
  bool saving_{};  // by a job
  bool failing_{};
};

}  // namespace sallyport
