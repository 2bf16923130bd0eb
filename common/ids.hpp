// Identifiers and random bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aura {

// A new unique id: 26 characters of Crockford's base 32, 48 bits of wall-clock milliseconds then 80 random
// bits (the ULID layout), so that ids sort roughly by time. Time here is for readers only; uniqueness comes
// from the random bits.
std::string new_id();

// `bytes` random bytes from getrandom(2) as lower-case hex.
std::string random_hex(std::size_t bytes);

// 64 random bits from getrandom(2).
std::uint64_t random_u64();

// [a-z0-9][a-z0-9-]{0,62}
bool is_node_id(std::string_view text);

// [a-z][a-z0-9-]{0,40}, and not "node".
bool is_workload_name(std::string_view text);

// An id a command may carry: 1 to 64 of [A-Za-z0-9_.:-].
bool is_command_id(std::string_view text);

}  // namespace aura
