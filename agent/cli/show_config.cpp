#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"
#include "agent/config/config.hpp"

namespace aura::cli {

int show_config(const ConfigOptions& options) {
  config::ConfigPaths paths = options.paths;
  config::read_environment(paths);
  const config::LoadResult result = config::load_config(paths);
  if (!result) {
    for (const auto& problem : result.problems) complain(printable(config::to_string(problem)));
    complain("the configuration is not valid; mend what is named above");
    return exit_failed;
  }
  if (options.json)
    put(config::render_config_json(*result.loaded) + "\n");
  else
    put(config::render_config(*result.loaded));
  return exit_ok;
}

}  // namespace aura::cli
