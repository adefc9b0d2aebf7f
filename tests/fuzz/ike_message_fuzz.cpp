// Fuzzes IKE messages in the clear, header and payloads: what is taken, written once more, is read
// as the same (IKE-01, IKE-05, IKE-07). The header's length is made right, so that more is reached.
#include <algorithm>
#include <cstdlib>

#include "ike/eap/ms_chap_message.h"
#include "ike/eap/packet.h"
#include "ike/wire/header.h"
#include "tests/ike/rebuilt_message.h"

namespace {

using namespace sallyport;
using namespace sallyport::ike;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_header(const Octets& message, const Header& header) {
  Octets again;
  write_header(again, header);
  require(std::equal(again.begin(), again.end(), message.begin()));
  require(header.length == message.size());
}

void check_split(const std::vector<RawPayload>& payloads, ByteView all) {
  const std::uint8_t* last = all.data();
  for (const RawPayload& payload : payloads) {
    require(is_known(payload.type) && payload.body.data() >= last + 4);
    last = payload.body.data() + payload.body.size();
  }
  require(last <= all.data() + all.size());
}

void check_ms_chap(ByteView data) {
  const auto message = parse_ms_chap(data);
  if (!message || data.size() == 1) return;
  const bool text = message->op == MsChapOp::Success || message->op == MsChapOp::Failure;
  require(std::ranges::equal(text ? ms_chap_text(*message) : ms_chap_value(*message), data));
  if (const auto proof = proof_in(message->text)) require(proof->size() == 40);
}

// EAP-02: what is taken, written once more, is the same.
void check_eap(ByteView bytes) {
  const auto packet = parse_eap_packet(bytes);
  if (!packet) return;
  Octets again;
  if (packet->code == EapCode::Request)
    again = eap_request(packet->identifier, packet->type, packet->data);
  else if (packet->code == EapCode::Response)
    again = eap_response(packet->identifier, packet->type, packet->data);
  else if (packet->code == EapCode::Success)
    again = eap_success(packet->identifier);
  else
    again = eap_failure(packet->identifier);
  require(std::ranges::equal(again, bytes));
  check_ms_chap(packet->data);
}

void check_message(const Message& message) {
  if (message.eap) check_eap(*message.eap);
  const Message said = test::sayable(message);
  const PayloadChain chain = test::rebuild(said);
  const auto again = parse_message(chain.first(), chain.bytes());
  require(again && test::same(said, *again));
  require(test::rebuild(*again).bytes() == chain.bytes());
  for (const Notify& notify : message.notifies)
    require(message.find(notify.type)->type == notify.type);
  if (const Notify* const error = message.error()) require(is_error(error->type));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Octets message(data, data + size);
  if (size < kHeaderBytes) {
    require(!parse_header(message));
    return 0;
  }
  set_length(message);
  const auto header = parse_header(message);
  require(header.has_value());
  check_header(message, *header);
  const ByteView payloads = ByteView(message).subspan(kHeaderBytes);
  const auto split = split_payloads(header->next, payloads);
  const auto parsed = parse_message(header->next, payloads);
  if (!split) {
    require(!parsed && is_error(split.error().notify));
    return 0;
  }
  check_split(*split, payloads);
  if (parsed) check_message(*parsed);
  return 0;
}
