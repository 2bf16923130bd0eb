#include "agent/cli/verbs.hpp"

#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

namespace aura::cli {
namespace {

using protocol::Evidence;
using protocol::OutcomeKind;
using protocol::Target;

constexpr std::int64_t ms_per_s = 1'000;

std::string evidence_text(const Evidence& evidence) {
  std::string text = fmt::format("  {}: {}", printable(evidence.workload), printable(evidence.state));
  if (evidence.exit_code) text += fmt::format(", exit code {}", *evidence.exit_code);
  if (!evidence.signal.empty()) text += ", " + printable(evidence.signal);
  if (evidence.oom) text += ", out of memory";
  if (evidence.duration_ms) {
    text += fmt::format(", took {:.1f} s", static_cast<double>(*evidence.duration_ms) / static_cast<double>(ms_per_s));
  }
  if (!evidence.hook.empty()) text += ", its stop hook: " + printable(evidence.hook);
  if (!evidence.started_at.empty()) text += ", started " + printable(evidence.started_at);
  return text + "\n";
}

std::string change_text(const protocol::Change& change) {
  const auto shown = [](const std::string& text) { return text.empty() ? std::string("(default)") : printable(text); };
  if (change.field.empty()) return fmt::format("  {}: {} -> {}\n", printable(change.workload), change.from, change.to);
  const bool limit =
      change.field == "resources.memory_bytes" || change.field == "resources.cpus" || change.field == "resources.pids";
  const bool live = limit || change.field.starts_with("memory") || change.field.starts_with("stop.hook");
  if (change.from == "***" || change.to == "***")
    return fmt::format("  {}: {} differs\n", printable(change.workload), printable(change.field));
  return fmt::format("  {}: {}: {} -> {}{}\n", printable(change.workload), printable(change.field), shown(change.from),
                     shown(change.to), live ? "  (live)" : "");
}

}  // namespace

int exit_code_of(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::succeeded: return exit_ok;
    case OutcomeKind::failed: return exit_failed;
    case OutcomeKind::refused: return exit_refused;
    case OutcomeKind::superseded:
    case OutcomeKind::expired:
    case OutcomeKind::cancelled: return exit_overtaken;
  }
  return exit_failed;
}

std::string name_of(protocol::Verb verb, const Target& target) {
  const std::string_view what = protocol::to_string(verb);
  if (target.kind == Target::Kind::node) return fmt::format("{} of the node", what);
  return fmt::format("{} of {}", what, printable(target.name));
}

std::string outcome_text(const protocol::Outcome& outcome) {
  std::string text = fmt::format("{} {}", name_of(outcome.verb, outcome.target), protocol::to_string(outcome.kind));
  if (!outcome.code.empty()) text += " (" + printable(outcome.code) + ")";
  if (!outcome.detail.empty()) text += ": " + printable(outcome.detail);
  text += "\n";
  for (const protocol::Change& change : outcome.changes) text += change_text(change);
  for (const Evidence& evidence : outcome.evidence) text += evidence_text(evidence);
  return text;
}

}  // namespace aura::cli
