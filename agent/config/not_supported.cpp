#include "agent/config/not_supported.hpp"

namespace aura::config {
namespace {

using reconcile::WorkloadSpec;

}  // namespace

const std::array<NotSupported, 4> not_supported{{
    {"stop.hook", "not_supported_yet: stop hooks are not run by this version: remove the table",
     [](const WorkloadSpec& spec) { return spec.stop.hook.has_value(); }},
    {"disconnect.action", "not_supported_yet: this version does not freeze a workload: write \"keep\" or \"stop\"",
     [](const WorkloadSpec& spec) {
       return spec.disconnect && spec.disconnect->action == reconcile::DisconnectAction::freeze;
     }},
    {"memory", "not_supported_yet: this version has no memory policy: remove the table; a limit is resources.memory",
     [](const WorkloadSpec& spec) { return spec.memory.has_value(); }},
    {"tailnet", "not_supported_yet: this version does not open the tailnet to containers: write false",
     [](const WorkloadSpec& spec) { return spec.tailnet; }},
}};

}  // namespace aura::config
