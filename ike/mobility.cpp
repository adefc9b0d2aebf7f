#include "ike/mobility.h"

#include <algorithm>

namespace sallyport::ike {
namespace {

bool is_of_a_host(const Address& address) noexcept {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
         !address.is_link_local();
}

// Of another length it is none (RFC 4555 4.2.2).
std::optional<Address> address_in(const Notify& notify) {
  const ByteView data(notify.data);
  std::optional<Address> address;
  if (notify.type == NotifyType::AdditionalIp4Address && data.size() == 4)
    address = Address::v4(load_be<std::uint32_t>(data.data()));
  if (notify.type == NotifyType::AdditionalIp6Address && data.size() == 16)
    address = Address::v6(data.first<16>());
  return address && is_of_a_host(*address) ? address : std::nullopt;
}

}  // namespace

Mobility inherited(const Mobility& old) {
  Mobility next;
  next.role = old.role;
  next.theirs = old.theirs;
  next.told = old.told;
  next.proven = old.proven;
  next.agreed = old.agreed;
  next.update_due = old.update_due;
  return next;
}

void append_addresses(PayloadChain& payloads, std::span<const Address> addresses, WithoutAny none) {
  for (const Address& address : addresses)
    payloads.notify(address.family == Family::V4 ? NotifyType::AdditionalIp4Address
                                                 : NotifyType::AdditionalIp6Address,
                    address.wire());
  if (addresses.empty() && none == WithoutAny::SaySo)
    payloads.notify(NotifyType::NoAdditionalAddresses);
}

bool tells_addresses(const Message& message) noexcept {
  return message.find(NotifyType::AdditionalIp4Address) != nullptr ||
         message.find(NotifyType::AdditionalIp6Address) != nullptr ||
         message.find(NotifyType::NoAdditionalAddresses) != nullptr;
}

std::vector<Address> addresses_in(const Message& message) {
  std::vector<Address> addresses;
  for (const Notify& notify : message.notifies) {
    const auto address = address_in(notify);
    if (!address || std::ranges::find(addresses, *address) != addresses.end()) continue;
    addresses.push_back(*address);
    if (addresses.size() == kMostOtherAddresses) break;
  }
  return addresses;
}

}  // namespace sallyport::ike
