#include "dataplane/neighbour_questions.h"

namespace sallyport {
namespace {

// RFC 4861 10: MAX_UNICAST_SOLICIT.
constexpr unsigned kSolicitations = 3;

}  // namespace

void NeighbourQuestions::ask(const Question& question, Answered answered, Instant now) {
  const auto [entry, is_new] =
      pending_.try_emplace(NeighbourKey::of(question.port, question.target));
  Pending& pending = entry->second;
  pending.answered.push_back(std::move(answered));
  if (!is_new) return;
  pending.question = question;
  pending.left = kSolicitations;
  send(pending, now);
}

void NeighbourQuestions::send(Pending& pending, Instant now) {
  const Question& question = pending.question;
  const Address group = solicited_node(question.target);
  const bool known = question.asker == Asker::Known;
  NeighbourMessage solicitation{
      .kind = NeighbourMessage::Kind::Solicitation,
      .source = known ? my_.own.link_local(question.port) : Address::any(Family::V6),
      .destination = question.known ? question.target : group,
      .target = question.target};
  if (known) solicitation.link_address = my_.own.port(question.port).mac;
  my_.sender.originate_on_link(build_neighbour_message(solicitation),
                               {question.port, question.known.value_or(multicast_mac(group))});
  --pending.left;
  pending.next = now + kRetransmit;
}

// What was not asked for shows nothing of who can hear us (RFC 4861 7.3.1).
void NeighbourQuestions::hear(const NeighbourMessage& message, const Delivery& delivery) {
  if (message.kind != NeighbourMessage::Kind::Advertisement) return;
  const NeighbourKey key = NeighbourKey::of(delivery.port, message.target);
  const auto entry = pending_.find(key);
  if (entry == pending_.end()) return;
  const bool asked_by_name = entry->second.question.asker == Asker::Known;
  if (asked_by_name && !message.solicited) return;
  if (delivery.mac == my_.own.port(delivery.port).mac) return;
  finish(key, message.link_address.value_or(delivery.mac));
}

void NeighbourQuestions::tick(Instant now) {
  std::vector<NeighbourKey> over;
  for (auto& [key, pending] : pending_) {
    if (pending.next > now) continue;
    if (pending.left == 0)
      over.push_back(key);
    else
      send(pending, now);
  }
  for (const NeighbourKey& key : over) finish(key, std::nullopt);
}

// Who asked may ask anew while it is told.
void NeighbourQuestions::finish(const NeighbourKey& key, const std::optional<MacAddress>& found) {
  const auto ended = pending_.extract(key);
  if (!ended) return;
  for (const Answered& answered : ended.mapped().answered) answered(found);
}

}  // namespace sallyport
