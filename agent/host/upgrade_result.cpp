#include "agent/host/upgrade_result.hpp"

#include "common/files.hpp"

#include <charconv>
#include <string_view>

namespace aura::host {
namespace {

constexpr std::size_t max_result_bytes = 4096;

}  // namespace

std::optional<reconcile::UpgradeResult> upgrade_result(const std::string& path) {
  const auto text = read_file(path, max_result_bytes);
  if (!text) return {};
  reconcile::UpgradeResult result;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    if (end == rest.npos) break;  // half a line is none
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const auto equals = line.find('=');
    if (equals == line.npos) continue;
    const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
    if (key == "serial") std::from_chars(value.data(), value.data() + value.size(), result.serial);
    if (key == "version") result.version = value;
    if (key == "installed") result.installed = value == "yes";
    if (key == "code") result.code = value;
    if (key == "detail") result.detail = value;
  }
  if (result.serial == 0 || result.version.empty()) return {};
  return result;
}

}  // namespace aura::host
