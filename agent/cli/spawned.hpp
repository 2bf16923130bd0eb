// Another program, run to its end.
#pragma once

#include "common/error.hpp"

#include <string>
#include <vector>

namespace aura::cli {

struct Spawned {
  int exit_code = 0;   // 128 + N: ended by signal N
  std::string output;  // of stdout and stderr, the first 64 KiB
};

// argv[0] is a path; no shell is between. Errors: not_found, unavailable (it could not be started).
Result<Spawned> run_program(std::vector<std::string> argv);

}  // namespace aura::cli
