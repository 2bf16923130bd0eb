#include "agent/loops/declarations.hpp"

#include "common/log.hpp"

#include <fmt/format.h>

#include <utility>

namespace aura::loops {

Declarations::Declarations(Parts parts, std::function<DeclarationsRead()> read)
    : parts_(std::move(parts)), read_(std::move(read)) {}

ReloadResult Declarations::reload(bool allow_removal) {
  DeclarationsRead now_there = read_();
  problems_ = std::move(now_there.problems);
  for (const auto& problem : problems_) log::warning(problem, {{"AURA_EVENT", "configuration_refused"}});
  // The start of the agent asks for nothing; whoever reloads does.
  const bool again = std::exchange(read_before_, true);
  const auto records =
      reconcile::declare(parts_.ledger.state(), now_there.set, {allow_removal, again}, parts_.clock.now());
  ReloadResult result;
  for (const auto& one : records) {
    const auto kept = parts_.ledger.record(one);
    if (kept) continue;
    result.text = "the declarations could not be recorded: " + kept.error().message;
    return result;
  }
  result.ok = problems_.empty() && now_there.set.complete;
  result.text = fmt::format("{} workloads declared, {} changes recorded", now_there.set.good.size(), records.size());
  const auto& held = parts_.ledger.state().removal_held;
  if (!held.empty()) {
    result.text +=
        fmt::format("; missing but kept: {} (aura-node reload --allow-removal removes them)", fmt::join(held, ", "));
  }
  for (const auto& problem : problems_) result.text += "; " + problem;
  return result;
}

}  // namespace aura::loops
