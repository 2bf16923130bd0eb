#include "agent/config/policy.hpp"
#include "agent/config/words.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace aura::config {
namespace {

using reconcile::WorkloadSpec;

constexpr std::string_view remedy = "of policy.toml, which only root may change";
constexpr std::array<std::string_view, 6> never_mountable{"/etc",  "/run", "/var/run",
                                                          "/proc", "/sys", "/var/lib/docker"};

bool contains(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// Below a forbidden path, or above it so that it would be seen through the mount.
std::optional<std::string> forbidden(const std::string& source, const PolicyContext& context) {
  if (source == "/") return "/";
  for (const std::string_view path : never_mountable) {
    if (path_within(source, path) || path_within(path, source)) return std::string(path);
  }
  for (const std::string& path : context.own_paths) {
    if (path_within(source, path) || path_within(path, source)) return path;
  }
  return std::nullopt;
}

void check_mounts(const Policy& policy, const WorkloadSpec& spec, const PolicyContext& context,
                  std::vector<Violation>& found) {
  for (std::size_t i = 0; i < spec.mounts.size(); ++i) {
    const std::string key = fmt::format("mounts[{}]", i);
    const std::string& source = spec.mounts[i].source;
    if (const auto path = forbidden(source, context)) {
      found.push_back({key, fmt::format("{} can never be mounted, because of {}: mount a folder of the workload's own",
                                        source, *path)});
      continue;
    }
    const bool inside = std::any_of(policy.mount_roots.begin(), policy.mount_roots.end(),
                                    [&source](const std::string& root) { return path_within(source, root); });
    if (!inside) {
      found.push_back({key, fmt::format("{} is outside the mount roots: choose a folder below one of mount_roots {}",
                                        source, remedy)});
    }
  }
}

void check_image(const Policy& policy, const WorkloadSpec& spec, std::vector<Violation>& found) {
  const ImageName image = image_name(spec.image);
  const std::string full = "/" + image.registry + "/" + image.path;
  const bool allowed =
      std::any_of(policy.registries.begin(), policy.registries.end(),
                  [&full](const std::string& root) { return root == "*" || path_within(full, "/" + root); });
  if (!allowed) {
    found.push_back({"image", fmt::format("comes from {}, which is none of the allowed: use one of registries {}",
                                          image.registry, remedy)});
  }
}

void check_security(const Policy& policy, const WorkloadSpec& spec, std::vector<Violation>& found) {
  if (spec.security.privileged && !policy.privileged) {
    found.push_back(
        {"security.privileged", fmt::format("is not allowed: write false, or allow privileged {}", remedy)});
  }
  for (const std::string& name : spec.security.host_namespaces) {
    if (contains(policy.host_namespaces, name)) continue;
    found.push_back({"security.host_namespaces",
                     fmt::format("{} is not allowed: remove it, or add it to host_namespaces {}", name, remedy)});
  }
  for (const std::string& name : spec.security.cap_add) {
    if (contains(policy.cap_add, name) || contains(policy.cap_add, "ALL")) continue;
    found.push_back(
        {"security.cap_add", fmt::format("{} is not allowed: remove it, or add it to cap_add {}", name, remedy)});
  }
}

}  // namespace

bool path_within(std::string_view path, std::string_view root) {
  if (root == "/") return path.starts_with('/');
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::vector<Violation> find_violations(const Policy& policy, const WorkloadSpec& spec, const PolicyContext& context) {
  std::vector<Violation> found;
  check_image(policy, spec, found);
  check_mounts(policy, spec, context, found);
  for (std::size_t i = 0; i < spec.ports.size(); ++i) {
    if (contains(policy.port_addresses, spec.ports[i].host_address)) continue;
    found.push_back({fmt::format("ports[{}]", i), fmt::format("{} is not allowed: use one of port_addresses {}",
                                                              spec.ports[i].host_address, remedy)});
  }
  check_security(policy, spec, found);
  return found;
}

std::vector<std::string> violations(const Policy& policy, const WorkloadSpec& spec, const PolicyContext& context) {
  std::vector<std::string> sentences;
  for (const Violation& violation : find_violations(policy, spec, context)) {
    sentences.push_back(violation.key + ": " + violation.message);
  }
  return sentences;
}

}  // namespace aura::config
