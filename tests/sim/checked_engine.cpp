#include "tests/sim/checked_engine.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aura::sim {
using reconcile::Phase;

namespace {

std::string brief(const std::string& id) { return id.substr(0, 8); }

}  // namespace

bool must_run(const reconcile::State& state, const reconcile::Workload& workload) {
  const reconcile::Node& node = state.node;
  const bool node_runs = node.intent == protocol::Intent::running && !node.suspension && !node.cloned;
  return node_runs && !node.fresh_until && workload.intent == protocol::Intent::running && !workload.withdrawn_at;
}

CheckedEngine::Owner CheckedEngine::owner_of(const std::string& id) const {
  for (const auto& [name, workload] : ledger_.state().workloads) {
    for (const auto& container : workload.containers) {
      if (container.id == id) return {name, &workload, &container};
    }
  }
  return {};
}

void CheckedEngine::trace(const char* verb, const std::string& id) const {
  if (!world_.tracing()) return;
  const Owner owner = owner_of(id);
  world_.say(who_, fmt::format("asks Docker: {} {} ({})", verb, brief(id), owner.name));
}

ports::Async<std::string> CheckedEngine::create(const ports::CreateRequest& request) {
  if (world_.tracing()) world_.say(who_, fmt::format("asks Docker: create {}", request.name));
  const std::string& name = request.labels.workload;
  const auto known = ledger_.state().workloads.find(name);
  if (known == ledger_.state().workloads.end()) {
    wrong("creates a container of " + name + ", which is not declared");
    return truth_.create(request);
  }
  const auto& containers = known->second.containers;
  const bool intended = std::any_of(containers.begin(), containers.end(), [&](const auto& one) {
    return one.nonce == request.labels.nonce && one.name == request.name && one.id.empty();
  });
  if (!intended) wrong("creates a container of " + name + " that is not recorded as intended");
  for (const std::string& id : truth_.ids_of(name)) {
    const auto* other = truth_.request_of(id);
    if (other->labels.nonce == strangers_nonce) continue;
    const bool same_spec = other->labels.spec_hash == request.labels.spec_hash;
    const bool unknown_to_it = forgetful_ && owner_of(id).workload == nullptr;
    if (same_spec && !unknown_to_it) wrong("creates a second container of " + name + " of one spec");
  }
  return truth_.create(request);
}

ports::Async<void> CheckedEngine::start(const std::string& id) {
  trace("start", id);
  const Owner owner = owner_of(id);
  if (owner.workload == nullptr) {
    wrong("starts a container that is not its own: " + brief(id));
  } else {
    if (!must_run(ledger_.state(), *owner.workload)) wrong("starts " + owner.name + ", which must not run");
    const auto& sent = owner.workload->start_sent;
    if (!sent || sent->container_id != id) wrong("starts " + owner.name + " without its record");
    for (const std::string& other : truth_.ids_of(owner.name)) {
      const auto* seen = truth_.find(other);
      const bool a_strangers = seen->labels.nonce == strangers_nonce;
      const bool unknown_to_it = forgetful_ && owner_of(other).workload == nullptr;
      if (other != id && seen->phase == Phase::running && !a_strangers && !unknown_to_it) {
        wrong("starts " + owner.name + " while another container of it runs");
      }
    }
  }
  return truth_.start(id);
}

// Somebody wants this run to end: the spec is another, it must not run, or a restart names this very instance.
bool CheckedEngine::may_stop(const Owner& owner, const reconcile::Instance& instance) const {
  const reconcile::State& state = ledger_.state();
  if (!must_run(state, *owner.workload) || owner.container->remove) return true;
  if (owner.container->spec_hash != owner.workload->declared.spec_hash) return true;
  if (owner.container->id != owner.workload->containers.back().id) return true;
  // What was sent is carried to its end, whatever was decided since.
  const auto& sent = owner.workload->stop_sent;
  if (sent && sent->instance == instance && !sent->command_id.empty()) return true;
  return std::any_of(state.open.begin(), state.open.end(), [&](const auto& entry) {
    const auto named = entry.second.must_go.find(owner.name);
    return named != entry.second.must_go.end() && named->second == instance;
  });
}

