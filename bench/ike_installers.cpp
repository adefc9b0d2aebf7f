#include "bench/ike_installers.h"

#include <utility>

namespace sallyport::bench {

void* SadInstaller::CountedMemory::do_allocate(std::size_t octets, std::size_t alignment) {
  taken_ += octets;
  return std::pmr::new_delete_resource()->allocate(octets, alignment);
}

void SadInstaller::CountedMemory::do_deallocate(void* place, std::size_t octets,
                                                std::size_t alignment) {
  taken_ -= octets;
  std::pmr::new_delete_resource()->deallocate(place, octets, alignment);
}

SadInstaller::SadInstaller(Random& random, std::size_t capacity)
    : capacity_(capacity),
      table_({.outbound = capacity, .inbound = capacity}, memory_),
      sad_({.table = table_, .keys = *this, .retirement = *this, .random = random}) {}

Expected<void> SadInstaller::install(const ike::ChildPlace&, std::vector<Sa> sas) {
  auto prepared = sad_.prepare(std::move(sas));
  if (!prepared) return std::unexpected(prepared.error());
  sad_.publish(std::move(*prepared));
  return {};
}

void SadInstaller::uninstall(std::span<const std::string> names) {
  // One that waits to be heard is not there yet.
  for (const std::string& name : names) static_cast<void>(sad_.remove(name));
}

Expected<void> SadInstaller::move(const std::string& name, const Endpoints& to,
                                  const std::optional<UdpEncapsulation>& encapsulation) {
  return sad_.move(name, {to, encapsulation}, {});
}

}  // namespace sallyport::bench
