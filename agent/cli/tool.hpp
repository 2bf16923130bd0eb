// Programs of the distribution that tell what only they know: journalctl, busctl, tar. No shell is involved.
#pragma once

#include "common/error.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace aura::cli {

struct ToolLimits {
  int timeout_ms = 10'000;                  // after it the program is killed
  std::size_t max_bytes = 4 * 1024 * 1024;  // of what it writes; the rest is read and dropped
  int output = -1;                          // a file for its stdout instead of the result
};

struct ToolOutput {
  int exit_code = 0;  // 128 + the signal that ended it
  std::string text;   // stdout, and stderr after it
  bool cut = false;   // there was more
};

// Runs argv[0], a path, or a name that is looked for in /usr/bin, /usr/sbin, /bin and /sbin alone, in the C locale and
// with an environment of nothing else. not_found: there is no such program; timeout.
Result<ToolOutput> run_tool(const std::vector<std::string>& argv, const ToolLimits& limits = {});

}  // namespace aura::cli
