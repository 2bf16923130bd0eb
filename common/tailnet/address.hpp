// Literal addresses, and which of them are a tailnet's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aura::tailnet {

// 100.64.0.0/10 (RFC 6598) without 100.100.100.0/24, which is tailscaled itself, and fd7a:115c:a1e0::/48: what
// Tailscale gives to devices (tailscale.com/kb/1033, kb/1304). False for what is no literal address.
bool is_tailnet_address(const std::string& address);

bool is_loopback(const std::string& address);

// The name of the network device that has this address now (getifaddrs(3)); nullopt: none has.
std::optional<std::string> device_with(const std::string& address);

// "100.64.0.2:9414", "[fd7a::2]:9414".
std::string join(const std::string& address, unsigned port);

}  // namespace aura::tailnet
