#include "dataplane/crypto/ipsec_mb.h"

#include <string>

namespace sallyport {

Expected<IpsecMb> open_ipsec_mb(VectorWidth width) {
  constexpr std::uint64_t kNeeded = IMB_CPUFLAGS_SSE;
  if ((imb_get_feature_flags() & kNeeded) != kNeeded) {
    return fail(Error::Code::Unsupported, "this processor has no AES or carry-less multiplication",
                "run on a processor with AES-NI and PCLMULQDQ");
  }
  IpsecMb instance(alloc_mb_mgr(0));
  if (!instance) return fail(Error::Code::Exhausted, "no memory for IPsec-MB");
  if (width == VectorWidth::Wide) {
    init_mb_mgr_auto(instance.get(), nullptr);
  } else {
    init_mb_mgr_sse(instance.get());
  }
  if (const int error = imb_get_errno(instance.get()); error != 0) {
    return fail(Error::Code::Unsupported,
                std::string("IPsec-MB did not start: ") + imb_get_strerror(error));
  }
  const std::uint64_t tested =
      instance->features & (IMB_FEATURE_SELF_TEST | IMB_FEATURE_SELF_TEST_PASS);
  if (tested == IMB_FEATURE_SELF_TEST) {
    return fail(Error::Code::Unsupported, "IPsec-MB's self-test failed",
                "reinstall libipsec-mb; if it stays so, the machine is not to be trusted");
  }
  return instance;
}

bool has_vaes(const IMB_MGR& instance) noexcept {
  constexpr std::uint64_t kVaes = IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ;
  return instance.used_arch == IMB_ARCH_AVX512 && (instance.features & kVaes) == kVaes;
}

std::string_view variant(const IMB_MGR& instance) noexcept {
  switch (instance.used_arch) {
    case IMB_ARCH_AVX512:
      return has_vaes(instance) ? "AVX512-VAES" : "AVX512";
    case IMB_ARCH_AVX2:
      return "AVX2";
    case IMB_ARCH_AVX:
      return "AVX";
    case IMB_ARCH_SSE:
      return (instance.features & IMB_FEATURE_SHANI) != 0 ? "SSE-SHANI" : "SSE";
    default:
      return "none";
  }
}

}  // namespace sallyport
