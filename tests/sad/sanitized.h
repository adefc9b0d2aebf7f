// Sanitizers make code ten to fifty times slower: long tests do a part of their rounds there.
#pragma once

namespace sallyport::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace sallyport::test
