#include "control/api/roles.hpp"

#include <fmt/format.h>

#include <array>

namespace aura::control {
namespace {

constexpr std::array<std::string_view, 4> role_words = {"none", "viewer", "operator", "admin"};

std::string_view name_of(Act act) {
  switch (act) {
    case Act::look: return "to look";
    case Act::command: return "to give a command";
    case Act::enroll_code: return "to mint an enrolment code";
    case Act::approve: return "to let a machine in";
    case Act::refuse_claim: return "to turn a machine away";
    case Act::reenroll: return "to open a node id to another machine";
    case Act::decommission: return "to decommission a node";
  }
  return "for this";
}

}  // namespace

std::string_view to_string(Role role) { return role_words[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view word) {
  for (std::size_t place = 1; place < role_words.size(); ++place) {
    if (role_words[place] == word) return static_cast<Role>(place);
  }
  return std::nullopt;
}

Act act_of(protocol::Verb verb) { return verb == protocol::Verb::decommission ? Act::decommission : Act::command; }

Role needed_for(Act act) {
  switch (act) {
    case Act::look: return Role::viewer;
    case Act::command:
    case Act::enroll_code:
    case Act::approve:
    case Act::refuse_claim: return Role::operate;
    case Act::reenroll:
    case Act::decommission: return Role::admin;
  }
  return Role::admin;
}

std::optional<Problem> refuse(const Operator& who, Act act) {
  const Role needed = needed_for(act);
  if (who.role >= needed) return std::nullopt;
  return Problem{403, "role_missing",
                 fmt::format("{} has the role {}; the role {} is needed {}", who.actor, to_string(who.role),
                             to_string(needed), name_of(act))};
}

}  // namespace aura::control
