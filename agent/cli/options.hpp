// What was asked for on the command line, as plain values; parse.cpp fills them, the subcommands see nothing else.
#pragma once

#include "agent/config/config.hpp"
#include "common/protocol/command.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace aura::cli {

inline constexpr const char* default_socket = "/run/aura-node/agent.sock";
inline constexpr const char* socket_variable = "AURA_NODE_SOCKET";

struct DaemonOptions {
  config::ConfigPaths paths;  // flags only
};

struct StatusOptions {
  std::string socket;
  bool json = false;
  bool watch = false;
};

enum class TopSort { cpu, memory, name };

struct TopOptions {
  std::string socket;
  bool json = false;
  bool once = false;
  std::vector<std::string> workloads;  // empty: all
  std::int64_t every_s = 2;
  TopSort sort = TopSort::cpu;
};

// Every subcommand that is a verb of POST /v1/commands. `command` lacks its id.
struct SendOptions {
  std::string socket;
  bool json = false;
  bool wait = true;
  protocol::Command command;
};

// The workload files of a folder as the set of applied workloads. `send` has all but the specs.
struct ApplyOptions {
  SendOptions send;
  std::string folder;
};

// A version, or a package file, which root brings along. `send` lacks the version.
struct UpgradeOptions {
  SendOptions send;
  std::string version;
};

// What /usr/libexec/aura-node/upgrade asks of the version before.
struct ProveOptions {
  config::ConfigPaths paths;
  std::string socket;
  std::string save;     // keeps what runs now in this file
  std::string before;   // or compares with it
  std::string version;  // that is to answer
  std::int64_t within_s = 90;
  bool heartbeat = true;  // is asked for, where there was one before
};

struct LogsOptions {
  std::string socket;
  std::string workload;
  bool follow = false;
  bool raw = false;         // as the container wrote it, control characters and all
  std::optional<int> tail;  // lines; absent: the agent's default
  std::string since;        // RFC 3339 or a duration back from now; "": from the beginning
};

struct EventsOptions {
  std::string socket;
  bool json = false;
  bool follow = false;
  std::uint64_t after = 0;
};

struct WhyOptions {
  std::string socket;
  bool json = false;
  std::string workload;
};

struct ValidateOptions {
  config::ConfigPaths paths;
  bool json = false;
  std::vector<std::string> files;  // empty: everything that the agent reads
};

struct ConfigOptions {
  config::ConfigPaths paths;
  bool json = false;
};

struct DoctorOptions {
  config::ConfigPaths paths;
  std::string socket;  // "": as the configuration says
  bool json = false;
  std::string bundle;  // a file for all that support needs; "-": stdout; "": none
};

struct VersionOptions {
  std::string socket;
  bool json = false;
};

using Options =
    std::variant<DaemonOptions, StatusOptions, SendOptions, ApplyOptions, UpgradeOptions, ProveOptions, LogsOptions,
                 EventsOptions, WhyOptions, TopOptions, ValidateOptions, ConfigOptions, DoctorOptions, VersionOptions>;

}  // namespace aura::cli
