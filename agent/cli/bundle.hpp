// aura-node doctor --bundle: what support needs in one file, without secrets.
#pragma once

#include "agent/cli/diagnosis.hpp"
#include "agent/cli/docker_facts.hpp"
#include "agent/cli/redact.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aura::cli {

int write_bundle(const DoctorOptions& options);

struct BundlePart {
  std::string name;  // of the file in it
  std::string what;  // in a few words
  std::string text;
};

// Everything but the list of contents; not cleaned yet. `progress` is told what is looked at next.
std::vector<BundlePart> bundle_parts(const Diagnosis& found, const std::optional<DockerFacts>& docker,
                                     const std::function<void(const std::string&)>& progress);

// Every secret of this node whose value root can find: credentials, node key, what containers have in their
// environment. `missed`: what could not be read.
Redactor known_secrets(const Diagnosis& found, const std::optional<DockerFacts>& docker,
                       std::vector<std::string>& missed);

}  // namespace aura::cli
