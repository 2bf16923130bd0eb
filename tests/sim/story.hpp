// One story: machines, a control plane and what befalls them, all drawn from one seed.
#pragma once

#include "tests/sim/vm.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace aura::sim {

struct Plot {
  std::uint64_t seed = 1;
  int days = 7;
  bool tracing = false;
  std::string folder;  // exists, empty, fast
};

class Story {
 public:
  explicit Story(const Plot& plot);
  ~Story();

  // To the end, or to the first violation, which is returned; "" : all went well.
  std::string run();

  const std::map<std::string, std::uint64_t>& counts() const { return world_.counts; }

 private:
  // befall.cpp, people.cpp: what happens, and when
  struct Kind {
    const char* name;
    void (Story::*befall)();
  };
  static const std::vector<Kind>& kinds();
  void draw_kinds();
  void schedule_next();
  Vm& a_vm();
  std::string a_workload();
  WorldMs a_while() {
    return world_.random.between(1, 100) <= 70 ? world_.random.between(second, 5 * minute)
                                               : world_.random.between(5 * minute, 6 * hour);
  }
  void agent_killed();
  void agent_killed_in_a_write();
  void agent_stopped_for_a_while();
  void power_lost();
  void machine_rebooted();
  std::optional<Error> machine_asked(Vm& vm, const ports::SystemRequest& request);
  void machine_paused();
  void wall_clock_jumps();
  void docker_restarts();
  void docker_away();
  void docker_hangs();
  void docker_fails();
  void docker_replies_lost();
  void docker_slow();
  void docker_forgets();
  void start_refused();
  void container_crashes();
  void container_crashes_in_a_row();
  void container_oom();
  void human_stops();
  void foreign_container();
  void disk_full();
  void disk_read_only();
  void disk_does_not_sync();
  void ledger_deleted();
  void ledger_damaged();
  void control_away();
  void control_refuses();
  void control_talks_nonsense();
  void network_lossy();
  void operator_orders();
  void operator_orders_many();
  void operator_suspends_and_resumes();
  void somebody_local();
  void spec_changes();
  void workload_withdrawn();
  void machine_cloned();

  // story.cpp
  void declare(Vm& vm, const std::string& workload);
  void step();
  void check(Vm& vm);
  void check_settled(Vm& vm);
  void calm_down();
  void check_end();
  bool in_conflict(Vm& vm, const std::string& name) const;
  void check_workload(Vm& vm, const std::string& workload, const reconcile::Workload& known);

  // There is one node; a clone claims to be it.
  static constexpr const char* node_id = "n1";

  Plot plot_;
  World world_;
  Control control_;
  std::vector<std::unique_ptr<Vm>> vms_;
  std::vector<Kind> drawn_;
  WorldMs mean_pause_ = 2 * hour;
  static constexpr WorldMs calm_for = 3 * hour;  // at the end of each story
  WorldMs ends_at_ = 0;
  bool calm_ = false;
  std::vector<std::string> workloads_;
  std::map<std::string, testing::FakeScript> scripts_;
  std::map<std::string, int> versions_;
  std::set<std::string> foreign_;  // VM and id
  bool is_foreign(const Vm& vm, const std::string& id) const { return foreign_.contains(vm.name + id); }
  struct Watched {
    std::set<std::string> settled;
    std::size_t calls = 0;
  };
  std::map<std::string, Watched> watched_;  // by VM
  int local_commands_ = 0;
};

}  // namespace aura::sim
