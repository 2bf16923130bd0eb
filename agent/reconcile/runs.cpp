#include "agent/reconcile/runs.hpp"

#include "agent/reconcile/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aura::reconcile {

namespace {

using protocol::Run;

std::size_t tail_bytes(const Run& run) {
  std::size_t bytes = 0;
  for (const std::string& line : run.log_tail) bytes += line.size() + 1;
  return bytes;
}

std::size_t bytes_of(const Run& run) {
  return tail_bytes(run) + run.container_id.size() + run.started_at.size() + run.began_why.size() +
         run.ended_why.size() + run.command_id.size() + run.actor.size() + sizeof(Run);
}

void trim(std::vector<Run>& runs) {
  const auto bytes = [&] {
    std::size_t all = 0;
    for (const Run& run : runs) all += bytes_of(run);
    return all;
  };
  if (runs.size() > max_runs) runs.erase(runs.begin(), runs.end() - max_runs);
  for (Run& run : runs) {
    if (bytes() <= max_runs_bytes) return;
    run.log_tail.clear();
  }
  while (runs.size() > 1 && bytes() > max_runs_bytes) runs.erase(runs.begin());
}

// The name is in every sentence of an event; here it stands above them all.
std::string without_name(const std::string& name, const std::string& sentence) {
  const bool begins = sentence.starts_with(name + " ") || sentence.starts_with(name + ": ");
  return begins ? sentence.substr(sentence.find(' ') + 1) : sentence;
}

bool is_of(const Run& run, const Instance& instance) {
  return run.container_id == instance.container_id && run.started_at == instance.started_at;
}

Run* find(Workload& workload, const Instance& instance) {
  const auto found =
      std::find_if(workload.runs.rbegin(), workload.runs.rend(), [&](const Run& run) { return is_of(run, instance); });
  return found == workload.runs.rend() ? nullptr : &*found;
}

// The events of a run's last lines name it by these (loops/log_tail.cpp).
bool is_tail_of(const protocol::Event& event, const std::string& workload, const Run& run) {
  const auto says = [&](const char* key, const std::string& value) {
    const auto it = event.data.find(key);
    return it != event.data.end() && it->second == value;
  };
  return event.kind == log_tail_kind && event.workload == workload && says("container_id", run.container_id) &&
         says("started_at", run.started_at);
}

}  // namespace

void run_began(Workload& workload, const Instance& instance, WallMs at, std::string why) {
  Run run;
  run.container_id = instance.container_id;
  run.started_at = instance.started_at;
  run.began = at;
  run.began_why = std::move(why);
  shorten(run.began_why, max_run_text_bytes);
  workload.runs.push_back(std::move(run));
  trim(workload.runs);
}

void run_ended(Workload& workload, const Exit& exit, const std::optional<StopSent>& stop) {
  Run* run = find(workload, exit.instance);
  if (run == nullptr) {
    workload.runs.push_back(
        {.container_id = exit.instance.container_id, .started_at = exit.instance.started_at, .began_why = {}});
    run = &workload.runs.back();
  }
  run->ended = exit.wall_at;
  run->ended_why = without_name(workload.declared.name, exit.why);
  shorten(run->ended_why, max_run_text_bytes);
  run->cause = to_string(exit.cause);
  if (exit.seen) run->exit_code = exit.code;
  run->oom = exit.oom;
  run->child_oom = exit.child_oom;
  if (stop) {
    run->command_id = stop->command_id;
    run->actor = stop->actor;
    shorten(run->actor, max_run_text_bytes);
  }
  trim(workload.runs);
}

void run_refused(Workload& workload, WallMs at, const Trouble& trouble) {
  const bool again = !workload.runs.empty() && workload.runs.back().attempts > 0 &&
                     workload.runs.back().cause == trouble.code && trouble.attempts > 1;
  if (!again) workload.runs.emplace_back();
  Run& run = workload.runs.back();
  run.ended = at;
  run.ended_why = trouble.detail;
  shorten(run.ended_why, max_run_text_bytes);
  run.cause = trouble.code;
  run.attempts = trouble.attempts;
  trim(workload.runs);
}

void run_said(Workload& workload, const Instance& instance, const std::vector<std::string>& log_tail) {
  Run* run = find(workload, instance);
  if (run == nullptr) return;
  std::size_t bytes = 0;
  auto first = log_tail.end();
  while (first != log_tail.begin() && bytes + (first - 1)->size() + 1 <= kept_tail_bytes) {
    --first;
    bytes += first->size() + 1;
  }
  run->log_tail.assign(first, log_tail.end());
  trim(workload.runs);
}

protocol::Why tell_why(const State& state, const std::string& name) {
  protocol::Why why;
  why.workload = name;
  const auto known = state.workloads.find(name);
  if (known == state.workloads.end()) return why;
  why.runs.assign(known->second.runs.rbegin(), known->second.runs.rend());
  for (Run& run : why.runs) {
    if (run.exit_code) run.signal = exit_signal(*run.exit_code);
    const auto event = std::find_if(state.events.rbegin(), state.events.rend(), [&](const protocol::Event& one) {
      return !run.started_at.empty() && is_tail_of(one, name, run);
    });
    if (event != state.events.rend()) run.log_tail = event->log_tail;
  }
  return why;
}

}  // namespace aura::reconcile
