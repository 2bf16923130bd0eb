// The stop hook: a workload is asked to get ready before its stop is sent, and may ask for more time.
//
// The hook lives on the stop's own grace: asking ends when only the part that is kept for the stop itself is left, so
// that a stop never takes longer than was ordered.
#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::reconcile {

namespace {

// A quarter of the grace, at least 5 s, never more than half of it.
std::int64_t kept_for_stop_ms(int grace_s) {
  const std::int64_t grace_ms = std::int64_t{grace_s} * 1000;
  return std::min(std::max<std::int64_t>(grace_ms / 4, 5'000), grace_ms / 2);
}

std::string hook_id(const StopSent& sent) {
  if (!sent.command_id.empty()) return sent.command_id;
  return fmt::format("stop-{}-{}", sent.instance.container_id.substr(0, 12), sent.at);
}

}  // namespace

HookState first_hook_state(const Workload& workload, const Container& container, const StopOrder& order) {
  const bool sent_before = workload.stop_sent && workload.stop_sent->instance == container.instance() &&
                           workload.stop_sent->hook == HookState::over;
  // What hangs does not answer, and what is paused cannot.
  const bool deaf = order.cause == Cause::probe || container.phase != Phase::running;
  const bool asks = workload.declared.spec.stop.hook && !order.force && !deaf && !sent_before;
  return asks ? HookState::due : HookState::over;
}

void hook_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
               Finding& finding) {
  const StopSent& sent = *workload.stop_sent;
  const auto& hook = workload.declared.spec.stop.hook;
  const BootMs now = pass.now.boot_ms;
  const BootMs end = sent.at + std::int64_t{sent.grace_s} * 1000;
  const BootMs until = end - kept_for_stop_ms(sent.grace_s);
  const int left_s = static_cast<int>((std::max<std::int64_t>(end - now, 0) + 999) / 1000);
  const bool asks = hook && sent.hook != HookState::answered && until > now && container.phase == Phase::running;
  if (!asks) {
    StopSent stop = sent;
    stop.hook = HookState::over;
    stop.ordered_at = sent.at;
    stop.at = now;
    stop.grace_s = left_s;
    if (sent.hook == HookState::busy) stop.hook_answer += "; its time to be busy was over";
    pass.fact(record::StopIntended{name, std::move(stop)});
    return;
  }
  finding.reason = "It is asked to get ready for its stop.";
  if (sent.hook == HookState::busy && sent.hook_again_at > now) {
    finding.reason = fmt::format("It asks to wait before it is stopped: {}.", sent.hook_answer);
    pass.wake(std::min(sent.hook_again_at, until));
    return;
  }
  pass.act(action::AskHook{.workload = name,
                           .instance = container.instance(),
                           .address = container.address,
                           .id = hook_id(sent),
                           .cause = sent.cause,
                           .timeout_ms = std::min<std::int64_t>(std::int64_t{hook->timeout_s} * 1000, until - now),
                           .grace_s = left_s});
}

}  // namespace aura::reconcile
