#include "agent/loops/event_log.hpp"

#include "agent/loops/message_ids.hpp"
#include "common/log.hpp"

#include <fmt/format.h>

#include <utility>

namespace aura::loops {
namespace {

log::Level level_of(protocol::Severity severity) {
  switch (severity) {
    case protocol::Severity::error: return log::Level::error;
    case protocol::Severity::warning: return log::Level::warning;
    case protocol::Severity::notice: return log::Level::notice;
    case protocol::Severity::info: return log::Level::info;
  }
  return log::Level::info;
}

// data["cause"] of an end that is nobody's doing; reconcile's word.
constexpr std::string_view crashed = "crashed";

void write(const protocol::Event& event) {
  log::write(level_of(event.severity), event.text,
             {{"AURA_EVENT", event.kind},
              {"AURA_WORKLOAD", event.workload},
              {"AURA_COMMAND_ID", event.command_id},
              {"AURA_ACTOR", event.actor},
              {"MESSAGE_ID", message_id(journal_kind(event))}});
}

}  // namespace

std::string_view journal_kind(const protocol::Event& event) {
  if (event.kind != "workload_exited") return event.kind;
  if (!event.command_id.empty()) return "workload_stopped";
  const auto cause = event.data.find("cause");
  return cause != event.data.end() && cause->second == crashed ? "workload_crashed" : std::string_view(event.kind);
}

void EventLog::follow_suspension(const reconcile::Node& node) {
  if (std::exchange(suspended_, node.suspension.has_value()) == suspended_) return;
  if (!suspended_) {
    log::notice("the suspension of the node is lifted", {{"AURA_EVENT", "node_resumed"}});
    return;
  }
  const reconcile::Suspension& suspension = *node.suspension;
  log::notice(
      fmt::format("the node is suspended by {}: {}", suspension.actor, suspension.reason),
      {{"AURA_EVENT", "node_suspended"}, {"AURA_COMMAND_ID", suspension.command_id}, {"AURA_ACTOR", suspension.actor}});
}

void EventLog::follow(const reconcile::State& state) {
  follow_suspension(state.node);
  if (state.last_event_seq <= last_seq_) return;
  auto first = state.events.end();
  while (first != state.events.begin() && (first - 1)->seq > last_seq_) --first;
  for (; first != state.events.end(); ++first) {
    write(*first);
  }
  last_seq_ = state.last_event_seq;
}

}  // namespace aura::loops
