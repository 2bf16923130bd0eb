#include "agent/host/cgroup.hpp"

#include "common/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include <sys/stat.h>

namespace aura::host {
namespace {

constexpr std::size_t max_proc_cgroup_bytes = 64 * 1024;

bool is_folder(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool is_id(std::string_view id) {
  return !id.empty() && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The path up to the part that names the container: its processes may have moved into cgroups below (a systemd in it
// does). "": it is not the container's, or leads out of what we see.
std::string own_path(std::string_view path, std::string_view id) {
  const auto at = path.find(id);
  if (at == std::string_view::npos || !path.starts_with('/')) return {};
  const std::string_view own = path.substr(0, path.find('/', at));
  return own.find("/..") == std::string_view::npos ? std::string(own) : std::string();
}

}  // namespace

std::string_view next_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  const std::string_view line = next_line(text);
  std::uint64_t value = 0;
  const char* end = line.data() + line.size();
  const auto [rest, error] = std::from_chars(line.data(), end, value);
  return error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> keyed_number(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (!line.starts_with(key) || line.substr(key.size(), 1) != " ") continue;
    if (const auto value = number_in(line.substr(key.size() + 1))) return value;
  }
  return std::nullopt;
}

Cgroup::Cgroup(const Roots& roots, const std::string& container_id, int pid)
    : roots_(roots), id_(is_id(container_id) ? container_id : std::string()) {
  if (id_.empty()) return;
  if (pid > 0) ask_process(pid);
  for (const std::string& path : places("")) {
    if (!is_folder(roots_.cgroup + path)) continue;
    unified_ = roots_.cgroup + path;
    return;
  }
}

std::vector<std::string> Cgroup::places(std::string_view controller) const {
  std::vector<std::string> paths;
  if (const auto told = told_.find(controller); told != told_.end()) paths.push_back(told->second);
  paths.push_back("/system.slice/docker-" + id_ + ".scope");
  paths.push_back("/docker/" + id_);
  return paths;
}

// Lines "hierarchy:controller,controller:path"; version 2 has no controllers there.
void Cgroup::ask_process(int pid) {
  const auto text = read_file(fmt::format("{}/{}/cgroup", roots_.proc, pid), max_proc_cgroup_bytes);
  if (!text) return;
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = next_line(rest);
    line.remove_prefix(std::min(line.find(':') + 1, line.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string path = own_path(line.substr(colon + 1), id_);
    if (path.empty()) continue;
    pid_is_its_ = true;
    std::string_view controllers = line.substr(0, colon);
    do {
      const std::string_view controller = controllers.substr(0, controllers.find(','));
      controllers.remove_prefix(std::min(controller.size() + 1, controllers.size()));
      told_.insert_or_assign(std::string(controller), path);
    } while (!controllers.empty());
  }
}

std::optional<std::string> Cgroup::read(std::string_view file) const {
  if (unified_.empty()) return std::nullopt;
  auto text = read_file(fmt::format("{}/{}", unified_, file), max_cgroup_file_bytes);
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

std::optional<std::string> Cgroup::read(std::string_view controller, std::string_view file) const {
  if (id_.empty()) return std::nullopt;
  for (const std::string& path : places(controller)) {
    auto text = read_file(fmt::format("{}/{}{}/{}", roots_.cgroup, controller, path, file), max_cgroup_file_bytes);
    if (text) return std::move(*text);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> oom_kills(const Roots& roots, const std::string& container_id, int pid) {
  return oom_kills(Cgroup(roots, container_id, pid));
}

std::optional<std::uint64_t> oom_kills(const Cgroup& cgroup) {
  const auto text = cgroup.unified() ? cgroup.read("memory.events") : cgroup.read("memory", "memory.oom_control");
  return text ? keyed_number(*text, "oom_kill") : std::nullopt;
}

}  // namespace aura::host
