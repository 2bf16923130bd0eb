#include "agent/cli/status_view.hpp"

#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "common/protocol/codec.hpp"

#include <cstdio>

namespace aura::cli {
namespace {

constexpr int refresh_ms = 1'000;  // of --watch: ages count up though nothing happens
constexpr const char* home_and_clear_below = "\x1b[H\x1b[J";
constexpr const char* clear_screen = "\x1b[2J";

struct Seen {
  std::string body;
  protocol::Report report;
};

Result<Seen> look(AgentClient& agent) {
  const auto answer = agent.get("/v1/status");
  if (!answer) return answer.error();
  auto decoded = protocol::decode_report(answer->body);
  if (!decoded) return Error{Errc::bad_reply, "the agent's report cannot be read: " + decoded.error().message};
  return Seen{answer->body, std::move(*decoded)};
}

std::string text_of(const Seen& seen, const StatusOptions& options, const Terminal& terminal) {
  return options.json ? printable_json(seen.body) + "\n" : status_text(seen.report, wall_now(), terminal);
}

// On a terminal the screen is drawn anew each second; elsewhere only what differs in more than ages and figures.
int watch(AgentClient& agent, const StatusOptions& options, const Terminal& terminal) {
  const bool redraw = terminal.is_terminal() && !options.json;
  if (redraw) put(clear_screen);
  std::string last;
  int code = exit_ok;
  do {
    const auto seen = look(agent);
    if (agent.interrupted()) break;
    if (!seen && !redraw) return report(seen.error());
    if (redraw) {
      const std::string text = seen ? text_of(*seen, options, terminal) : printable(seen.error().message) + "\n";
      put(home_and_clear_below + text);
    } else {
      protocol::Report still = seen->report;
      still.host = {};
      still.control.clear();
      for (auto& workload : still.workloads) workload.usage.reset();
      const std::string now = protocol::encode(still);
      if (now != last) put(text_of(*seen, options, terminal));
      last = now;
    }
    std::fflush(stdout);
    code = seen ? exit_code_of(seen->report) : exit_unreachable;
  } while (agent.pause(refresh_ms));
  return code;
}

}  // namespace

int status(const StatusOptions& options) {
  AgentClient agent(options.socket);
  const Terminal terminal(stdout);
  if (options.watch) return watch(agent, options, terminal);
  const auto seen = look(agent);
  if (!seen) return report(seen.error());
  put(text_of(*seen, options, terminal));
  return exit_code_of(seen->report);
}

}  // namespace aura::cli
