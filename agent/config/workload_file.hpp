// The text of one workload file as a spec, or everything that is wrong with it.
#pragma once

#include "agent/config/document.hpp"
#include "agent/config/finding.hpp"
#include "agent/reconcile/workload.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::config {

struct ParsedWorkload {
  std::optional<reconcile::WorkloadSpec> spec;  // absent if there is a problem
  std::vector<Problem> problems;                // in the order of the file's lines
  std::map<std::string, int> lines;             // dotted key -> line, for what is found later (policy, folder)
};

// `file` names the text in problems; `name` is the workload's. Checks syntax, keys, types, values and what can be
// known from this file alone; refuses what this version does not act on with "not_supported_yet". Reads nothing else.
ParsedWorkload parse_workload(std::string_view text, const std::string& file, const std::string& name);

// The same for a text that is read already.
ParsedWorkload read_workload(const Document& document, const std::string& file, const std::string& name);

// "web" of "web.toml" or "/a/b/web.toml"; nullopt unless it is a workload's name.
std::optional<std::string> workload_name_of(std::string_view path);

}  // namespace aura::config