// A kill ends what a stop has begun: the signal is out, whatever was decided since.
void CheckedEngine::check_stop(const std::string& id, const char* verb, bool ends_a_stop) {
  const Owner owner = owner_of(id);
  if (owner.workload == nullptr) {
    wrong(fmt::format("{} of a container that is not its own: {}", verb, brief(id)));
    return;
  }
  const auto& sent = owner.workload->stop_sent;
  if (!sent || sent->instance.container_id != id) {
    wrong(fmt::format("{} of {} without its record", verb, owner.name));
    return;
  }
  const auto* seen = truth_.find(id);
  if (seen == nullptr || seen->phase != Phase::running || !(seen->instance() == sent->instance)) return;
  if (!ends_a_stop && !may_stop(owner, sent->instance))
    wrong(fmt::format("{} of {}, which is healthy and wanted", verb, owner.name));
}

ports::Async<void> CheckedEngine::stop(const std::string& id, int grace_s) {
  trace("stop", id);
  check_stop(id, "a stop", false);
  const auto* seen = truth_.find(id);
  const Owner owner = owner_of(id);
  const bool hastens = owner.workload != nullptr && owner.workload->stop_sent && owner.workload->stop_sent->hastens;
  const bool untold = seen != nullptr && untold_.contains({id, seen->started_at});
  if (seen != nullptr && seen->phase == Phase::running && !hastens && !untold && truth_.was_stopped(id) &&
      stops_on_record_.contains({id, seen->started_at})) {
    wrong("sends a second stop to one run of " + owner.name);
  }
  if (seen != nullptr && ledger_.trouble().empty()) stops_on_record_.insert({id, seen->started_at});
  return truth_.stop(id, grace_s);
}

ports::Async<void> CheckedEngine::kill(const std::string& id, const std::string& signal) {
  trace("kill", id);
  check_stop(id, "a kill", true);
  return truth_.kill(id, signal);
}

ports::Async<void> CheckedEngine::pause(const std::string& id) {
  trace("pause", id);
  const Owner owner = owner_of(id);
  const auto& suspension = ledger_.state().node.suspension;
  if (owner.workload == nullptr) {
    wrong("freezes a container that is not its own: " + brief(id));
  } else if (!suspension || suspension->mode != "freeze") {
    wrong("freezes " + owner.name + ", which nobody asked for");
  } else if (!owner.workload->frozen || owner.workload->frozen->container_id != id) {
    wrong("freezes " + owner.name + " without its record");
  }
  return truth_.pause(id);
}

ports::Async<void> CheckedEngine::unpause(const std::string& id) {
  trace("unpause", id);
  const Owner owner = owner_of(id);
  if (owner.workload == nullptr) {
    wrong("thaws a container that is not its own: " + brief(id));
  } else if (!must_run(ledger_.state(), *owner.workload)) {
    wrong("thaws " + owner.name + ", which must not run");
  }
  return truth_.unpause(id);
}

ports::Async<void> CheckedEngine::remove(const std::string& id) {
  trace("remove", id);
  const Owner owner = owner_of(id);
  if (owner.workload == nullptr) {
    wrong("removes a container that is not its own: " + brief(id));
  } else if (!owner.container->remove) {
    wrong("removes a container of " + owner.name + " without its record");
  }
  return truth_.remove(id);
}

ports::Async<ports::KillSeen> CheckedEngine::kill_seen(const reconcile::Instance& given) {
  const reconcile::Instance instance = given;
  trace("kill_seen", instance.container_id);
  const auto seen = co_await truth_.kill_seen(instance);
  if (!seen) untold_.insert({instance.container_id, instance.started_at});
  co_return seen;
}

}  // namespace aura::sim
