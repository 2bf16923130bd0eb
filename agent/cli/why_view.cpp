#include "agent/cli/why_view.hpp"

#include "common/time.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::cli {
namespace {

using protocol::Run;

constexpr WallMs ms_per_s = 1'000;

std::string lasted(const Run& run) { return human_duration(std::max<WallMs>(run.ended - run.began, 0) / ms_per_s); }

std::string headline(const Run& run) {
  if (run.attempts > 1) return fmt::format("{}  not started, {} times", to_rfc3339(run.ended), run.attempts);
  if (run.attempts > 0) return fmt::format("{}  not started", to_rfc3339(run.ended));
  if (run.ended == 0) return fmt::format("{}  runs since then", to_rfc3339(run.began));
  if (run.began == 0) return fmt::format("{}  ended", to_rfc3339(run.ended));
  return fmt::format("{}  ended after {}", to_rfc3339(run.ended), lasted(run));
}

Colour colour_of(const Run& run) {
  if (run.attempts > 0 || run.oom || run.cause == "crashed" || run.cause == "probe") return Colour::red;
  return run.ended == 0 ? Colour::green : Colour::yellow;
}

void add(std::string& text, std::string_view label, const std::string& sentence) {
  if (!sentence.empty()) text += fmt::format("  {:<9}{}\n", label, printable(sentence));
}

}  // namespace

std::string why_text(const protocol::Why& why, const Terminal& terminal) {
  const std::string name = printable(why.workload);
  if (why.runs.empty()) return fmt::format("{} has not run yet.\n", name);
  std::string text = fmt::format("{}, the newest first\n", terminal.paint(name, Colour::bold));
  for (const Run& run : why.runs) {
    text += "\n" + terminal.paint(headline(run), colour_of(run)) + "\n";
    add(text, run.attempts > 0 ? "because" : "ended", run.ended_why);
    add(text, "started", run.began_why);
    for (std::size_t i = 0; i < run.log_tail.size(); ++i) add(text, i == 0 ? "it wrote" : "", run.log_tail[i]);
  }
  return text;
}

}  // namespace aura::cli
