// The fixed parts of mobility messages and options, octet by octet (RFC 6275 6.1, 6.2): parser and
// builder share them.
#pragma once

#include "base/bytes.h"

namespace sallyport::mip6::wire {

// Behind the Mobility Header.
struct RefreshRequest {
  Be16 reserved;
};
struct TestInit {
  Be16 reserved;
  std::uint8_t cookie[8];
};
struct Test {
  Be16 nonce_index;
  std::uint8_t cookie[8];
  std::uint8_t token[8];
};
struct Update {
  Be16 sequence;
  Be16 flags;
  Be16 lifetime;
};
struct Acknowledgement {
  std::uint8_t status;
  std::uint8_t flags;
  Be16 sequence;
  Be16 lifetime;
};
struct Error {
  std::uint8_t status;
  std::uint8_t reserved;
  std::uint8_t home_address[16];
};
struct Switch {
  std::uint8_t addresses;
  std::uint8_t reserved;
};
struct Heartbeat {
  Be16 flags;
  Be32 sequence;
};
struct Revocation {
  std::uint8_t kind;
  std::uint8_t reason;
  Be16 sequence;
  Be16 flags;
};

// Behind an option's type and length.
struct NonceIndices {
  Be16 home;
  Be16 care_of;
};
struct NetworkPrefix {
  std::uint8_t reserved;
  std::uint8_t length;
  std::uint8_t address[16];
};
inline constexpr std::uint8_t kRemoveName = 0x80;
struct DnsUpdate {  // and the name
  std::uint8_t status;
  std::uint8_t flags;
};
inline constexpr std::uint8_t kHomeAndAway = 0x80;
struct BindingIdentifier {  // and perhaps an address
  Be16 id;
  std::uint8_t status;
  std::uint8_t flags;
};

static_assert(sizeof(TestInit) == 10 && sizeof(Test) == 18 && sizeof(Error) == 18);
static_assert(sizeof(Update) == 6 && sizeof(Acknowledgement) == 6 && sizeof(Revocation) == 6);
static_assert(sizeof(Heartbeat) == 6 && sizeof(NetworkPrefix) == 18);

// The fields at the beginning of `from`, wherever it lies; the caller has checked its length.
template <class Fields>
[[nodiscard]] Fields fields_of(ByteView from) noexcept {
  static_assert(alignof(Fields) == 1);
  Fields fields;
  std::memcpy(&fields, from.data(), sizeof fields);
  return fields;
}
template <class Fields>
[[nodiscard]] ByteView view_of(const Fields& fields) noexcept {
  static_assert(alignof(Fields) == 1);
  return {reinterpret_cast<const std::uint8_t*>(&fields), sizeof fields};
}

}  // namespace sallyport::mip6::wire
