// The node as it tells of itself: the ledger, the last plan and what surrounds them.
#pragma once

#include "agent/loops/act.hpp"
#include "agent/loops/declarations.hpp"
#include "agent/loops/engine_events.hpp"
#include "agent/loops/heartbeat.hpp"
#include "agent/loops/host_watch.hpp"
#include "agent/loops/parts.hpp"
#include "agent/loops/supervisor.hpp"
#include "agent/loops/usage.hpp"
#include "agent/reconcile/report.hpp"

#include <functional>
#include <string>
#include <vector>

namespace aura::loops {

// The node's place in the tailnet.
struct TailnetTold {
  std::string words;  // for people
  std::optional<protocol::TailnetReport> facts;
};

class StatusBoard {
 public:
  struct Options {
    std::string agent_version, tenant;
    std::function<TailnetTold()> tailnet;
    std::string no_control;             // why there is no control plane, where there is none
    std::vector<std::string> troubles;  // of the start: configuration
  };
  StatusBoard(Parts parts, Supervisor& supervisor, Actor& actor, Observer& observer, EngineEvents& engine_events,
              Declarations& declarations, Options options);

  // nullptr: none is configured.
  void set_heartbeat(const Heartbeat* heartbeat) { heartbeat_ = heartbeat; }
  // nullptr: the offset of the clock is not told.
  void set_host_watch(const HostWatch* watch) { host_watch_ = watch; }
  // What the last reload of the configuration found wrong; replaces what was there.
  void set_troubles(std::vector<std::string> troubles) { options_.troubles = std::move(troubles); }

  // Without what the workloads use.
  protocol::Report report() const;
  void add_usage(protocol::Report& report) { usage_.add(report, supervisor_.plan()); }
  protocol::Report report_with_usage();

  // Why the node is not ready: Docker unknown, workloads not as intended; one sentence each. Empty: it is.
  std::vector<std::string> unready() const;

 private:
  std::string engine_words() const;

  Parts parts_;
  Supervisor& supervisor_;
  Actor& actor_;
  Observer& observer_;
  EngineEvents& engine_events_;
  Declarations& declarations_;
  Options options_;
  UsageBoard usage_;
  const Heartbeat* heartbeat_ = nullptr;
  const HostWatch* host_watch_ = nullptr;
};

}  // namespace aura::loops
