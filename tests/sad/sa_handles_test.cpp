#include "sad/sa_handles.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace sallyport::sa_handles_test {

TEST_CASE("SAD-14, SAD-02: a handle leads to its own SA, and a rekey swaps it behind the handle") {
  SaHandles handles(4, *std::pmr::new_delete_resource());
  const SaHandle one{1}, other{2};
  CHECK(handles.choose(one, 0) == kNoSa);
  handles.assign(one, SaSlot{10});
  handles.assign(other, SaSlot{20});
  for (std::uint8_t dscp = 0; dscp < 64; ++dscp) CHECK(handles.choose(one, dscp) == SaSlot{10});
  handles.assign(one, SaSlot{11});
  CHECK(handles.choose(one, 0) == SaSlot{11});
  CHECK(handles.choose(other, 0) == SaSlot{20});
  handles.assign(one, kNoSa);
  CHECK(handles.choose(one, 0) == kNoSa);
}

TEST_CASE("ARCH-05, SAD-09: DSCP chooses among equal SAs and denies nothing") {
  const std::vector<std::uint8_t> voice{46}, bulk{8, 10};
  const SaChoice choice = choose_by_dscp(std::vector<SaForClasses>{
      {SaSlot{1}, voice}, {SaSlot{2}, {}}, {SaSlot{3}, bulk}, {SaSlot{4}, voice}});
  CHECK(choice.by_dscp[46] == SaSlot{1});
  CHECK(choice.by_dscp[8] == SaSlot{3});
  CHECK(choice.by_dscp[10] == SaSlot{3});
  CHECK(choice.by_dscp[0] == SaSlot{2});
  CHECK(choice.by_dscp[63] == SaSlot{2});

  const SaChoice only_named =
      choose_by_dscp(std::vector<SaForClasses>{{SaSlot{1}, voice}, {SaSlot{3}, bulk}});
  CHECK(only_named.by_dscp[0] == SaSlot{1});
  CHECK(only_named.by_dscp[8] == SaSlot{3});
  CHECK(choose_by_dscp({}).by_dscp[0] == kNoSa);

  SaHandles handles(1, *std::pmr::new_delete_resource());
  handles.assign(SaHandle{0}, &choice);
  CHECK(handles.choose(SaHandle{0}, 46) == SaSlot{1});
  CHECK(handles.choose(SaHandle{0}, 0) == SaSlot{2});
  handles.assign(SaHandle{0}, SaSlot{9});
  CHECK(handles.choose(SaHandle{0}, 46) == SaSlot{9});
}

TEST_CASE("SAD-10: while a handle is swapped a reader gets the old SA or the new one") {
  SaHandles handles(1, *std::pmr::new_delete_resource());
  SaChoice choice;
  choice.by_dscp.fill(SaSlot{3});
  handles.assign(SaHandle{0}, SaSlot{1});
  std::atomic<bool> done{};
  std::atomic<int> seen{}, wrong{};
  std::thread reader([&] {
    while (!done.load()) {
      const SaSlot slot = handles.choose(SaHandle{0}, 5);
      wrong += slot.value < 1 || slot.value > 3;
      ++seen;
    }
  });
  for (int i = 0; i < 200'000 || seen < 1000; ++i) {
    if (i % 3 == 2)
      handles.assign(SaHandle{0}, &choice);
    else
      handles.assign(SaHandle{0}, SaSlot{1u + static_cast<unsigned>(i) % 3});
  }
  done = true;
  reader.join();
  CHECK(wrong == 0);
}

}  // namespace sallyport::sa_handles_test
