#include "agent/cli/agent_client.hpp"
#include "agent/cli/answers.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

namespace aura::cli {

// That no agent answers is no failure here: the program's own version is what was asked for.
int version(const VersionOptions& options) {
  AgentClient agent(options.socket);
  std::optional<std::string> running;
  if (const auto answer = agent.get("/version")) {
    if (const auto found = decode_version(answer->body)) running = *found;
  }
  if (options.json) {
    put(printable_json(encode_version(AURA_VERSION, running)) + "\n");
    return exit_ok;
  }
  put("aura-node " AURA_VERSION "\n");
  if (running && *running != AURA_VERSION) {
    put(fmt::format("The running agent is {}; systemctl restart aura-node takes this one.\n", printable(*running)));
  }
  return exit_ok;
}

}  // namespace aura::cli
