// SHA-256, HMAC-SHA256 and a comparison that takes the same time whatever differs (FIPS 180-4, RFC 2104).
#pragma once

#include <string>
#include <string_view>

namespace aura {

// Lower-case hex, 64 characters.
std::string sha256_hex(std::string_view data);
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

// True if both are equal; the time taken depends on the lengths alone.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace aura
