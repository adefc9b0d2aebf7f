#include "ike/exchange/key_agreement.h"

namespace sallyport::ike {

KeyPair make_key_pair(Group group) {
  auto key = KeyExchange::generate(group);
  return key ? std::make_shared<KeyExchange>(std::move(*key)) : nullptr;
}

ResponderKeys make_responder_keys(Group group, const Octets& peer_value) {
  const auto key = KeyExchange::generate(group);
  if (!key) return {{}, std::unexpected(key.error())};
  return {key->public_value(), key->agree(peer_value)};
}

}  // namespace sallyport::ike
