#include "agent/config/not_supported.hpp"

namespace aura::config {
namespace {

using reconcile::WorkloadSpec;

}  // namespace

const std::array<NotSupported, 6> not_supported{{
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
