// The Intel IPsec-MB library: its header, without the old names that it would define as macros, and
// an owned instance of it.
#pragma once

#define NO_COMPAT_IMB_API_053
#include <intel-ipsec-mb.h>

#include <memory>
#include <string_view>

#include "base/error.h"

namespace sallyport {

struct FreeIpsecMb {
  void operator()(IMB_MGR* instance) const noexcept { free_mb_mgr(instance); }
};
using IpsecMb = std::unique_ptr<IMB_MGR, FreeIpsecMb>;

// Wide: the widest vectors of this machine. Narrow: SSE with the SHA instructions, which is faster
// than half-empty lanes of wide vectors.
enum class VectorWidth { Wide, Narrow };

// Fails where the processor lacks AES instructions or the library's self-test does not pass.
[[nodiscard]] Expected<IpsecMb> open_ipsec_mb(VectorWidth width);

// "AVX512-VAES", "AVX512", "AVX2", "AVX", "SSE-SHANI", "SSE".
[[nodiscard]] std::string_view variant(const IMB_MGR& instance) noexcept;
// True where GCM keeps 48 powers of the hash key at the end of its tables.
[[nodiscard]] bool has_vaes(const IMB_MGR& instance) noexcept;

}  // namespace sallyport
