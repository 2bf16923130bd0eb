#include "agent/cli/doctor.hpp"

#include "agent/cli/answers.hpp"
#include "agent/cli/bundle.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/diagnosis.hpp"
#include "agent/cli/doctor_later.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

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

Diagnosis diagnose(const DoctorOptions& options) {
  Diagnosis found;
  found.paths = options.paths;
  config::read_environment(found.paths);
  // Where the configuration cannot be read, what it would say by default is looked at all the same.
  found.loaded = config::load_config(found.paths);
  if (found.loaded) found.config = found.loaded.loaded->config;
  const config::Config& config = found.config;
  found.socket = options.socket.empty() ? config.paths.socket : options.socket;
  found.findings = check_files(found.paths, config);
  AgentSeen agent = check_agent(found.socket);
  found.report = std::move(agent.report);
  found.findings.push_back(std::move(agent.finding));
  found.findings.push_back(check_docker(config, found.report));
  found.docker_answers = found.findings.back().level == Level::ok;
  found.findings.push_back(check_tailnet(config, found.report));
  found.findings.push_back(check_control(config, found.report));
  for (Finding& later : check_later(config, found.report, found.docker_answers))
    found.findings.push_back(std::move(later));
  return found;
}

int doctor(const DoctorOptions& options) {
  if (!options.bundle.empty()) return write_bundle(options);
  const std::vector<Finding> findings = diagnose(options).findings;
  if (options.json)
    put(printable_json(encode_findings(findings)) + "\n");
  else
    print(findings);
  const bool bad =
      std::any_of(findings.begin(), findings.end(), [](const Finding& one) { return one.level == Level::bad; });
  return bad ? exit_failed : exit_ok;
}

}  // namespace aura::cli
