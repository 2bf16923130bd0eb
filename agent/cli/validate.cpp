#include "agent/config/validate.hpp"

#include "agent/cli/answers.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

namespace aura::cli {

int validate(const ValidateOptions& options) {
  config::ConfigPaths paths = options.paths;
  config::read_environment(paths);
  const auto problems = config::validate(paths, options.files);
  if (options.json) {
    put(printable_json(encode_problems(problems)) + "\n");
  } else if (problems.empty()) {
    put("All is well.\n");
  } else {
    for (const auto& problem : problems) complain(printable(config::to_string(problem)));
    complain(problems.size() == 1 ? "1 problem" : fmt::format("{} problems", problems.size()));
  }
  return problems.empty() ? exit_ok : exit_failed;
}

}  // namespace aura::cli
