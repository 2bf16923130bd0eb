#include "agent/config/not_supported.hpp"

namespace aura::config {
namespace {

using reconcile::WorkloadSpec;

}  // namespace

const std::array<NotSupported, 1> not_supported{{
    {"tailnet", "not_supported_yet: this version does not open the tailnet to containers: write false",
     [](const WorkloadSpec& spec) { return spec.tailnet; }},
}};

}  // namespace aura::config
