#include "common/bytes.hpp"

#include <fmt/format.h>

namespace aura {

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1024, mib = kib * 1024, gib = mib * 1024, tib = gib * 1024;
  if (bytes >= tib) return fmt::format("{:.1f} TiB", static_cast<double>(bytes) / static_cast<double>(tib));
  if (bytes >= gib) return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(gib));
  if (bytes >= mib) return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / static_cast<double>(mib));
  return fmt::format("{} KiB", (bytes + kib - 1) / kib);
}

}  // namespace aura
