// Moving (RFC 4555; MOBIKE-01..07). Who has begun the first of a series of IKE SAs chooses the
// path: it moves when its own address or its route has changed, when requests stay unanswered, and
// when the peer's addresses have changed. The other side follows it, and moves by itself only where
// its own address is gone.
#pragma once

#include <optional>
#include <span>

#include "ike/session.h"

namespace sallyport::ike {

// In IKE_AUTH both sides say that they do, and where else they are (3.1, 3.4, 3.9). As initiator,
// before its request; `policy` is that of its child, or null.
void offer_mobike(Session& session, const Policy* policy);
void append_mobike(PayloadChain& payloads, Session& session);
void note_mobike(Session& session, const Message& message);

// Our addresses or routes may have changed: moves where that is ours to do, tells the peer of our
// other addresses, ends what has no address any more (3.5, 3.6).
void follow_own_addresses(Session& session);
// As who chooses: from now on along `path`, which the peer is told even where it is the same.
void begin_address_update(Session& session, const Path& path);
// The IKE SA goes along `path`, with such NATs as there are; its children as far as they may.
void take_path(Session& session, const Path& path, NatFindings nat);
// The children wait for the peer's answer from its new address (3.7).
void begin_routability_check(Session& session);

// A request of ours has gone out once more, the `repeats`-th time, and may try other paths (3.10).
void search_path(Session& session, Exchange& exchange, std::span<const Octets> datagrams,
                 unsigned repeats);
// A response has come along `path`: where one was searched, that is it.
void follow_answer(Session& session, const Path& path);

// Behind a NAT liveness checks ask how the peer sees us; where that has changed it is told that we
// know (3.8).
void append_mapping_question(PayloadChain& payloads, const IkeSa& sa);
void follow_mapping(Session& session, const Message& response);

// The successor goes on with what has been moved and is not confirmed yet.
void hand_over_mobility(Session& from, Session& to);

// What an INFORMATIONAL request of the peer's says about addresses (3.5 to 3.9).
class AddressNews {
 public:
  AddressNews(Session& session, MessageId id, const Message& request);
  // What belongs to the answer.
  void write(PayloadChain& answer) const;
  // What follows from it, when the answer is on its way.
  void take();

 private:
  [[nodiscard]] std::optional<NotifyType> refusal(const Message& request) const;
  void follow();
  void take_list();

  Session& session_;
  MessageId id_;
  Path path_;  // by which it has come
  bool updates_{};
  bool lists_{};
  bool asks_for_nat_{};
  NatFindings nat_;
  std::vector<Address> addresses_;
  std::optional<Octets> cookie_;
  std::optional<NotifyType> refusal_;
};

}  // namespace sallyport::ike
