// Keeps the numbers of configured SAs over restarts (MAN-02): reserves outbound ones ahead of use
// and remembers how far inbound ones have come.
#pragma once

#include <map>
#include <string>

#include "sad/sad.h"
#include "sad/sequence_reservation.h"

namespace sallyport {

// Control thread only.
class StaticSaState {
 public:
  StaticSaState(SequenceReservations reservations, Sad& sad);

  // Before Sad::add: makes the SA go on where its keys were left, and asks for a first block.
  [[nodiscard]] Expected<void> resume(Sa& sa);
  // After Sad::add: looks after it from now on. It sends nothing until poll() has made its block
  // durable.
  void watch(const Sa& sa, SaSlot slot);
  // Before Sad::remove.
  void forget(const std::string& name);

  // Reserves further blocks in time and notes inbound progress; durable when it returns. To be
  // called several times a second.
  [[nodiscard]] Expected<void> poll();
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

  SequenceReservations reservations_;
  Sad& sad_;
  std::map<std::string, Watched, std::less<>> watched_;
  unsigned polls_{};
  bool changed_{};
};

}  // namespace sallyport
