// What is offered in SA payloads, and what is taken of it (RFC 7296 2.7, 3.3; IKE-55..64). Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ike/key_schedule.h"
#include "ike/wire/payloads.h"

namespace sallyport::ike {

// Of an IKE SA; `spi` is empty in IKE_SA_INIT and ours, 8 octets, in a rekey.
[[nodiscard]] std::vector<Proposal> offer_ike(std::span<const IkeProposal> proposals, ByteView spi);

struct ChosenIke {
  Suite suite;
  Proposal answer;  // with the offer's number and no SPI yet
  Octets peer_spi;
};
// The first of ours for which the peer offers everything; `preferred` is the group of the peer's KE
// payload, taken where it is as good an answer as another (IKE-43).
[[nodiscard]] std::optional<ChosenIke> choose_ike(std::span<const IkeProposal> ours,
                                                  std::span<const Proposal> offered,
                                                  std::uint16_t preferred);
// The suite of an answer to offer_ike(ours): nullopt where it is no subset of the offer (IKE-60).
[[nodiscard]] std::optional<ChosenIke> accept_ike(std::span<const IkeProposal> ours,
                                                  std::span<const Proposal> answer);
// The groups of an offer, in order, without repetition.
[[nodiscard]] std::vector<Group> groups_of(std::span<const IkeProposal> proposals);

// INVALID_KE_PAYLOAD: a KE payload of this group is wanted (RFC 7296 1.3).
[[nodiscard]] Notify wants_group(Group group);
// What such a notification asks for, where it is another one of what was offered (IKE-43).
[[nodiscard]] std::optional<Group> other_group(const Notify& error, std::span<const Group> offered,
                                               std::optional<Group> used);

[[nodiscard]] ProtocolId protocol_id(IpsecProtocol protocol) noexcept;

// What policy asks of a child (RFC 4301 4.4.1.2).
struct ChildTerms {
  IpsecProtocol protocol{IpsecProtocol::Esp};
  std::vector<Transform> transforms;  // in falling preference
  std::vector<Group> groups;          // for perfect forward secrecy; empty: none
  bool esn{true};                     // both kinds are offered, and 64-bit numbers preferred
  bool thirty_two_bits{true};         // 32-bit numbers will do (IKE-62)
};
// One proposal for each transform. `spi`: our inbound one.
[[nodiscard]] std::vector<Proposal> offer_child(const ChildTerms& terms, Spi spi);

struct ChosenChild {
  Transform transform;
  bool esn{};
  std::optional<Group> group;
  Spi peer_spi{};
  Proposal answer;  // with the offer's number; its SPI is the peer's still
};
// `preferred`: the group of the peer's KE payload, if it sent one.
[[nodiscard]] std::optional<ChosenChild> choose_child(const ChildTerms& ours,
                                                      std::span<const Proposal> offered,
                                                      std::optional<std::uint16_t> preferred);
[[nodiscard]] std::optional<ChosenChild> accept_child(const ChildTerms& ours,
                                                      std::span<const Proposal> answer);

}  // namespace sallyport::ike
