// How packets are protected: the keys that `protect` of a policy and an [[sa]] have in common.
#pragma once

#include "gateway/config/table_reader.h"
#include "gateway/config/toml_writer.h"
#include "spd/policy.h"

namespace sallyport {

// What the table says goes over what `protection` holds: protocol, mode, endpoints, esn,
// replay_window, fragments, fragmentation, df, dscp, ecn, hop_limit, flow_label, dscp_from_outer,
// soft, hard.
void read_protection(TableReader& reader, Protection& protection);

void write_protection(const Protection& protection, TomlFields& fields);

// "esp", "ah".
[[nodiscard]] Expected<IpsecProtocol> read_ipsec_protocol(const Value& value);
[[nodiscard]] std::string_view ipsec_protocol_text(IpsecProtocol protocol) noexcept;

inline constexpr std::uint16_t kMostTfcBytes = 16384;
// `tfc = { size, multiple }`: what shorter packets are padded to, and all to a multiple of (RFC
// 4303 2.7; ESP-16). Both 0: nothing is.
void read_tfc(TableReader& parent, std::uint16_t& size, std::uint16_t& multiple);
void write_tfc(std::uint16_t size, std::uint16_t multiple, TomlFields& fields);

}  // namespace sallyport
