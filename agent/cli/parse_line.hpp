// What the parser writes into before it is known which subcommand was meant, and what becomes of it.
#pragma once

#include "agent/cli/options.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aura::cli {

struct Line {
  std::string socket = default_socket;
  bool socket_given = false;
  bool json = false;
  bool watch = false, follow = false, raw = false, no_wait = false, instance = false, allow_removal = false;
  bool force = false, yes = false, then_power_off = false, no_heartbeat = false;
  bool dry_run = false, once = false;
  std::string workload, image, folder, id, grace, reason, duration, since, every, sort, version, save, before, within,
      bundle, stage;
  std::optional<int> tail;
  std::uint64_t after = 0;
  std::vector<std::string> files, workloads;
  config::ConfigPaths paths;
  std::function<Options(Line&)> make;
};

// "": the node.
protocol::Target target_of(const std::string& workload);

// The command that the flags of `line` make of a verb; its id is given when it is sent.
SendOptions send_of(const Line& line, protocol::Verb verb, protocol::Target target);

}  // namespace aura::cli
