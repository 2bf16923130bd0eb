// The stop hook: a workload is asked to get ready before its stop is sent, and may ask for more time.
//
// The hook lives on the stop's own grace: asking ends when only the part that is kept for the stop itself is left, so
// that a stop never takes longer than was ordered.
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

// With less time than that nobody is asked.
constexpr std::int64_t shortest_ask_ms = 1'000;

// A quarter of the grace, at least 5 s, never more than half of it.
std::int64_t kept_for_stop_ms(std::int64_t grace_ms) {
  return std::min(std::max<std::int64_t>(grace_ms / 4, 5'000), grace_ms / 2);
}

BootMs end_of(const StopSent& sent) { return sent.at + std::int64_t{sent.grace_s} * 1000; }

// From the first order on: ordering again moves the beginning, not what is kept.
std::int64_t whole_grace_ms(const StopSent& sent) { return end_of(sent) - sent.ordered_at.value_or(sent.at); }

int whole_seconds(std::int64_t ms) { return static_cast<int>((ms + 999) / 1000); }

// Of a hook that is not asked any more.
std::string last_answer(const StopSent& sent) {
  return sent.hook == HookState::busy ? sent.hook_answer + "; its time to be busy was over" : sent.hook_answer;
}

// The spec that a container was made for, as far as it is still known; nullptr: it is not.
const WorkloadSpec* spec_of(const Pass& pass, const Workload& workload, const std::string& container_id) {
  const auto owned = std::find_if(workload.containers.begin(), workload.containers.end(),
                                  [&](const OwnedContainer& each) { return each.id == container_id; });
  if (owned == workload.containers.end()) return nullptr;
  const auto is_of = [&](const Declaration& declaration) { return declaration.spec_hash == owned->spec_hash; };
  if (is_of(workload.declared)) return &workload.declared.spec;
  if (workload.replacing && is_of(workload.replacing->before)) return &workload.replacing->before.spec;
  if (workload.refused && is_of(workload.refused->declaration)) return &workload.refused->declaration.spec;
  for (const auto& [id, open] : pass.state.open) {
    if (!open.apply) continue;
    const auto item = open.apply->items.find(workload.declared.name);
    const bool known = item != open.apply->items.end() && item->second.before && is_of(*item->second.before);
    if (known) return &item->second.before->spec;
  }
  return nullptr;
}

std::string hook_id(const StopSent& sent) {
  if (!sent.command_id.empty()) return sent.command_id;
  return fmt::format("stop-{}-{}", sent.instance.container_id.substr(0, 12), sent.at);
}

}  // namespace

HookState first_hook_state(const Pass& pass, const Workload& workload, const Container& container,
                           const StopOrder& order) {
  const bool sent_before = workload.stop_sent && workload.stop_sent->instance == container.instance() &&
                           workload.stop_sent->hook == HookState::over;
  // What hangs does not answer, and what is paused cannot.
  const bool deaf = order.cause == Cause::probe || container.phase != Phase::running;
  const WorkloadSpec* spec = spec_of(pass, workload, container.id);
  const bool asks = spec != nullptr && spec->stop.hook && !order.force && !deaf && !sent_before;
  return asks ? HookState::due : HookState::over;
}

void keep_earlier_end(const Workload& workload, StopSent& again) {
  if (!again.again || again.hook == HookState::over || workload.stop_sent->hook == HookState::over) return;
  const StopSent& before = *workload.stop_sent;
  const std::int64_t ordered_ms = std::int64_t{again.grace_s} * 1000;
  const std::int64_t kept_ms = kept_for_stop_ms(std::min(ordered_ms, whole_grace_ms(before)));
  const std::int64_t left_ms = std::max(end_of(before) - again.at, kept_ms);
  again.ordered_at = before.ordered_at.value_or(before.at);
  if (left_ms - kept_ms < shortest_ask_ms) {
    again.hook_answer = last_answer(before);
    again.hook = HookState::over;
  }
  again.grace_s = std::min(again.grace_s, whole_seconds(left_ms));
}

bool withdraw_stop(Pass& pass, const std::string& name, const Workload& workload) {
  if (!workload.stop_sent || workload.stop_sent->hook == HookState::over) return false;
  pass.fact(record::StopWithdrawn{name});
  return true;
}

void hook_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
               Finding& finding) {
  const StopSent& sent = *workload.stop_sent;
  const WorkloadSpec* spec = spec_of(pass, workload, container.id);
  const BootMs now = pass.now.boot_ms;
  const BootMs end = end_of(sent);
  const std::int64_t kept_ms = kept_for_stop_ms(whole_grace_ms(sent));
  const BootMs until = end - kept_ms;
  const bool may_ask =
      spec != nullptr && spec->stop.hook && sent.hook != HookState::answered && container.phase == Phase::running;
  const bool waits = may_ask && sent.hook == HookState::busy && sent.hook_again_at > now && until > now;
  if (waits) {
    finding.reason = fmt::format("It asks to wait before it is stopped: {}.", sent.hook_answer);
    pass.wake(std::min(sent.hook_again_at, until));
    return;
  }
  if (!may_ask || until - now < shortest_ask_ms) {
    StopSent stop = sent;
    stop.hook = HookState::over;
    stop.ordered_at = sent.ordered_at.value_or(sent.at);
    stop.at = now;
    // The time to end by itself is the workload's own, also where the agent was away in the meantime.
    stop.grace_s = whole_seconds(std::max<std::int64_t>(end - now, kept_ms));
    stop.hook_answer = last_answer(sent);
    pass.fact(record::StopIntended{name, std::move(stop)});
    return;
  }
  finding.reason = "It is asked to get ready for its stop.";
  pass.act(action::AskHook{
      .workload = name,
      .instance = container.instance(),
      .address = container.address,
      .hook = *spec->stop.hook,
      .ports = spec->ports,
      .id = hook_id(sent),
      .cause = sent.cause,
      .timeout_ms = std::min<std::int64_t>(std::int64_t{spec->stop.hook->timeout_s} * 1000, until - now),
      .grace_s = whole_seconds(end - now)});
}

}  // namespace aura::reconcile
