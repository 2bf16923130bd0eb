// One declared container: the whole schema of a workload file as values (docs/operations.md lists the keys).
// Plain data; checked and filled with defaults before it gets here. Sizes in bytes, durations as named.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aura::reconcile {

enum class DependencyNeed { started, healthy, completed };
enum class RestartPolicy { always, on_failure, never };
enum class OnChange { none, restart };
enum class OnDependencyRestart { none, restart };
enum class DisconnectAction { keep, stop, freeze };

struct SecretRef {
  std::string credential;  // name of a systemd credential
  OnChange on_change = OnChange::none;
  bool operator==(const SecretRef&) const = default;
};

struct Mount {
  std::string source;  // absolute path on the host
  std::string target;
  bool read_only = false;
  bool operator==(const Mount&) const = default;
};

struct Port {
  std::string host_address;  // literal
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 0;
  std::string protocol = "tcp";  // tcp | udp
  bool operator==(const Port&) const = default;
};

// Compared by inspect and updated live; outside the spec hash but for oom_score_adj.
struct Resources {
  std::int64_t memory_bytes = 0;  // 0: no limit
  double cpus = 0;                // 0: no limit
  std::int64_t pids = 0;          // 0: no limit
  int oom_score_adj = 0;
  bool operator==(const Resources&) const = default;
};

struct Security {
  std::string user;  // "" : the image's
  bool read_only = false;
  std::vector<std::string> cap_drop, cap_add;
  bool no_new_privileges = true;
  bool init = true;
  bool privileged = false;
  std::vector<std::string> host_namespaces;  // "network" | "pid" | "ipc"
  bool operator==(const Security&) const = default;
};

// Asked before a stop is sent: the workload may get ready for it, or ask for more time. "{id}" in body and exec stands
// for the id of the command, or of the stop where no command ordered it: the same each time one stop asks.
struct StopHook {
  std::string http_post;  // exactly one of http_post and exec
  std::string bearer;     // name of a systemd credential for its Authorization header; "": none
  std::string body;       // "": what is known of the stop, as JSON
  std::vector<std::string> exec;
  int timeout_s = 20;
  bool operator==(const StopHook&) const = default;
};

struct Stop {
  std::string signal = "SIGTERM";
  int grace_s = 10;
  std::optional<StopHook> hook;
  bool operator==(const Stop&) const = default;
};

struct Restart {
  RestartPolicy policy = RestartPolicy::always;
  int backoff_first_ms = 0;  // before the first restart
  int backoff_max_s = 300;
  int reset_after_s = 600;  // ran so long: back-off starts anew
  std::vector<int> never_on_exit;
  int give_up_restarts = 10;  // so many within give_up_within_s: crash loop
  int give_up_within_s = 600;
  bool operator==(const Restart&) const = default;
};

struct Probe {
  std::string http, tcp;  // exactly one of http, tcp, exec, docker
  std::vector<std::string> exec;
  bool docker = false;
  int every_s = 15, timeout_s = 5, failures = 3, start_grace_s = 300;
  bool operator==(const Probe&) const = default;
};

struct Disconnect {
  int after_s = 86400;
  DisconnectAction action = DisconnectAction::keep;
  bool operator==(const Disconnect&) const = default;
};

struct MemoryPolicy {
  int warn_percent = 75, restart_percent = 90;
  bool operator==(const MemoryPolicy&) const = default;
};

struct WorkloadSpec {
  std::string image;
  std::vector<std::string> entrypoint, command;  // empty: the image's; a given entrypoint drops the image's command
  std::map<std::string, std::string> env;
  std::map<std::string, SecretRef> secrets;       // environment variable -> credential
  std::map<std::string, SecretRef> secret_files;  // file name under /run/secrets -> credential
  std::vector<Mount> mounts;
  std::vector<Port> ports;
  std::string registry_auth;
  bool tailnet = false;
  std::map<std::string, DependencyNeed> depends_on;
  OnDependencyRestart on_dependency_restart = OnDependencyRestart::none;
  std::string backup;
  Resources resources;
  Security security;
  Stop stop;
  Restart restart;
  std::optional<Probe> liveness, startup, readiness;
  std::optional<Disconnect> disconnect;
  std::optional<MemoryPolicy> memory;
  bool operator==(const WorkloadSpec&) const = default;
};

enum class Source { file, applied };

// A spec with its name, where it came from and its hash ("v1:…", store/spec_codec.hpp).
struct Declaration {
  std::string name;
  Source source = Source::file;
  WorkloadSpec spec;
  std::string spec_hash;
  bool operator==(const Declaration&) const = default;
};

}  // namespace aura::reconcile
