// Which role an operator needs for what: the one table of it. Pure.
#pragma once

#include "common/protocol/command.hpp"
#include "control/api/problem.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aura::control {

// Each may do what those before it may.
enum class Role { none, viewer, operate, admin };
std::string_view to_string(Role role);  // "none", "viewer", "operator", "admin"
// Not "none": that is no role that anybody can be given.
std::optional<Role> parse_role(std::string_view word);

// What operators can ask for.
enum class Act { look, command, enroll_code, approve, refuse_claim, reenroll, decommission };
Act act_of(protocol::Verb verb);
Role needed_for(Act act);

// Somebody who is known.
struct Operator {
  std::string actor;  // "operator:NAME", as audit and command show it
  Role role = Role::none;
};

// 403 that names the missing role; nullopt: allowed.
std::optional<Problem> refuse(const Operator& who, Act act);

}  // namespace aura::control
