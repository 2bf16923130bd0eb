// What `aura-control serve` runs with: command line over configuration file over defaults.
#pragma once

#include "common/error.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aura::control {

inline constexpr const char* default_listen = "127.0.0.1:8080";
inline constexpr const char* default_state_dir = "/var/lib/aura-control";
inline constexpr const char* default_tailscale_socket = "/run/tailscale/tailscaled.sock";
inline constexpr std::size_t max_listeners = 16;
inline constexpr int default_heartbeat_s = 60;
inline constexpr int max_heartbeat_s = 86'400;

struct Config {
  // "ADDRESS:PORT", "[V6]:PORT", or "tailnet:PORT": all of this device's tailnet addresses. Port 0: any free one.
  std::vector<std::string> listen = {default_listen};
  std::string db;                         // "sqlite:PATH"; "": control.db in the state directory
  int heartbeat_s = default_heartbeat_s;  // dictated to nodes
  std::set<std::string> names;            // own host names
  std::string trusted_proxy;              // its address
  // tailscaled's socket; where it is set, or a listener is in the tailnet, callers are known by the tailnet.
  std::optional<std::string> tailscale_socket;
  std::string capability = "aura.dev/cap/control";  // grants operators their roles
  int node_port = 9414;                             // of nodes' own APIs, to which commands are pushed
  std::string socks5;                               // "ADDRESS:PORT" of tailscaled's proxy in userspace mode
};

// TOML with the keys above in the table [serve]; listen is one text or a list. Each problem is named with file, line
// and key; an unknown key is one.
Result<Config> read_config(const std::string& path);

struct Endpoint {
  bool tailnet = false;  // "tailnet:PORT"; then without an address
  std::string address;
  std::uint16_t port = 0;
};
Result<Endpoint> parse_endpoint(const std::string& text);

}  // namespace aura::control
