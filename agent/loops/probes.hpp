// Asks the probes of what runs, each at its own time, and tells the core what they found.
//
// - One timer for all. A probe is asked every every_s, in a phase of its own that is drawn, so that many do not beat
//   together. After a start it is asked after 250 ms, then twice as late each time, up to every_s, until it passes or
//   start_grace_s is over.
// - At most one question of a probe is under way: one that hangs costs a socket and its deadline, and no other probe.
// - Liveness and readiness wait until startup has passed, at most start_grace_s. `failures` in a row of liveness act
//   only once startup (without that: liveness itself) has passed, or start_grace_s is over; as many of readiness make
//   it not ready.
// - An answer is void if it failed while our own loop lagged by more than 1 s, or if the run it is about has ended.
// - What the plan does not ask for (paused, held, stopping, Docker away) stands still, and counts anew afterwards.
// - In memory: a restart of the agent begins anew, and what ran for longer than its start grace is taken as healthy
//   until a probe has failed as often as it must.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/secrets.hpp"
#include "agent/loops/wakeup.hpp"
#include "agent/ports/prober.hpp"
#include "agent/reconcile/plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aura::loops {

inline constexpr std::int64_t first_question_ms = 250;
inline constexpr std::int64_t lag_that_voids_ms = 1'000;

class Probes {
 public:
  // `changed` is called when the core should look anew.
  Probes(Parts parts, ports::Prober& prober, Secrets& secrets, std::function<void()> changed)
      : parts_(std::move(parts)), prober_(prober), secrets_(secrets), changed_(std::move(changed)) {}

  // Ends only with the io_context.
  boost::asio::awaitable<void> run();

  // After every pass: what is to be asked from now on (Plan::probed).
  void follow(const std::map<std::string, reconcile::Probed>& probed);

  // By workload, for Observed::health.
  std::map<std::string, reconcile::Health> health() const;

 private:
  enum class Kind { startup, liveness, readiness };
  struct Question {
    Kind kind = Kind::startup;
    reconcile::Probe probe;
    BootMs due = 0;
    std::int64_t pause_ms = first_question_ms;  // until it has passed once
    bool passed_once = false;
    bool under_way = false;
    int failures = 0;  // in a row
    std::string words;
  };
  struct Run {
    std::string name;
    reconcile::Probed probed;
    reconcile::WorkloadSpec spec;
    std::vector<Question> questions;
    reconcile::Health health;
    bool stands = false;
    bool gone = false;  // answers about it are void
    bool told_healthy = false;
    std::optional<BootMs> told_at;
  };
  using RunPtr = std::shared_ptr<Run>;

  void begin(const std::string& name, const reconcile::Probed& probed, const reconcile::WorkloadSpec& spec);
  void stand(Run& run);
  void go_on(Run& run, const reconcile::Probed& probed);
  void ask_due(BootMs now);
  boost::asio::awaitable<void> ask(RunPtr run, std::size_t index);
  boost::asio::awaitable<ports::ProbeAnswer> answer_of(RunPtr run, std::size_t index);
  void take(Run& run, Question& question, const ports::ProbeAnswer& answer);
  void judge(Run& run);
  void tell(Run& run);
  void plan_next(const Run& run, Question& question, BootMs began, bool first_pass);
  static BootMs grace_end(const Run& run, const Question& question);
  bool waits(const Run& run, const Question& question, BootMs now) const;
  void note_lag(BootMs now);
  std::optional<BootMs> next_due(BootMs now) const;
  std::int64_t drawn(std::int64_t within_ms) const;
  static std::string title(const Question& question);

  Parts parts_;
  ports::Prober& prober_;
  Secrets& secrets_;
  std::function<void()> changed_;
  std::map<std::string, RunPtr> runs_;  // by workload
  Wakeup wakeup_;
  std::optional<BootMs> expected_;  // when the timer is to fire
  BootMs lagged_at_ = -1;           // when it last fired too late
};

}  // namespace aura::loops
