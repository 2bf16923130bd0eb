#include "common/ids.hpp"
#include "control/api/views.hpp"
#include "control/cli/commands.hpp"
#include "control/cli/exit_codes.hpp"
#include "control/cli/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace aura::control::cli {
namespace {

using fleet::CommandState;
using protocol::OutcomeKind;
using SteadyClock = std::chrono::steady_clock;

constexpr int poll_wait_s = 10;
constexpr int poll_timeout_s = poll_wait_s + 10;
constexpr int retry_ms = 1'000;

int exit_code_of(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::succeeded: return exit_ok;
    case OutcomeKind::failed: return exit_failed;
    case OutcomeKind::refused: return exit_refused;
    default: return exit_overtaken;
  }
}

void print_evidence(const protocol::Evidence& evidence) {
  std::string line = fmt::format("  {}: {}", printable(evidence.workload), printable(evidence.state));
  if (evidence.exit_code) line += fmt::format(", exit {}", *evidence.exit_code);
  if (!evidence.signal.empty()) line += ", " + printable(evidence.signal);
  if (evidence.oom) line += ", out of memory";
  if (evidence.duration_ms) line += fmt::format(", took {} ms", *evidence.duration_ms);
  fmt::print("{}\n", line);
}

int print_outcome(const protocol::Outcome& outcome) {
  std::string line =
      fmt::format("{} {} {}", to_string(outcome.verb), printable(to_string(outcome.target)), to_string(outcome.kind));
  if (!outcome.code.empty()) line += " (" + printable(outcome.code) + ")";
  if (!outcome.detail.empty()) line += ": " + printable(outcome.detail);
  fmt::print("{}\n", line);
  for (const auto& evidence : outcome.evidence) print_evidence(evidence);
  return exit_code_of(outcome.kind);
}

std::string progress_of(const CommandView& view) {
  switch (view.state) {
    case CommandState::queued: return "queued; the node has not fetched it yet";
    case CommandState::undelivered: return "undelivered: the node is not heard";
    case CommandState::deferred: return "deferred by the node: " + view.deferred_code;
    case CommandState::delivered:
      return "delivered" + (view.waiting_for.empty() ? std::string() : "; waiting for " + view.waiting_for);
    case CommandState::settled: return "settled";
  }
  return {};
}

int finish(const Connection& connection, const CommandView& view, const std::string& body) {
  if (connection.json) fmt::print("{}\n", body);
  if (!view.outcome) return report({Errc::bad_reply, "the command is settled, but its outcome is no longer kept"});
  return connection.json ? exit_code_of(view.outcome->kind) : print_outcome(*view.outcome);
}

int give_up(const CommandView& view, int timeout_s) {
  fmt::print(stderr, "aura-control: {} after {}; it stands, see: aura-control node {}\n", printable(progress_of(view)),
             human_duration(timeout_s), printable(view.node_id));
  return view.delivered_at == 0 ? exit_unreachable : exit_failed;
}

int follow(Client& client, const Connection& connection, CommandView view, std::string body, int timeout_s) {
  const auto deadline = SteadyClock::now() + std::chrono::seconds(timeout_s);
  const std::string path = fmt::format("/v1/nodes/{}/commands/{}", http::percent_encode(view.node_id),
                                       http::percent_encode(view.command.id));
  std::string told;
  bool away = false;
  while (view.state != CommandState::settled) {
    const std::string progress = progress_of(view);
    if (progress != told) fmt::print(stderr, "{}  {}\n", human_duration(view.age_s), printable(progress));
    told = progress;
    const auto left_s = std::chrono::duration_cast<std::chrono::seconds>(deadline - SteadyClock::now()).count();
    if (left_s <= 0) return give_up(view, timeout_s);
    const auto wait_s = std::min<std::int64_t>(poll_wait_s, left_s);
    const auto response =
        client.get(fmt::format("{}?wait_s={}&seen={}", path, wait_s, fleet::to_string(view.state)), poll_timeout_s);
    if (response.has_error()) {
      const bool passing = response.error().code == Errc::unavailable || response.error().code == Errc::timeout;
      if (!passing) return report(response.error());
      if (!away) fmt::print(stderr, "{}; trying again\n", printable(response.error().message));
      away = true;
      if (!client.pause(retry_ms)) return exit_unreachable;
      continue;
    }
    away = false;
    auto next = decode_command_view(response->body);
    if (next.has_error()) return report({Errc::bad_reply, next.error().message});
    view = std::move(*next);
    body = response->body;
  }
  return finish(connection, view, body);
}

}  // namespace

int send(const Connection& connection, const SendOptions& options) {
  OperatorCommand command;
  command.id = options.id.empty() ? new_id() : options.id;  // ours, so that a repeated call is known by it
  command.verb = options.verb;
  command.target = is_workload_name(options.target) ? "workload:" + options.target : options.target;
  command.reason = options.reason;
  command.force = options.force;
  command.expires_in_s = options.expires_in_s;
  for (const std::string& arg : options.args) {
    const auto equals = arg.find('=');
    if (equals == arg.npos || equals == 0) return report_usage("--arg takes KEY=VALUE, such as --arg grace_s=30");
    command.args.emplace_back(arg.substr(0, equals), arg.substr(equals + 1));
  }
  auto client = Client::open(connection);
  if (client.has_error()) return report(client.error());
  const std::string path = "/v1/nodes/" + http::percent_encode(options.node_id) + "/commands";
  const auto response = client->post(path, encode_operator_command(command));
  if (response.has_error()) return report(response.error());
  auto view = decode_command_view(response->body);
  if (view.has_error()) return report({Errc::bad_reply, view.error().message});
  if (!options.wait) {
    if (connection.json)
      fmt::print("{}\n", response->body);
    else
      fmt::print("{} {}\n", printable(view->command.id), fleet::to_string(view->state));
    return exit_ok;
  }
  if (view->state != CommandState::settled) {
    return follow(*client, connection, std::move(*view), response->body, options.timeout_s);
  }
  // Given before and done: the first answer has no outcome yet.
  const auto known = client->get(path + "/" + http::percent_encode(view->command.id));
  if (known.has_error()) return report(known.error());
  auto settled = decode_command_view(known->body);
  if (settled.has_error()) return report({Errc::bad_reply, settled.error().message});
  return finish(connection, *settled, known->body);
}

}  // namespace aura::control::cli
