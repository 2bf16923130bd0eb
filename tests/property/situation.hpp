// A random story of one node: what may happen, told step by step to the model of tests/support.
#pragma once

#include "tests/support/model_world.hpp"

#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace aura::testing {

struct Step {
  enum class Kind {
    plan_and_act,  // one pass; each action is done, refused or lost by its own draw
    time,          // some seconds pass
    crash,         // a container of ours ends by itself
    human_stop,
    human_start,
    human_remove,
    foreign_comes,  // somebody else's container
    probe_turns,    // the probes of a workload fail from now on, or pass again
    docker_away,
    docker_back,
    control_silent,  // the control plane answers no more
    control_answers,
    command,  // from the control plane, sometimes delivered twice
    wanted,
    declare_other,  // another spec of a workload
    withdraw,
    declare_again,
    agent_dies,  // between any two of the above
    reboot,
    count_,
  };
  Kind kind = Kind::plan_and_act;
  std::uint32_t a = 0, b = 0;
};
std::ostream& operator<<(std::ostream& out, const Step& step);

class Situation {
 public:
  Situation();
  void take(const Step& step);
  // No more faults: Docker answers, every action works, time passes.
  void calm_down();

  ModelDocker docker;
  ModelAgent agent;
  // What is wrong; empty while every invariant holds. Checked after each step.
  std::string broken;

 private:
  void plan_and_act(std::uint32_t draw);
  void check_plan();
  void check_always();
  void send_command(const Step& step);
  std::string pick_ours(std::uint32_t draw) const;

  std::set<std::string> foreign_;
  std::map<std::string, rc_::Container> foreign_as_made_;
  std::map<std::string, protocol::OutcomeKind> first_outcome_;
  std::set<std::string> accepted_;
  std::uint64_t generation_ = 0;
  int commands_ = 0;
};

}  // namespace aura::testing
