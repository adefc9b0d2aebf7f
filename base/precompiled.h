// What most sources here include from outside, compiled once for each module that has no header of
// its own for that. Each of them includes what it needs all the same: clang-tidy reads it without
// this.
#include <fmt/format.h>
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
