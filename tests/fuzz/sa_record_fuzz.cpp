// Fuzzes the import of SA records: what is taken is an SA that may be, and exports to the same.
#include <cstdlib>

#include "sad/record.h"

namespace {

using namespace sallyport;

void require(bool condition) {
  if (!condition) std::abort();
}

void set_progress(const Sa& sa, const SaTable& table, SaSlot slot) {
  OutboundState& out = table.outbound_state(slot);
  InboundState& in = table.inbound_state(slot);
  out.last_sequence = in.highest = sa.last_sequence.value;
  out.packets = in.packets = sa.used.packets;
  out.bytes = in.bytes = sa.used.bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SaTable kTable({1, 1}, *std::pmr::new_delete_resource());
  const auto sa = import_record(ByteView(data, size), 0);
  if (!sa) {
    require(!sa.error().what.empty());
    return 0;
  }
  require(validate(*sa).has_value());
  set_progress(*sa, kTable, SaSlot{0});
  const auto record = export_record(*sa, kTable, SaSlot{0});
  const auto again = import_record(record, 0);
  require(again.has_value());
  require(export_record(*again, kTable, SaSlot{0}) == record);
  const auto ahead = import_record(record, 1ull << 40);
  require(ahead && ahead->last_sequence >= sa->last_sequence);
  return 0;
}
