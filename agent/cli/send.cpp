// stop, start, restart, reboot, power-off, decommission, pull, hold, release, lock, unlock, cancel, adopt, reload: one
// command, and what came of it.
#include "agent/cli/agent_client.hpp"
#include "agent/cli/answers.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/progress.hpp"
#include "agent/cli/pull_bar.hpp"
#include "agent/cli/terminal.hpp"
#include "agent/cli/verbs.hpp"
#include "common/http/message.hpp"
#include "common/ids.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <chrono>

namespace aura::cli {
namespace {

using protocol::Verb;
using SteadyClock = std::chrono::steady_clock;

constexpr int look_every_s = 1;          // at the workloads, while the outcome is awaited
constexpr int retry_ms = 500;            // while the agent is away
constexpr int patience_s = 60;           // with an agent that has gone away meanwhile
constexpr int upgrade_patience_s = 600;  // a version that never answers is waited for, and the one before put back

bool shows_progress(Verb verb) {
  if (verb == Verb::reboot || verb == Verb::power_off || verb == Verb::decommission) return true;
  return verb == Verb::stop || verb == Verb::start || verb == Verb::restart || verb == Verb::pull ||
         verb == Verb::apply;
}

class Wait {
 public:
  Wait(AgentClient& agent, const SendOptions& options, const protocol::Command& command)
      : agent_(agent), options_(options), command_(command), progress_(command.target) {}

  // Until the outcome; `body` is the answer that `status` stood in.
  int run(CommandStatus status, std::string body) {
    body_ = std::move(body);
    while (!status.outcome) {
      look();
      const auto answer = agent_.get(
          fmt::format("/v1/commands/{}?wait_s={}", http::percent_encode(command_.id), look_every_s), look_every_s);
      if (agent_.interrupted()) return given_up();
      if (!answer) {
        if (const auto code = away(answer.error())) return *code;
        continue;
      }
      away_since_.reset();
      auto next = decode_command_status(answer->body);
      if (!next) return report(next.error());
      status = std::move(*next);
      body_ = answer->body;
    }
    look();
    line_.clear();
    if (options_.json)
      put(printable_json(body_) + "\n");
    else
      put(outcome_text(*status.outcome));
    return exit_code_of(status.outcome->kind);
  }

 private:
  // One look at the workloads; that they cannot be seen now is no reason to stop waiting.
  void look() {
    if (options_.json || !shows_progress(command_.verb)) return;
    const auto answer = agent_.get("/v1/status");
    if (!answer) return;
    const auto seen = protocol::decode_report(answer->body);
    if (!seen) return;
    if (command_.verb == Verb::pull) return show_pull(*seen);
    const auto changes = progress_.changes(*seen);
    if (line_.is_terminal())
      return line_.show(
          fmt::format("{}: {}  ({})", name_of(command_.verb, command_.target), progress_.summary(*seen), elapsed()));
    for (const std::string& change : changes) line_.show(change);
  }

  void show_pull(const protocol::Report& seen) {
    const auto pull = pull_of(seen, command_.target.name);
    if (pull) return line_.show(pull_bar(*pull, line_.columns() - 1));
    if (line_.is_terminal()) line_.show(fmt::format("{}, {}", name_of(command_.verb, command_.target), elapsed()));
  }

  // An agent that restarts takes its commands up again; nullopt: try again.
  std::optional<int> away(const Error& error) {
    const bool passing = error.code == Errc::unavailable || error.code == Errc::timeout;
    if (!passing) {
      line_.clear();
      return report(error);
    }
    const auto now = SteadyClock::now();
    if (!away_since_) {
      away_since_ = now;
      line_.clear();
      complain(fmt::format("the agent went away; command {} is recorded, waiting for it to be back", command_.id));
    }
    const int patience = command_.verb == Verb::upgrade ? upgrade_patience_s : patience_s;
    if (now - *away_since_ > std::chrono::seconds(patience)) return report(error);
    if (!agent_.pause(retry_ms)) return given_up();
    return std::nullopt;
  }

  int given_up() {
    line_.clear();
    // What decides how things are to be is not taken back by ending the wait for it.
    const std::string way_back = protocol::has_generation(command_.verb)
                                     ? std::string("the opposite command takes it back")
                                     : fmt::format("aura-node cancel {} ends it", command_.id);
    complain(fmt::format("waiting was interrupted; the {} goes on as command {} (aura-node status shows it, {})",
                         name_of(command_.verb, command_.target), command_.id, way_back));
    return exit_interrupted;
  }

  std::string elapsed() const {
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(SteadyClock::now() - began_).count();
    return human_duration(passed);
  }

  AgentClient& agent_;
  const SendOptions& options_;
  const protocol::Command& command_;
  Progress progress_;
  ProgressLine line_;
  std::string body_;
  SteadyClock::time_point began_ = SteadyClock::now();
  std::optional<SteadyClock::time_point> away_since_;
};

}  // namespace

int send(const SendOptions& options) {
  protocol::Command command = options.command;
  command.id = new_id();
  AgentClient agent(options.socket);
  const auto answer = agent.post("/v1/commands", protocol::encode(command));
  if (!answer) {
    Error error = answer.error();
    if (error.http_status == 409) error.message = name_of(command.verb, command.target) + " " + error.message;
    // An answer that did not come leaves open whether the command was taken; the id lets one find out.
    const bool unknown = error.code == Errc::cancelled || error.code == Errc::timeout;
    if (unknown) error = with_context(std::move(error), fmt::format("command {} may have been taken", command.id));
    return report(error);
  }
  auto status = decode_command_status(answer->body);
  if (!status) return report(status.error());
  if (options.wait) return Wait(agent, options, command).run(std::move(*status), answer->body);
  if (options.json)
    put(printable_json(answer->body) + "\n");
  else
    put(command.id + "\n");
  return exit_ok;
}

}  // namespace aura::cli
