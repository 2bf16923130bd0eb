#include "agent/config/workload_file.hpp"

#include "agent/config/words.hpp"
#include "agent/config/workload_parts.hpp"
#include "common/ids.hpp"

#include <fmt/core.h>

namespace aura::config {
namespace {

void read_image(Section& root, reconcile::WorkloadSpec& spec) {
  if (!root.has("image")) root.problem("image", "is missing: name the image to run");
  const auto image = root.text("image");
  if (!image) return;
  if (is_image_reference(*image)) {
    spec.image = *image;
  } else {
    root.problem("image",
                 fmt::format("{} is no image reference: write [REGISTRY/]NAME[:TAG][@sha256:DIGEST]", quoted(*image)));
  }
}

void read_names(Section& root, const std::string& name, reconcile::WorkloadSpec& spec) {
  if (const auto credential = root.text("registry_auth")) {
    spec.registry_auth = *credential;
    if (!is_credential_name(*credential)) root.problem("registry_auth", "must be the name of a systemd credential");
  }
  if (const auto backup = root.text("backup")) {
    spec.backup = *backup;
    if (!is_workload_name(*backup)) root.problem("backup", "must be the name of a workload");
    if (*backup == name) root.problem("backup", "must be another workload, not this one");
  }
}

}  // namespace

ParsedWorkload parse_workload(std::string_view text, const std::string& file, const std::string& name) {
  return read_workload(parse_document(text, file), file, name);
}

ParsedWorkload read_workload(const Document& document, const std::string& file, const std::string& name) {
  ParsedWorkload parsed;
  if (!document.problems.empty()) {
    parsed.problems = document.problems;
    return parsed;
  }
  const auto& table = std::get<Table>(document.root.data);
  parsed.lines = lines_of(table);
  Findings findings{file, {}};
  Section root(table, "", {}, findings);
  reconcile::WorkloadSpec spec;
  read_image(root, spec);
  spec.entrypoint = read_argv(root, "entrypoint");
  spec.command = read_argv(root, "command");
  read_env(root, spec);
  read_secrets(root, spec);
  read_mounts(root, spec);
  read_ports(root, spec);
  read_names(root, name, spec);
  if (const auto tailnet = root.boolean("tailnet")) spec.tailnet = *tailnet;
  read_dependencies(root, name, spec);
  if (const auto word = root.word("on_dependency_restart", {"none", "restart"})) {
    spec.on_dependency_restart = static_cast<reconcile::OnDependencyRestart>(*word);
  }
  read_resources(root, spec.resources);
  read_security(root, spec.security);
  read_stop(root, spec.stop);
  read_restart(root, spec.restart);
  read_health(root, spec);
  read_disconnect(root, spec);
  read_memory_policy(root, spec);
  root.finish();
  findings.sort();
  parsed.problems = std::move(findings.problems);
  if (parsed.problems.empty()) parsed.spec = std::move(spec);
  return parsed;
}

std::optional<std::string> workload_name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (!name.ends_with(".toml")) return std::nullopt;
  name.remove_suffix(5);
  if (!is_workload_name(name)) return std::nullopt;
  return std::string(name);
}

}  // namespace aura::config
