#include "agent/cli/doctor.hpp"

#include "agent/cli/answers.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace aura::cli {
namespace {

std::string word_of(Level level, const Terminal& terminal) {
  switch (level) {
    case Level::ok: return terminal.paint("ok  ", Colour::green);
    case Level::warning: return terminal.paint("warn", Colour::yellow);
    case Level::bad: return terminal.paint("bad ", Colour::red);
  }
  return "";
}

void print(const std::vector<Finding>& findings) {
  constexpr std::size_t subject_columns = 15;
  const Terminal terminal(stdout);
  for (const Finding& finding : findings) {
    put(fmt::format("{}  {:<{}}  {}\n", word_of(finding.level, terminal), printable(finding.subject), subject_columns,
                    printable(finding.text)));
    if (!finding.fix.empty()) put(fmt::format("      {:<{}}  -> {}\n", "", subject_columns, printable(finding.fix)));
  }
}

}  // namespace

int doctor(const DoctorOptions& options) {
  config::ConfigPaths paths = options.paths;
  config::read_environment(paths);
  // Where the configuration cannot be read, what it would say by default is looked at all the same.
  const config::LoadResult loaded = config::load_config(paths);
  const config::Config config = loaded ? loaded.loaded->config : config::Config{};
  std::vector<Finding> findings = check_files(paths, config);
  AgentSeen agent = check_agent(options.socket.empty() ? config.paths.socket : options.socket);
  findings.push_back(std::move(agent.finding));
  findings.push_back(check_docker(config, agent.report));
  findings.push_back(check_tailnet(config, agent.report));
  findings.push_back(check_control(config, agent.report));
  if (options.json)
    put(printable_json(encode_findings(findings)) + "\n");
  else
    print(findings);
  const bool bad =
      std::any_of(findings.begin(), findings.end(), [](const Finding& one) { return one.level == Level::bad; });
  return bad ? exit_failed : exit_ok;
}

}  // namespace aura::cli
