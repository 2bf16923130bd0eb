// What `aura-control serve` runs with: command line over configuration file over defaults.
#pragma once

#include "common/error.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace aura::control {

inline constexpr const char* default_listen = "127.0.0.1:8080";
inline constexpr const char* default_state_dir = "/var/lib/aura-control";
inline constexpr int default_heartbeat_s = 60;
inline constexpr int max_heartbeat_s = 86'400;

struct Config {
  std::string listen = default_listen;    // "ADDRESS:PORT", "[V6]:PORT"; port 0: any free one
  std::string db;                         // "sqlite:PATH"; "": control.db in the state directory
  int heartbeat_s = default_heartbeat_s;  // dictated to nodes
  std::set<std::string> names;            // own host names
  std::string trusted_proxy;              // its address
};

// TOML with the keys listen, db, heartbeat_s, names, trusted_proxy in the table [serve]. Each problem is named with
// file, line and key; an unknown key is one.
Result<Config> read_config(const std::string& path);

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
};
Result<Endpoint> parse_endpoint(const std::string& text);

}  // namespace aura::control
