#include "ike/nat_traversal.h"

#include <algorithm>
#include <array>

#include "crypto/digest.h"
#include "ike/wire/append.h"

namespace sallyport::ike {

Octets nat_hash(IkeSpi initiator, IkeSpi responder, const Endpoint& endpoint) {
  std::array<std::uint8_t, 18> numbers;
  store_be<std::uint64_t>(numbers.data(), initiator.value);
  store_be<std::uint64_t>(numbers.data() + 8, responder.value);
  store_be<std::uint16_t>(numbers.data() + 16, endpoint.port);
  const ByteView all(numbers);
  const auto hash = sha1({all.first(16), endpoint.address.wire(), all.subspan(16)});
  return {hash.begin(), hash.end()};
}

void append_nat_detection(PayloadChain& payloads, const Path& path, IkeSpi initiator,
                          IkeSpi responder, NatHashes hashes) {
  Endpoint source = path.local;
  if (hashes == NatHashes::Forced) source.address = Address::any(source.address.family);
  payloads.notify(NotifyType::NatDetectionSourceIp, nat_hash(initiator, responder, source));
  payloads.notify(NotifyType::NatDetectionDestinationIp,
                  nat_hash(initiator, responder, path.remote));
}

NatFindings detect_nat(const Message& message, const Path& path, IkeSpi initiator,
                       IkeSpi responder) {
  NatFindings findings;
  bool source_seen = false;
  bool source_fits = false;
  bool destination_fits = false;
  const Octets source = nat_hash(initiator, responder, path.remote);
  const Octets destination = nat_hash(initiator, responder, path.local);
  for (const Notify& notify : message.notifies) {
    if (notify.type == NotifyType::NatDetectionSourceIp) {
      source_seen = true;
      source_fits |= notify.data == source;
    }
    if (notify.type == NotifyType::NatDetectionDestinationIp) {
      findings.supported = true;
      destination_fits |= notify.data == destination;
    }
  }
  findings.supported &= source_seen;
  findings.there = findings.supported && !source_fits;
  findings.here = findings.supported && !destination_fits;
  return findings;
}

Octets no_nats_allowed(const Path& path) {
  Octets data;
  append(data, path.local.address.wire());
  append(data, path.remote.address.wire());
  append(data, path.local.port);
  append(data, path.remote.port);
  return data;
}

bool finds_unexpected_nat(const Message& message, const Path& path) {
  const Octets expected = no_nats_allowed({.local = path.remote, .remote = path.local});
  return std::ranges::any_of(message.notifies, [&](const Notify& notify) {
    return notify.type == NotifyType::NoNatsAllowed && notify.data != expected;
  });
}

}  // namespace sallyport::ike
