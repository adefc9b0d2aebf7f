// How a pair of SAs comes to be, in IKE_AUTH and CREATE_CHILD_SA alike: offered, answered,
// installed (RFC 7296 1.2, 1.3, 2.7, 2.9, 2.17; RFC 4301 4.4.3.4).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "ike/child_conduct.h"
#include "ike/child_rules.h"
#include "ike/session.h"

namespace sallyport::ike {

// What a child is wanted for.
struct ChildRequest {
  PolicySource::Entry policy;
  std::vector<PolicySource::Entry> linked{};  // as in ChildSa
  std::vector<Selector> selectors;            // what it is to carry; the policy's own where empty
  std::optional<SelectorFields> packet;       // that asked
  std::optional<AcquireId> question;          // of the data plane
  std::optional<Address> care_of{};           // of a mobile node of ours, which it is wanted for
};
// Tells who asked that nothing comes of it.
void refuse_child(Session& session, const std::optional<ChildRequest>& request,
                  const std::string& why);

// Why a child does not come to be: the notify for the peer, and a word for the log.
struct Refusal {
  Notify notify;
  std::string why;
};
template <class T>
using Negotiated = std::expected<T, Refusal>;

// The initiator's half.
class ChildOffer {
 public:
  ChildOffer(Session& session, ChildRequest request, ForwardSecrecy secrecy);

  // False where there is nothing to offer: transport mode through a NAT is for the two addresses of
  // the IKE SA, and policy has none of that (RFC 7296 2.23.1). The others are not called then.
  [[nodiscard]] bool can_be_made() const noexcept { return !offered_.local.empty(); }
  static constexpr const char* kCannotBeMade =
      "through a NAT transport mode is for the IKE SA's own addresses, and policy has others";

  // N(USE_TRANSPORT_MODE) and the like, SA, and later TSi and TSr.
  void write_sa(PayloadChain& payloads) const;
  void write_selectors(PayloadChain& payloads) const;
  // What the peer has chosen; an error where it is not of the offer, or where selectors are not
  // within what was offered and what the PAD allows (IKE-60, IKE-65, IKE-67, PAD-11).
  [[nodiscard]] Expected<ChosenChild> chosen(const Message& response) const;
  // Installs both halves. `secret` is empty without perfect forward secrecy.
  [[nodiscard]] Expected<std::shared_ptr<ChildSa>> conclude(const Message& response,
                                                            const ChosenChild& chosen,
                                                            const KeyInputs& nonces,
                                                            ByteView secret);
  [[nodiscard]] const ChildTerms& terms() const noexcept { return terms_; }
  [[nodiscard]] const ChildRequest& request() const noexcept { return request_; }
  [[nodiscard]] Spi inbound() const noexcept { return inbound_; }
  [[nodiscard]] IpsecProtocol protocol() const noexcept { return terms_.protocol; }

 private:
  [[nodiscard]] Expected<SelectorPair> accepted_selectors(const Message& response) const;

  Session& session_;
  ChildRequest request_;
  ChildTerms terms_;
  Spi inbound_;
  SelectorPair offered_;
};

// The responder's half, before there are keys.
struct ChildAnswer {
  PolicySource::Entry policy;
  std::vector<PolicySource::Entry> linked;  // as in ChildSa
  ChosenChild chosen;
  SelectorPair selectors;
  std::optional<SelectorPair> on_wire;  // as in ChildSa
  Concessions concessions;
  bool more_selectors{};  // ADDITIONAL_TS_POSSIBLE
};
struct ChildQuestion {
  const Message& request;
  ForwardSecrecy secrecy{ForwardSecrecy::None};
  PolicySource::Entry rekeyed;  // of the child that this one is to replace, or null
};
[[nodiscard]] Negotiated<ChildAnswer> answer_child(Session& session, const ChildQuestion& question);
// When its outbound half is to send.
enum class Sending : std::uint8_t {
  AtOnce,
  WhenHeard,  // after the peer has sent by the inbound one, or deleted what it replaces (IKE-113)
};
// Installs it; the response's SA (after which Nr and KEr stand in CREATE_CHILD_SA), TSi and TSr are
// written by the other two.
[[nodiscard]] Negotiated<std::shared_ptr<ChildSa>> install_answer(Session& session,
                                                                  const ChildAnswer& answer,
                                                                  const KeyInputs& nonces,
                                                                  ByteView secret, Sending sending);
void write_answer(PayloadChain& payloads, const ChildAnswer& answer, const ChildSa& child);
void write_answered_selectors(PayloadChain& payloads, const ChildAnswer& answer);

}  // namespace sallyport::ike
