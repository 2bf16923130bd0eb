#include "agent/config/policy.hpp"

#include "agent/config/section.hpp"
#include "agent/config/trusted_file.hpp"
#include "agent/config/words.hpp"
#include "common/protocol/command.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>

namespace aura::config {
namespace {

constexpr std::size_t max_policy_file_bytes = 64 * 1024;

// Takes one item in its normal form, or says what is wrong with it.
using Normalise = std::function<std::optional<std::string>(const std::string& item)>;

void read_list(Section& root, std::string_view key, std::vector<std::string>& target, std::string_view wanted,
               const Normalise& normalise) {
  const auto items = root.texts(key);
  if (!items) return;
  target.clear();
  for (const Text& item : *items) {
    if (const auto normal = normalise(item.text)) {
      target.push_back(*normal);
    } else {
      root.findings().add(item.place, std::string(key), fmt::format("{} is no {}", quoted(item.text), wanted));
    }
  }
}

std::optional<std::string> same_if(bool good, const std::string& item) {
  if (good) return item;
  return std::nullopt;
}

bool is_registry_pattern(const std::string& text) {
  // A pattern is what may stand in front of "/x" in a reference.
  return text == "*" || (is_image_reference(text + "/x") && text.find('@') == std::string::npos);
}

}  // namespace

PolicyContext policy_context(const Config& config) {
  PolicyContext context;
  context.tenant = config.node.tenant;
  const auto& paths = config.paths;
  for (const std::string& path :
       {paths.state, paths.workloads, paths.runtime, paths.socket, paths.credentials, paths.config, paths.config + ".d",
        paths.policy, config.docker.socket, config.tailscale.socket}) {
    if (const auto normal = normal_path(path)) context.own_paths.push_back(*normal);
  }
  return context;
}

PolicyResult parse_policy(std::string_view text, const std::string& file) {
  const Document document = parse_document(text, file);
  if (!document.problems.empty()) return {std::nullopt, document.problems};
  Findings findings{file, {}};
  Section root(std::get<Table>(document.root.data), "", {}, findings);
  Policy policy;
  read_list(root, "mount_roots", policy.mount_roots, "absolute path without \".\" and \"..\"", normal_path);
  read_list(root, "registries", policy.registries, "registry: write \"*\", \"ghcr.io\" or \"ghcr.io/owner\"",
            [](const std::string& item) { return same_if(is_registry_pattern(item), item); });
  read_list(root, "refused_verbs", policy.refused_verbs, "verb of a command",
            [](const std::string& item) { return same_if(protocol::parse_verb(item).has_value(), item); });
  policy.privileged = root.boolean("privileged").value_or(policy.privileged);
  read_list(root, "host_namespaces", policy.host_namespaces, "namespace: write \"network\", \"pid\" or \"ipc\"",
            [](const std::string& item) { return same_if(item == "network" || item == "pid" || item == "ipc", item); });
  read_list(root, "cap_add", policy.cap_add, "Linux capability: see capabilities(7)", normal_capability);
  read_list(root, "port_addresses", policy.port_addresses, "IPv4 or IPv6 literal",
            [](const std::string& item) { return same_if(is_address(item), item); });
  root.finish();
  findings.sort();
  if (!findings.problems.empty()) return {std::nullopt, std::move(findings.problems)};
  return {std::move(policy), {}};
}

PolicyResult load_policy(const std::string& path) {
  const TrustedRead read = read_trusted_file(path, max_policy_file_bytes);
  switch (read.kind) {
    case TrustedRead::Kind::absent: return {Policy{}, {}};
    case TrustedRead::Kind::refused: return {std::nullopt, {Problem{path, 0, 0, "", read.message}}};
    case TrustedRead::Kind::read: break;
  }
  return parse_policy(read.text, path);
}

}  // namespace aura::config
