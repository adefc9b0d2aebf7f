#include "crypto/key_exchange.h"

#include <string>
#include <utility>

#include "base/random.h"
#include "crypto/private_value.h"

namespace sallyport {
namespace {

// The private value of the group's kind that `make`, a generic lambda, gives for it.
Expected<PrivateValue> value_of(Group group, const auto& make) {
  switch (facts(group).kind) {
    case GroupKind::Modp:
    case GroupKind::ModpSubgroup:
      return make.template operator()<ModpValue>();
    case GroupKind::Ecp:
      return make.template operator()<EcpValue>();
    case GroupKind::Montgomery:
      return make.template operator()<MontgomeryValue>();
  }
  std::unreachable();
}

}  // namespace

struct KeyExchange::Key {
  PrivateValue value;
};

KeyExchange::KeyExchange(Group group, std::unique_ptr<Key> key)
    : group_(group),
      key_(std::move(key)),
      public_(std::visit([](const auto& value) { return value.public_value(); }, key_->value)) {}

KeyExchange::KeyExchange(KeyExchange&&) noexcept = default;
KeyExchange& KeyExchange::operator=(KeyExchange&&) noexcept = default;
KeyExchange::~KeyExchange() = default;

Expected<KeyExchange> KeyExchange::generate(Group group) {
  Expected<SystemRandom> random = SystemRandom::open();
  if (!random) return std::unexpected(std::move(random).error());
  Expected<PrivateValue> value = value_of(group, [&]<class Value>() -> Expected<PrivateValue> {
    return Value::generate(group, *random);
  });
  if (!value) return std::unexpected(std::move(value).error());
  return KeyExchange(group, std::make_unique<Key>(std::move(*value)));
}

Expected<KeyExchange> KeyExchange::from_private(Group group, ByteView private_value) {
  Expected<PrivateValue> value = value_of(group, [&]<class Value>() -> Expected<PrivateValue> {
    return Value::from_octets(group, private_value);
  });
  if (!value) return std::unexpected(std::move(value).error());
  return KeyExchange(group, std::make_unique<Key>(std::move(*value)));
}

Expected<SecretBytes> KeyExchange::agree(ByteView peer_value) const {
  const GroupFacts& group = facts(group_);
  if (peer_value.size() != group.public_bytes) {
    return fail(Error::Code::Invalid, "a " + std::string(group.name) + " value has " +
                                          std::to_string(group.public_bytes) + " octets, not " +
                                          std::to_string(peer_value.size()));
  }
  return std::visit([&](const auto& value) { return value.agree(peer_value); }, key_->value);
}

}  // namespace sallyport
