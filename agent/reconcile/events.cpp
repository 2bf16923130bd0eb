#include "agent/reconcile/events.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace aura::reconcile {

namespace {

constexpr std::string_view dropped_kind = "events_dropped";

std::uint64_t dropped_count(const protocol::Event& event) {
  const auto it = event.data.find("count");
  return it == event.data.end() ? 0 : std::stoull(it->second);
}

// Turns the oldest event, or the fold at the front together with the one behind it, into one fold.
void fold_front(State& state) {
  protocol::Event fold;
  std::uint64_t count = 1;
  if (state.events.front().kind == dropped_kind) {
    count += dropped_count(state.events.front());
    state.events.pop_front();
  }
  const protocol::Event& oldest = state.events.front();
  fold.seq = oldest.seq;
  fold.time = oldest.time;
  fold.boot_id = oldest.boot_id;
  fold.boot_ms = oldest.boot_ms;
  fold.kind = dropped_kind;
  fold.severity = protocol::Severity::warning;
  fold.text = fmt::format("{} events were dropped because nobody confirmed them.", count);
  fold.data["count"] = std::to_string(count);
  state.events.front() = std::move(fold);
  ++state.events_dropped;
}

void trim(State& state) {
  while (state.events.size() > history_events && state.events.front().seq <= state.confirmed_event_seq) {
    state.events.pop_front();
  }
  while (state.events.size() > max_outbox_events) fold_front(state);
}

constexpr std::array<std::pair<int, std::string_view>, 16> signals{{{1, "SIGHUP"},
                                                                    {2, "SIGINT"},
                                                                    {3, "SIGQUIT"},
                                                                    {4, "SIGILL"},
                                                                    {5, "SIGTRAP"},
                                                                    {6, "SIGABRT"},
                                                                    {7, "SIGBUS"},
                                                                    {8, "SIGFPE"},
                                                                    {9, "SIGKILL"},
                                                                    {10, "SIGUSR1"},
                                                                    {11, "SIGSEGV"},
                                                                    {12, "SIGUSR2"},
                                                                    {13, "SIGPIPE"},
                                                                    {14, "SIGALRM"},
                                                                    {15, "SIGTERM"},
                                                                    {31, "SIGSYS"}}};

}  // namespace

void emit(State& state, const Record& record, protocol::Event event) {
  event.seq = ++state.last_event_seq;
  event.time = record.wall_ms;
  event.boot_id = record.boot_id;
  event.boot_ms = record.boot_ms;
  state.events.push_back(std::move(event));
  if (!state.reports) state.confirmed_event_seq = state.last_event_seq;
  trim(state);
}

void confirm_events(State& state, std::uint64_t seq) {
  if (seq > state.last_event_seq) seq = state.last_event_seq;
  if (seq > state.confirmed_event_seq) state.confirmed_event_seq = seq;
  trim(state);
}

std::string exit_signal(int exit_code) {
  for (const auto& [number, name] : signals) {
    if (exit_code == 128 + number) return std::string(name);
  }
  return {};
}

std::string exit_meaning(int exit_code, bool oom) {
  // Docker's own codes: `docker run` reference, "Exit status"; 128+n: POSIX shells and the kernel's wait status.
  switch (exit_code) {
    case 0: return "ended by itself with exit code 0";
    case 125: return "could not be run by Docker (exit code 125)";
    case 126: return "its command could not be executed (exit code 126)";
    case 127: return "its command was not found in the image (exit code 127)";
    default: break;
  }
  if (exit_code == 137 && oom) return "killed by the kernel for want of memory (exit code 137)";
  const std::string signal = exit_signal(exit_code);
  if (!signal.empty()) return fmt::format("killed by {} (exit code {})", signal, exit_code);
  return fmt::format("ended by itself with exit code {}", exit_code);
}

}  // namespace aura::reconcile
