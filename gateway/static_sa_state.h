// Keeps the numbers of configured SAs over restarts (MAN-02): reserves outbound ones ahead of use
// and remembers how far inbound ones have come.
#pragma once

#include <map>
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

  // Before Sad::add: makes the SA go on where its keys were left, and asks for a first block.
  [[nodiscard]] Expected<void> resume(Sa& sa);
  // After Sad::add: looks after it from now on. It sends nothing until its block is durable.
  void watch(const Sa& sa, SaSlot slot);
  // Before Sad::remove.
  void forget(const std::string& name);

  // Makes what is reserved durable, waiting for it: where an SA is to send at once.
  [[nodiscard]] Expected<void> save();
  // Reserves further blocks in time and notes inbound progress, saved by a job; an SA may use its
  // block once that has ended. To be called several times a second; never blocks.
  void poll();
  // The exact numbers, for a stop in good order.
  [[nodiscard]] Expected<void> close();

 private:
  struct Watched {
    std::string identity;
    Direction direction;
    SaSlot slot;
  };
  void reserve_ahead(const Watched& sa);
  void note_arrivals(const Watched& sa);
  void saved(const SequenceReservations::Image& image, const Expected<void>& outcome);

  SequenceReservations reservations_;
  Sad& sad_;
  JobPool& jobs_;
  std::map<std::string, Watched, std::less<>> watched_;
  unsigned polls_{};
  bool changed_{};
  bool saving_{};  // by a job
  bool failing_{};
};

}  // namespace sallyport
