// Where a probe or a stop hook of a workload file reaches its container.
//
// The address in the file is the node's loopback. What is asked is the container itself, at its own address: a
// published port stands for the container's port behind it, any other port is the container's. The proxy in front of
// a published port accepts connections that nobody in the container takes, and a port that is not published could be
// anybody's on the node. In the host's network, where a container has no address, the probe goes where it says.
#pragma once

#include "agent/ports/hook_caller.hpp"
#include "agent/ports/prober.hpp"
#include "agent/reconcile/plan.hpp"

#include <string>

namespace aura::loops {

// `probe` is not `docker`.
ports::ProbeQuestion question_of(const reconcile::Probe& probe, const reconcile::WorkloadSpec& spec,
                                 const reconcile::Probed& probed);

// Without the bearer's secret. "{id}" is filled in; without a body of its own the question is JSON: id, workload,
// cause, grace_s.
ports::HookQuestion hook_question_of(const reconcile::action::AskHook& asked);

// "http://127.0.0.1:80/healthz", "tcp 127.0.0.1:80", "exec test", "docker": as a person knows it.
std::string name_of(const reconcile::Probe& probe);

}  // namespace aura::loops
