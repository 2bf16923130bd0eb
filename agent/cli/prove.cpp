// prove: the proof that an upgrade waits for, given by the program of the version before.
#include "agent/cli/agent_client.hpp"
#include "agent/cli/answers.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/doctor.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/prove_view.hpp"
#include "agent/cli/terminal.hpp"
#include "common/files.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <chrono>

#include <sys/stat.h>

namespace aura::cli {
namespace {

constexpr int look_again_ms = 500;
constexpr std::size_t max_report_bytes = 16 * 1024 * 1024;
constexpr mode_t saved_mode = 0600;

bool ended_by_itself(AgentClient& agent, const std::string& workload) {
  const auto answer = agent.get("/v1/workloads/" + workload + "/why");
  if (!answer) return false;
  const auto told = protocol::decode_why(answer->body);
  if (!told) return false;
  for (auto run = told->runs.rbegin(); run != told->runs.rend(); ++run) {
    if (run->ended != 0) return is_by_itself(run->cause);
  }
  return false;
}

int save(AgentClient& agent, const std::string& file) {
  const auto answer = agent.get("/v1/status");
  if (!answer) return report(answer.error());
  const auto written = write_file_durably(file, answer->body, saved_mode);
  return written ? exit_ok : report(written.error());
}

// The control plane is asked by this program itself, in the place of the new version.
bool control_is_away(const ProveOptions& options) {
  config::ConfigPaths paths = options.paths;
  config::read_environment(paths);
  const auto loaded = config::load_config(paths);
  return loaded && check_control(loaded.loaded->config, std::nullopt).level != Level::ok;
}

}  // namespace

int prove(const ProveOptions& options) {
  AgentClient agent(options.socket);
  if (!options.save.empty()) return save(agent, options.save);
  const auto text = read_file(options.before, max_report_bytes);
  if (!text) return report(text.error());
  const auto before = protocol::decode_report(*text);
  if (!before) return report(before.error());
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options.within_s);
  Comparison seen{Comparison::Kind::not_yet, "it does not answer on its socket"};
  bool only_heartbeat_missing = false;
  for (;;) {
    const auto answer = agent.get("/v1/status");
    const auto now = answer ? protocol::decode_report(answer->body) : Result<protocol::Report>(answer.error());
    if (now) {
      const auto by_itself = [&](const std::string& workload) { return ended_by_itself(agent, workload); };
      seen = compare(*before, *now, options.version, options.heartbeat, by_itself);
      only_heartbeat_missing =
          seen.kind == Comparison::Kind::not_yet &&
          compare(*before, *now, options.version, false, by_itself).kind == Comparison::Kind::proven;
    }
    if (seen.kind == Comparison::Kind::proven) {
      put("it runs what ran before, in the same containers\n");
      return exit_ok;
    }
    const bool over = seen.kind == Comparison::Kind::no || std::chrono::steady_clock::now() >= until;
    if (over || !agent.pause(look_again_ms)) break;
  }
  if (only_heartbeat_missing && control_is_away(options)) {
    put("it runs what ran before, in the same containers; the control plane answers nobody for now\n");
    return exit_ok;
  }
  put(seen.why + "\n");
  return exit_failed;
}

}  // namespace aura::cli
