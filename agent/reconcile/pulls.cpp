// Which pulls are wanted, and with whose login.
#include "agent/reconcile/pass.hpp"

#include <algorithm>

namespace aura::reconcile {

namespace {

// The registry's host; "" for images of the default one.
std::string_view registry_of(std::string_view image) {
  const auto slash = image.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view first = image.substr(0, slash);
  const bool host = first == "localhost" || first.find_first_of(".:[") != std::string_view::npos;
  return host ? first : std::string_view{};
}

bool lacks_container(const Pass& pass, const Workload& workload) {
  const OwnedContainer* target = target_of(workload);
  return target == nullptr || pass.find(target->id) == nullptr;
}

}  // namespace

action::Pull pull_of(const State& state, const std::string& image) {
  action::Pull pull{.image = image};
  for (const auto& [name, workload] : state.workloads) {
    const WorkloadSpec& spec = workload.declared.spec;
    if (workload.withdrawn_at || spec.registry_auth.empty()) continue;
    if (spec.image == image) {
      pull.registry_auth = spec.registry_auth;
      return pull;
    }
    const bool same_registry = registry_of(spec.image) == registry_of(image);
    if (same_registry && pull.registry_auth.empty()) pull.registry_auth = spec.registry_auth;
  }
  return pull;
}

bool is_pull_wanted(const Pass& pass, const std::string& image) {
  const auto asks = [&](const auto& entry) {
    const protocol::Command& command = entry.second.command;
    return command.verb == protocol::Verb::pull && command.target.name == image;
  };
  const auto lacks = [&](const auto& entry) {
    const Workload& workload = entry.second;
    return !workload.withdrawn_at && workload.declared.spec.image == image && lacks_container(pass, workload);
  };
  const auto applies = [&](const auto& entry) {
    const std::optional<Apply>& apply = entry.second.apply;
    return apply && !apply->declared && std::any_of(apply->wanted.begin(), apply->wanted.end(), [&](const auto& each) {
             return each.second.spec.image == image;
           });
  };
  return std::any_of(pass.state.open.begin(), pass.state.open.end(), asks) ||
         std::any_of(pass.state.open.begin(), pass.state.open.end(), applies) ||
         std::any_of(pass.state.workloads.begin(), pass.state.workloads.end(), lacks);
}

void end_pulls(Pass& pass) {
  if (!pass.observed.containers) return;
  for (const auto& [image, progress] : pass.in_flight.pulls) {
    if (!is_pull_wanted(pass, image)) pass.act(action::EndPull{image});
  }
}

}  // namespace aura::reconcile
