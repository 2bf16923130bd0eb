// What people do in a story: operators at the control plane, an engineer on the machine, whoever writes the specs.
#include "tests/sim/story.hpp"

#include <fmt/format.h>

namespace aura::sim {
using protocol::Verb;

void Story::operator_orders() {
  Random& random = world_.random;
  protocol::Command command;
  command.verb = random.pick<Verb>({Verb::start, Verb::start, Verb::stop, Verb::restart, Verb::restart, Verb::suspend,
                                    Verb::resume, Verb::resume, Verb::cancel, Verb::pull, Verb::reboot});
  const bool on_node = random.one_in(3);
  if (!on_node) command.target = *protocol::parse_target("workload:" + a_workload());
  if (command.verb == Verb::reboot && random.one_in(3)) command.verb = Verb::power_off;
  const bool of_node = command.verb == Verb::suspend || command.verb == Verb::resume || command.verb == Verb::reboot ||
                       command.verb == Verb::power_off;
  if (of_node) command.target = {};
  if (command.verb == Verb::stop && command.target.kind == protocol::Target::Kind::node && random.one_in(4))
    command.args.then = "power_off";
  if (command.verb == Verb::suspend) command.reason = "payment failed";
  if (command.verb == Verb::suspend && random.one_in(2)) command.args.mode = "freeze";
  if (command.verb == Verb::pull) command.target = *protocol::parse_target("image:" + a_workload() + ":1");
  if (command.verb == Verb::cancel) {
    const std::string open = control_.an_open_command(node_id);
    if (open.empty()) return;
    command.target = *protocol::parse_target("command:" + open);
  }
  if (protocol::expires(command.verb) && random.one_in(2)) command.expires_in_s = random.between(1, 3600);
  if (random.one_in(4) && (command.verb == Verb::stop || command.verb == Verb::restart)) {
    command.args.grace_s = static_cast<int>(random.between(0, 60));
  }
  control_.send(node_id, command);
}

void Story::operator_orders_many() {
  for (auto left = world_.random.between(3, 20); left > 0; --left) {
    world_.after(world_.random.between(0, minute), [this] { operator_orders(); });
  }
}

void Story::operator_suspends_and_resumes() {
  protocol::Command suspend;
  suspend.verb = Verb::suspend;
  suspend.reason = "payment failed";
  if (world_.random.one_in(2)) suspend.args.mode = "freeze";
  control_.send(node_id, suspend);
  world_.after(a_while(), [this] {
    for (const Verb verb : {Verb::resume, Verb::start}) {
      protocol::Command command;
      command.verb = verb;
      control_.send(node_id, command);
    }
  });
}

void Story::somebody_local() {
  Vm& vm = a_vm();
  if (!vm.agent_up()) return;
  Random& random = world_.random;
  protocol::Command command;
  command.id = fmt::format("local-{}-{}", vm.name, ++local_commands_);
  command.verb =
      random.pick<Verb>({Verb::start, Verb::stop, Verb::restart, Verb::hold, Verb::release, Verb::lock, Verb::unlock});
  const bool whole_node = command.verb == Verb::lock || command.verb == Verb::unlock || random.one_in(3);
  if (!whole_node) command.target = *protocol::parse_target("workload:" + a_workload());
  if (command.verb == Verb::hold) command.args.for_s = random.between(60, 4 * 3600);
  command.actor = "local:root";
  if (world_.tracing()) {
    world_.say(vm.name, fmt::format("is told {} {} {}", command.id, protocol::to_string(command.verb),
                                    protocol::to_string(command.target)));
  }
  vm.life().desk.deliver(command, reconcile::Origin::local_root);
}

void Story::spec_changes() {
  Vm& vm = a_vm();
  const std::string name = a_workload();
  ++versions_[name];
  if (!vm.declared.set.good.contains(name)) return;
  declare(vm, name);
  vm.reload();
}

void Story::workload_withdrawn() {
  Vm& vm = a_vm();
  const std::string name = a_workload();
  vm.declared.set.good.erase(name);
  vm.reload();
  world_.after(a_while(), [this, &vm, name] {
    declare(vm, name);
    vm.reload();
  });
}

}  // namespace aura::sim
