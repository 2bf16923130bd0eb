#include "agent/host/cgroup.hpp"

#include "common/files.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace aura::host {
namespace {

constexpr std::size_t max_file_bytes = 4096;
constexpr std::string_view counter = "oom_kill ";

std::optional<std::uint64_t> counted(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(counter)) continue;
    std::uint64_t value = 0;
    const char* end = line.data() + line.size();
    const auto [rest, error] = std::from_chars(line.data() + counter.size(), end, value);
    if (error == std::errc() && rest == end) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> oom_kills(const std::string& root, const std::string& container_id) {
  const std::string by_cgroupfs = "/docker/" + container_id;
  const std::string by_systemd = "/system.slice/docker-" + container_id + ".scope";
  const std::string files[] = {root + by_systemd + "/memory.events", root + by_cgroupfs + "/memory.events",
                               root + "/memory" + by_systemd + "/memory.oom_control",
                               root + "/memory" + by_cgroupfs + "/memory.oom_control"};
  for (const std::string& file : files) {
    const auto text = read_file(file, max_file_bytes);
    if (!text) continue;
    if (const auto kills = counted(*text)) return kills;
  }
  return std::nullopt;
}

}  // namespace aura::host
