// What does no harm today and will one day: doctor's second part. The judgements are pure.
#pragma once

#include "agent/cli/docker_facts.hpp"
#include "agent/cli/doctor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::cli {

// All of it. Docker is asked only where `docker_answers`.
std::vector<Finding> check_later(const config::Config& config, const std::optional<protocol::Report>& report,
                                 bool docker_answers);

Finding judge_live_restore(const EngineFacts& engine);
// `daemon_bounded`: what daemon.json says of containers that say nothing else.
Finding judge_log_drivers(const DockerFacts& docker, bool daemon_bounded);
Finding judge_restart_policies(const std::vector<ContainerFacts>& containers);

// `synchronised` nullopt: the kernel does not tell. `offset_ms` against the control plane.
Finding judge_clock(std::optional<bool> synchronised, std::optional<std::int64_t> offset_ms);

// What systemd allows the agent and the host's way down; 0: no such limit, nullopt: not known.
struct UnitTimes {
  std::uint64_t stop_us = 0, watchdog_us = 0;
  std::optional<std::uint64_t> shutdown_job_us;  // of poweroff.target and reboot.target, the shorter
};
struct LongestStop {
  std::string workload;
  int seconds = 0;  // grace, with its stop hook's time-out
};
std::vector<Finding> judge_unit(const UnitTimes& times, const LongestStop& longest);

// `rules`: what `iptables -S` says of the chains that a container's packets to others go through.
Finding judge_metadata(std::string_view rules);

// "t 90000000" and "b true" and `s "loaded"` of busctl get-property: one property a line, in the order asked for.
std::vector<std::string> property_values(std::string_view busctl);

}  // namespace aura::cli
