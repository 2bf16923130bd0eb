// The parts of a workload file, one reader each. What is wrong goes to the section's findings; the rest of the spec
// is filled in all the same, so that everything wrong is found in one go.
#pragma once

#include "agent/config/section.hpp"
#include "agent/reconcile/workload.hpp"

#include <string>

namespace aura::config {

// workload_maps.cpp
void read_env(Section& root, reconcile::WorkloadSpec& spec);
void read_secrets(Section& root, reconcile::WorkloadSpec& spec);
void read_mounts(Section& root, reconcile::WorkloadSpec& spec);
void read_ports(Section& root, reconcile::WorkloadSpec& spec);
void read_dependencies(Section& root, const std::string& name, reconcile::WorkloadSpec& spec);

// workload_tables.cpp
void read_resources(Section& root, reconcile::Resources& resources);
void read_security(Section& root, reconcile::Security& security);
void read_stop(Section& root, reconcile::Stop& stop);
void read_restart(Section& root, reconcile::Restart& restart);
void read_health(Section& root, reconcile::WorkloadSpec& spec);
void read_disconnect(Section& root, reconcile::WorkloadSpec& spec);
void read_memory_policy(Section& root, reconcile::WorkloadSpec& spec);

// A list of text that is not empty and holds no empty first item: a program and its arguments.
std::vector<std::string> read_argv(Section& section, std::string_view key);

}  // namespace aura::config
