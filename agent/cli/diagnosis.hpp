// All that doctor finds, for its own output and for the bundle.
#pragma once

#include "agent/cli/doctor.hpp"
#include "agent/cli/options.hpp"

namespace aura::cli {

struct Diagnosis {
  config::ConfigPaths paths;  // with the environment's
  config::LoadResult loaded;
  config::Config config;  // what is loaded, or what it would be by default
  std::string socket;     // the agent's
  std::optional<protocol::Report> report;
  bool docker_answers = false;
  std::vector<Finding> findings;
};
Diagnosis diagnose(const DoctorOptions& options);

}  // namespace aura::cli
