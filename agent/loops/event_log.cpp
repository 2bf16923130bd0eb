#include "agent/loops/event_log.hpp"

#include "common/log.hpp"

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

// Without the fields that are empty.
void write(const protocol::Event& event) {
  const log::Level level = level_of(event.severity);
  const bool commanded = !event.command_id.empty();
  if (commanded && !event.workload.empty()) {
    log::write(level, event.text,
               {{"AURA_EVENT", event.kind},
                {"AURA_WORKLOAD", event.workload},
                {"AURA_COMMAND_ID", event.command_id},
                {"AURA_ACTOR", event.actor}});
  } else if (commanded) {
    log::write(level, event.text,
               {{"AURA_EVENT", event.kind}, {"AURA_COMMAND_ID", event.command_id}, {"AURA_ACTOR", event.actor}});
  } else if (!event.workload.empty()) {
    log::write(level, event.text, {{"AURA_EVENT", event.kind}, {"AURA_WORKLOAD", event.workload}});
  } else {
    log::write(level, event.text, {{"AURA_EVENT", event.kind}});
  }
}

}  // namespace

void EventLog::follow(const reconcile::State& state) {
  if (state.last_event_seq <= last_seq_) return;
  auto first = state.events.end();
  while (first != state.events.begin() && (first - 1)->seq > last_seq_) --first;
  for (; first != state.events.end(); ++first) {
    write(*first);
  }
  last_seq_ = state.last_event_seq;
}

}  // namespace aura::loops
