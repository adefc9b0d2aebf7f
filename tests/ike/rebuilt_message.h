// Messages that were parsed, written once more: what tests and fuzz targets hold parsers against.
#pragma once

#include <algorithm>

#include "ike/wire/message.h"
#include "ike/wire/payload_chain.h"

namespace sallyport::ike::test {

// Without what PayloadChain has no words for: unknown attributes of transforms, and selectors of
// which none was of a known type.
inline Message sayable(Message message) {
  if (message.sa)
    for (Proposal& proposal : *message.sa)
      std::erase_if(proposal.transforms,
                    [](const WireTransform& transform) { return transform.unknown_attribute; });
  for (auto* const side : {&message.initiator_selectors, &message.responder_selectors})
    if (*side && (*side)->empty()) side->reset();
  return message;
}

inline void write_negotiation(PayloadChain& chain, const Message& message) {
  if (message.sa) chain.sa(*message.sa);
  if (message.key_exchange)
    chain.key_exchange(message.key_exchange->group, message.key_exchange->data);
  if (message.nonce) chain.nonce(*message.nonce);
  if (message.initiator_selectors)
    chain.selectors(PayloadType::TsInitiator, *message.initiator_selectors);
  if (message.responder_selectors)
    chain.selectors(PayloadType::TsResponder, *message.responder_selectors);
}

inline void write_authentication(PayloadChain& chain, const Message& message) {
  if (message.initiator) chain.id(PayloadType::IdInitiator, message.initiator->body);
  if (message.responder) chain.id(PayloadType::IdResponder, message.responder->body);
  for (const auto& one : message.certificates) chain.certificate(one.encoding, one.data);
  for (const auto& one : message.certificate_requests)
    chain.certificate_request(one.encoding, one.authorities);
  if (message.authentication)
    chain.authentication(message.authentication->method, message.authentication->data);
  if (message.eap) chain.eap(*message.eap);
}

// A sayable() message.
inline PayloadChain rebuild(const Message& message) {
  PayloadChain chain;
  write_authentication(chain, message);
  if (message.configuration) chain.configuration(*message.configuration);
  write_negotiation(chain, message);
  for (const Notify& one : message.notifies) chain.notify(one);
  for (const DeletePayload& one : message.deletes)
    if (one.protocol == ProtocolId::Ike)
      chain.remove_ike_sa();
    else
      chain.remove(one.protocol, one.spis);
  for (const Octets& one : message.vendor_ids) chain.vendor_id(one);
  return chain;
}

// Payloads compared field by field.
inline bool same(const KeyExchangePayload& left, const KeyExchangePayload& right) {
  return left.group == right.group && left.data == right.data;
}
inline bool same(const IdPayload& left, const IdPayload& right) {
  return left.type == right.type && left.data == right.data && left.body == right.body;
}
inline bool same(const CertificatePayload& left, const CertificatePayload& right) {
  return left.encoding == right.encoding && left.data == right.data;
}
inline bool same(const CertificateRequest& left, const CertificateRequest& right) {
  return left.encoding == right.encoding && left.authorities == right.authorities;
}
inline bool same(const AuthenticationPayload& left, const AuthenticationPayload& right) {
  return left.method == right.method && left.data == right.data;
}
inline bool same(const Notify& left, const Notify& right) {
  return left.type == right.type && left.protocol == right.protocol && left.spi == right.spi &&
         left.data == right.data;
}
inline bool same(const DeletePayload& left, const DeletePayload& right) {
  return left.protocol == right.protocol && left.spis == right.spis;
}
inline bool same(const ConfigurationPayload& left, const ConfigurationPayload& right) {
  return left.type == right.type && left.attributes == right.attributes;
}
template <class T>
bool same(const std::optional<T>& left, const std::optional<T>& right) {
  return left.has_value() == right.has_value() && (!left || same(*left, *right));
}
template <class T>
bool same(const std::vector<T>& left, const std::vector<T>& right) {
  return std::ranges::equal(left, right,
                            [](const T& one, const T& other) { return same(one, other); });
}

inline bool same(const Message& left, const Message& right) {
  return left.sa == right.sa && same(left.key_exchange, right.key_exchange) &&
         left.nonce == right.nonce && same(left.initiator, right.initiator) &&
         same(left.responder, right.responder) && same(left.certificates, right.certificates) &&
         same(left.certificate_requests, right.certificate_requests) &&
         same(left.authentication, right.authentication) && same(left.notifies, right.notifies) &&
         same(left.deletes, right.deletes) &&
         left.initiator_selectors == right.initiator_selectors &&
         left.responder_selectors == right.responder_selectors &&
         same(left.configuration, right.configuration) && left.eap == right.eap &&
         left.vendor_ids == right.vendor_ids;
}

}  // namespace sallyport::ike::test
