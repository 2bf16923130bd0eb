#include "agent/config/config_fields.hpp"

#include <fmt/core.h>

#include <array>

namespace aura::config {
namespace {

constexpr int max_count = 10000;

// clang-format off
const std::array fields{
    Field{"node", "id", [](Config& c) -> Slot { return &c.node.id; }},
    Field{"node", "tenant", [](Config& c) -> Slot { return &c.node.tenant; }},
    Field{"control", "url", [](Config& c) -> Slot { return &c.control.url; }},
    Field{"control", "auth", [](Config& c) -> Slot { return &c.control.auth; }},
    Field{"control", "expect_tags", [](Config& c) -> Slot { return &c.control.expect_tags; }},
    Field{"control", "heartbeat_s", [](Config& c) -> Slot { return &c.control.heartbeat_s; }, 1, 86400, true},
    Field{"api", "listen", [](Config& c) -> Slot { return &c.api.listen; }},
    Field{"api", "port", [](Config& c) -> Slot { return &c.api.port; }, 0, 65535},
    Field{"api", "capability", [](Config& c) -> Slot { return &c.api.capability; }},
    Field{"api", "allow_tags", [](Config& c) -> Slot { return &c.api.allow_tags; }},
    Field{"docker", "socket", [](Config& c) -> Slot { return &c.docker.socket; }},
    Field{"tailscale", "socket", [](Config& c) -> Slot { return &c.tailscale.socket; }},
    Field{"tailscale", "socks5", [](Config& c) -> Slot { return &c.tailscale.socks5; }},
    Field{"limits", "open_commands", [](Config& c) -> Slot { return &c.limits.open_commands; }, 1, max_count},
    Field{"limits", "destructive_per_minute",
          [](Config& c) -> Slot { return &c.limits.destructive_per_minute; }, 1, max_count},
    Field{"limits", "destructive_burst", [](Config& c) -> Slot { return &c.limits.destructive_burst; }, 1, max_count},
    Field{"limits", "connections", [](Config& c) -> Slot { return &c.limits.connections; }, 1, max_count},
    Field{"limits", "withdrawn_kept_days", [](Config& c) -> Slot { return &c.limits.withdrawn_kept_days; }, 1, 365},
    Field{"limits", "collect_disk_percent", [](Config& c) -> Slot { return &c.limits.collect_disk_percent; }, 1, 100},
    Field{"limits", "collect_unused_days", [](Config& c) -> Slot { return &c.limits.collect_unused_days; }, 0, 3650},
    Field{"limits", "pull_idle_s", [](Config& c) -> Slot { return &c.limits.pull_idle_s; }, 1, 86400},
    Field{"limits", "pull_reserve_mb", [](Config& c) -> Slot { return &c.limits.pull_reserve_mb; }, 0, 1 << 30},
    Field{"paths", "state", [](Config& c) -> Slot { return &c.paths.state; }},
    Field{"paths", "workloads", [](Config& c) -> Slot { return &c.paths.workloads; }},
    Field{"paths", "runtime", [](Config& c) -> Slot { return &c.paths.runtime; }},
    Field{"paths", "socket", [](Config& c) -> Slot { return &c.paths.socket; }},
    Field{"paths", "credentials", [](Config& c) -> Slot { return &c.paths.credentials; }},
};
// clang-format on

// A TOML basic string (TOML 1.0, "String").
std::string toml_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\u{:04X}", byte);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace

std::span<const Field> config_fields() { return fields; }

std::string field_toml(const Field& field, const Config& config) {
  Config copy = config;
  const Slot slot = field.slot(copy);
  if (const auto* text = std::get_if<std::string*>(&slot)) return toml_text(**text);
  if (const auto* number = std::get_if<int*>(&slot)) return std::to_string(**number);
  std::string list = "[";
  for (const std::string& item : *std::get<std::vector<std::string>*>(slot)) {
    list += (list.size() > 1 ? ", " : "") + toml_text(item);
  }
  return list + "]";
}

}  // namespace aura::config
