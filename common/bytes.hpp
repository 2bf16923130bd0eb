// Sizes as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace aura {

// "3.1 GiB", "12.0 MiB", "900 KiB": binary units with one decimal from MiB up.
std::string human_bytes(std::uint64_t bytes);

}  // namespace aura
