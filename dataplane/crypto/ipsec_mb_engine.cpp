#include "dataplane/crypto/ipsec_mb_engine.h"

namespace sallyport {

Expected<std::unique_ptr<IpsecMbEngine>> IpsecMbEngine::create() {
  Expected<IpsecMb> wide = open_ipsec_mb(VectorWidth::Wide);
  if (!wide) return std::unexpected(wide.error());
  Expected<IpsecMb> narrow = open_ipsec_mb(VectorWidth::Narrow);
  if (!narrow) return std::unexpected(narrow.error());
  Expected<OpensslEngine> openssl = OpensslEngine::create();
  if (!openssl) return std::unexpected(openssl.error());
  return std::unique_ptr<IpsecMbEngine>(
      new IpsecMbEngine(std::move(*wide), std::move(*narrow), std::move(*openssl)));
}

IpsecMbEngine::IpsecMbEngine(IpsecMb wide, IpsecMb narrow, OpensslEngine openssl) noexcept
    : wide_(std::move(wide)),
      narrow_(std::move(narrow)),
      openssl_(std::move(openssl)),
      combined_(*wide_),
      separate_({.wide = *wide_, .narrow = *narrow_, .openssl = openssl_}) {}

template <Operation operation>
bool IpsecMbEngine::process(Batch batch) noexcept {
  const Cipher cipher = transform_of(batch).cipher;
  switch (facts(cipher).kind) {
    case CipherKind::Gcm:
      return combined_.gcm<operation>(batch);
    case CipherKind::Gmac:
      return combined_.gmac<operation>(batch);
    case CipherKind::ChaChaPoly:
      return combined_.chacha_poly<operation>(batch);
    case CipherKind::Ccm:
      return OpensslEngine::performs(cipher) ? openssl_.ccm<operation>(batch)
                                             : combined_.ccm<operation>(batch);
    case CipherKind::Null:
      if (facts(transform_of(batch).integrity).ah_only())
        return combined_.ah_gmac<operation>(batch);
      [[fallthrough]];
    case CipherKind::Cbc:
    case CipherKind::Ctr:
      return operation == Operation::Seal ? separate_.seal(batch) : separate_.open(batch);
  }
  return false;
}

bool IpsecMbEngine::seal(std::span<CryptoJob> jobs) noexcept {
  bool all = true;
  for_each_batch(jobs, [&](Batch batch) { all &= process<Operation::Seal>(batch); });
  return all;
}

void IpsecMbEngine::open(std::span<CryptoJob> jobs) noexcept {
  for_each_batch(jobs, [this](Batch batch) { process<Operation::Open>(batch); });
}

}  // namespace sallyport
