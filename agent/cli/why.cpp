#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/why_view.hpp"
#include "common/http/message.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace aura::cli {

int why(const WhyOptions& options) {
  AgentClient agent(options.socket);
  const auto answer = agent.get(fmt::format("/v1/workloads/{}/why", http::percent_encode(options.workload)));
  if (!answer) return report(answer.error());
  if (options.json) {
    put(printable_json(answer->body) + "\n");
    return exit_ok;
  }
  const auto told = protocol::decode_why(answer->body);
  if (!told) return report({Errc::bad_reply, "the agent's answer cannot be read: " + told.error().message});
  put(why_text(*told, Terminal(stdout)));
  return exit_ok;
}

}  // namespace aura::cli
