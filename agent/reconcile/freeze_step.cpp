#include "agent/reconcile/pass.hpp"

#include <fmt/format.h>

namespace aura::reconcile {

using protocol::WorkloadWord;

void freeze_step(Pass& pass, const std::string& name, const Workload& workload, const std::string& why,
                 Finding& finding) {
  finding.word = WorkloadWord::stopped;
  finding.as_intended = true;
  finding.reason = why;
  for (const OwnedContainer& owned : workload.containers) {
    const Container* container = pass.find(owned.id);
    if (container == nullptr || !is_up(container->phase)) continue;
    const bool stands = container->phase == Phase::paused;
    finding.word = stands ? WorkloadWord::frozen : WorkloadWord::running;
    finding.as_intended = stands;
    if (!stands) finding.reason = "It is being frozen.";
    if (workload.frozen != container->instance()) {
      pass.fact(record::FreezeIntended{name, container->instance()});
      return;
    }
    const bool later = workload.trouble && workload.trouble->code == "freeze_failed" && waits(pass, *workload.trouble);
    if (later) finding.reason = fmt::format("It cannot be frozen: {}", workload.trouble->detail);
    if (container->phase == Phase::running && !later && !pass.in_flight.workloads.contains(name)) {
      pass.act(action::Freeze{name, container->instance()});
      return;
    }
  }
}

void thaw_step(Pass& pass, const std::string& name, const Workload& workload, const Container& container,
               Finding& finding) {
  finding.word = WorkloadWord::frozen;
  if (workload.frozen != container.instance()) {
    finding.reason = "Somebody paused it through Docker (docker pause).";
    return;
  }
  finding.reason = "It is being thawed.";
  const bool later = workload.trouble && workload.trouble->code == "thaw_failed" && waits(pass, *workload.trouble);
  if (later) finding.reason = fmt::format("It cannot be thawed: {}", workload.trouble->detail);
  if (!later && !pass.in_flight.workloads.contains(name)) pass.act(action::Thaw{name, container.instance()});
}

}  // namespace aura::reconcile
