#include "ike/wire/payload_chain.h"

#include <algorithm>

#include "ike/wire/append.h"
#include "ike/wire/header.h"

namespace sallyport::ike {
namespace {

// A length field that is filled in when what it counts is written.
void set_length_at(Octets& bytes, std::size_t field, std::size_t begin) {
  store_be<std::uint16_t>(bytes.data() + field, static_cast<std::uint16_t>(bytes.size() - begin));
}

void append_transform(Octets& bytes, const WireTransform& transform, std::uint8_t more) {
  const std::size_t begin = bytes.size();
  append(bytes, more);
  append(bytes, std::uint8_t{0});
  append(bytes, std::uint16_t{0});
  append(bytes, transform.type);
  append(bytes, std::uint8_t{0});
  append(bytes, transform.id);
  if (transform.key_bits != 0) {
    append(bytes, std::uint16_t{0x800e});
    append(bytes, transform.key_bits);
  }
  set_length_at(bytes, begin + 2, begin);
}

void append_proposal(Octets& bytes, const Proposal& proposal, std::uint8_t more) {
  const std::size_t begin = bytes.size();
  append(bytes, more);
  append(bytes, std::uint8_t{0});
  append(bytes, std::uint16_t{0});
  append(bytes, proposal.number);
  append(bytes, static_cast<std::uint8_t>(proposal.protocol));
  append(bytes, static_cast<std::uint8_t>(proposal.spi.size()));
  append(bytes, static_cast<std::uint8_t>(proposal.transforms.size()));
  append(bytes, ByteView(proposal.spi));
  for (std::size_t i = 0; i < proposal.transforms.size(); ++i)
    append_transform(bytes, proposal.transforms[i], i + 1 < proposal.transforms.size() ? 3 : 0);
  set_length_at(bytes, begin + 2, begin);
}

}  // namespace

void PayloadChain::begin(PayloadType type) {
  if (bytes_.empty())
    first_ = type;
  else
    bytes_[last_] = static_cast<std::uint8_t>(type);
  last_ = bytes_.size();
  bytes_.resize(last_ + kGenericHeaderBytes);
}

void PayloadChain::end() { set_length_at(bytes_, last_ + 2, last_); }

void PayloadChain::sa(std::span<const Proposal> proposals) {
  begin(PayloadType::Sa);
  for (std::size_t i = 0; i < proposals.size(); ++i)
    append_proposal(bytes_, proposals[i], i + 1 < proposals.size() ? 2 : 0);
  end();
}

void PayloadChain::key_exchange(std::uint16_t group, ByteView public_value) {
  begin(PayloadType::KeyExchange);
  ike::append(bytes_, group);
  ike::append(bytes_, std::uint16_t{0});
  ike::append(bytes_, public_value);
  end();
}

void PayloadChain::nonce(ByteView nonce) {
  begin(PayloadType::Nonce);
  ike::append(bytes_, nonce);
  end();
}

void PayloadChain::id(PayloadType which, ByteView body) {
  begin(which);
  ike::append(bytes_, body);
  end();
}

void PayloadChain::certificate(CertificateEncoding encoding, ByteView data) {
  begin(PayloadType::Certificate);
  ike::append(bytes_, static_cast<std::uint8_t>(encoding));
  ike::append(bytes_, data);
  end();
}

void PayloadChain::certificate_request(CertificateEncoding encoding, ByteView authorities) {
  begin(PayloadType::CertificateRequest);
  ike::append(bytes_, static_cast<std::uint8_t>(encoding));
  ike::append(bytes_, authorities);
  end();
}

void PayloadChain::authentication(AuthMethod method, ByteView data) {
  begin(PayloadType::Authentication);
  ike::append(bytes_, static_cast<std::uint8_t>(method));
  bytes_.resize(bytes_.size() + 3);
  ike::append(bytes_, data);
  end();
}

void PayloadChain::eap(ByteView packet) {
  begin(PayloadType::Eap);
  ike::append(bytes_, packet);
  end();
}

void PayloadChain::notify(const Notify& notify) {
  begin(PayloadType::Notify);
  ike::append(bytes_, static_cast<std::uint8_t>(notify.protocol));
  ike::append(bytes_, static_cast<std::uint8_t>(notify.spi.size()));
  ike::append(bytes_, static_cast<std::uint16_t>(notify.type));
  ike::append(bytes_, ByteView(notify.spi));
  ike::append(bytes_, ByteView(notify.data));
  end();
}

void PayloadChain::notify(NotifyType type, ByteView data) {
  notify(Notify{.type = type, .data = Octets(data.begin(), data.end())});
}

void PayloadChain::remove_ike_sa() {
  begin(PayloadType::Delete);
  ike::append(bytes_, static_cast<std::uint8_t>(ProtocolId::Ike));
  bytes_.resize(bytes_.size() + 3);
  end();
}

void PayloadChain::remove(ProtocolId protocol, std::span<const Spi> spis) {
  begin(PayloadType::Delete);
  ike::append(bytes_, static_cast<std::uint8_t>(protocol));
  ike::append(bytes_, std::uint8_t{4});
  ike::append(bytes_, static_cast<std::uint16_t>(spis.size()));
  for (const Spi spi : spis) ike::append(bytes_, spi.value);
  end();
}

void PayloadChain::selectors(PayloadType which, std::span<const TrafficSelector> selectors) {
  constexpr std::size_t kMost = 255;  // as the count can say
  selectors = selectors.first(std::min(kMost, selectors.size()));
  begin(which);
  ike::append(bytes_, static_cast<std::uint8_t>(selectors.size()));
  bytes_.resize(bytes_.size() + 3);
  for (const TrafficSelector& selector : selectors) {
    const bool v4 = selector.addresses.first.family == Family::V4;
    ike::append(bytes_, std::uint8_t{v4 ? std::uint8_t{7} : std::uint8_t{8}});
    ike::append(bytes_, selector.protocol);
    ike::append(bytes_, std::uint16_t{v4 ? std::uint16_t{16} : std::uint16_t{40}});
    ike::append(bytes_, selector.start_port);
    ike::append(bytes_, selector.end_port);
    ike::append(bytes_, selector.addresses.first.wire());
    ike::append(bytes_, selector.addresses.last.wire());
  }
  end();
}

void PayloadChain::configuration(const ConfigurationPayload& configuration) {
  begin(PayloadType::Configuration);
  ike::append(bytes_, static_cast<std::uint8_t>(configuration.type));
  bytes_.resize(bytes_.size() + 3);
  for (const AttributeValue& attribute : configuration.attributes) {
    ike::append(bytes_, static_cast<std::uint16_t>(attribute.type));
    ike::append(bytes_, static_cast<std::uint16_t>(attribute.value.size()));
    ike::append(bytes_, ByteView(attribute.value));
  }
  end();
}

void PayloadChain::vendor_id(ByteView id) {
  begin(PayloadType::VendorId);
  ike::append(bytes_, id);
  end();
}

void PayloadChain::append(const PayloadChain& others) {
  if (others.bytes_.empty()) return;
  if (bytes_.empty())
    first_ = others.first_;
  else
    bytes_[last_] = static_cast<std::uint8_t>(others.first_);
  last_ = bytes_.size() + others.last_;
  ike::append(bytes_, ByteView(others.bytes_));
}

Octets id_body(std::uint8_t type, ByteView data) {
  Octets body;
  append(body, type);
  body.resize(4);  // RESERVED
  append(body, data);
  return body;
}

}  // namespace sallyport::ike
