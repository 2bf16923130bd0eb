#include "agent/config/not_supported.hpp"

#include <algorithm>

namespace aura::config {
namespace {

using reconcile::DependencyNeed;
using reconcile::WorkloadSpec;

bool needs(const WorkloadSpec& spec, DependencyNeed need) {
  return std::any_of(spec.depends_on.begin(), spec.depends_on.end(),
                     [need](const auto& dependency) { return dependency.second == need; });
}

}  // namespace

const std::array<NotSupported, 12> not_supported{{
    {"health.liveness", "not_supported_yet: probes are not run by this version: remove the table",
     [](const WorkloadSpec& spec) { return spec.liveness.has_value(); }},
    {"health.startup", "not_supported_yet: probes are not run by this version: remove the table",
     [](const WorkloadSpec& spec) { return spec.startup.has_value(); }},
    {"health.readiness", "not_supported_yet: probes are not run by this version: remove the table",
     [](const WorkloadSpec& spec) { return spec.readiness.has_value(); }},
    {"depends_on", "not_supported_yet: this version cannot wait for \"healthy\": write \"started\"",
     [](const WorkloadSpec& spec) { return needs(spec, DependencyNeed::healthy); }},
    {"depends_on", "not_supported_yet: this version cannot wait for \"completed\": write \"started\"",
     [](const WorkloadSpec& spec) { return needs(spec, DependencyNeed::completed); }},
    {"on_dependency_restart", "not_supported_yet: this version does not restart dependants: write \"none\"",
     [](const WorkloadSpec& spec) { return spec.on_dependency_restart != reconcile::OnDependencyRestart::none; }},
    {"stop.hook", "not_supported_yet: stop hooks are not run by this version: remove the table",
     [](const WorkloadSpec& spec) { return spec.stop.hook.has_value(); }},
    {"disconnect", "not_supported_yet: this version does nothing when the control plane is gone: remove the table",
     [](const WorkloadSpec& spec) { return spec.disconnect.has_value(); }},
    {"registry_auth", "not_supported_yet: this version pulls without credentials: remove the key",
     [](const WorkloadSpec& spec) { return !spec.registry_auth.empty(); }},
    {"memory", "not_supported_yet: this version has no memory policy: remove the table; a limit is resources.memory",
     [](const WorkloadSpec& spec) { return spec.memory.has_value(); }},
    {"backup", "not_supported_yet: this version starts no backup: remove the key",
     [](const WorkloadSpec& spec) { return !spec.backup.empty(); }},
    {"tailnet", "not_supported_yet: this version does not open the tailnet to containers: write false",
     [](const WorkloadSpec& spec) { return spec.tailnet; }},
}};

}  // namespace aura::config
