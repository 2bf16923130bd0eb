#include "agent/cli/parse_line.hpp"

#include "common/time.hpp"

#include <utility>

namespace aura::cli {

using protocol::Target;
using protocol::Verb;

Target target_of(const std::string& workload) {
  if (workload.empty()) return {};
  return {Target::Kind::workload, workload};
}

SendOptions send_of(const Line& line, Verb verb, Target target) {
  SendOptions options;
  options.socket = line.socket;
  options.json = line.json;
  options.wait = !line.no_wait;
  options.command.verb = verb;
  options.command.target = std::move(target);
  options.command.reason = line.reason;
  options.command.args.dry_run = line.dry_run;
  options.command.force = line.force;
  if (line.then_power_off) options.command.args.then = "power_off";
  if (!line.grace.empty()) options.command.args.grace_s = static_cast<int>(parse_duration_s(line.grace).value_or(0));
  return options;
}

}  // namespace aura::cli
