// agent.toml and its fragments, merged and checked: what an operator may set about the agent itself.
#pragma once

#include "agent/config/finding.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aura::config {

inline constexpr std::string_view default_config_file = "/etc/aura-node/agent.toml";

// What each key means: docs/operations.md, "agent.toml". Defaults not written here are computed by load_config.
struct Config {
  struct Node {
    std::string id;  // default: "node-" and 12 hex digits derived from the machine id
    std::string tenant;
  } node;
  struct Control {
    std::string url;               // without a slash at its end; "": no control plane
    std::string auth = "tailnet";  // "tailnet" | "token"
    std::vector<std::string> expect_tags{"tag:aura-control"};
    int heartbeat_s = 60;
  } control;
  struct Api {
    std::string listen = "tailnet";  // "tailnet" | "none" | a loopback address
    int port = 9414;                 // 0: any free port
    std::string capability = "aura.dev/cap/node";
    std::vector<std::string> allow_tags;
  } api;
  struct Docker {
    std::string socket = "/run/docker.sock";
  } docker;
  struct Tailscale {
    std::string socket = "/run/tailscale/tailscaled.sock";
    std::string socks5;  // "127.0.0.1:1055"; "": none
  } tailscale;
  struct Limits {
    int open_commands = 64;
    int destructive_per_minute = 10;
    int destructive_burst = 12;
    int connections = 64;           // of the node's API
    int withdrawn_kept_days = 7;    // how long the container of a removed workload is kept
    int collect_disk_percent = 85;  // Docker's disk fuller than this: images that nothing needs are removed
    int collect_unused_days = 7;    // unused for longer: removed whatever the disk says
    int pull_idle_s = 60;           // a pull in which nothing moves for so long has failed
    int pull_reserve_mb = 1024;     // MiB of Docker's disk that a pull leaves free
  } limits;
  struct Paths {
    std::string state = "/var/lib/aura-node";
    std::string workloads = "/etc/aura-node/workloads.d";
    std::string runtime = "/run/aura-node";
    std::string socket = "/run/aura-node/agent.sock";  // default: agent.sock in `runtime`
    std::string credentials;                           // "": no credentials were given
    // The main file as a flag or the default names it, and the policy beside it; no key moves them.
    std::string config{default_config_file};
    std::string policy = "/etc/aura-node/policy.toml";
  } paths;
};

// Where to look: command-line flags, and what systemd says in the environment. A flag wins over a file, a file over
// the environment, the environment over the default.
struct ConfigPaths {
  // Flags; an absent one does not override.
  std::optional<std::string> config, state_dir, runtime_dir, workloads_dir, credentials_dir;
  // systemd.exec(5): STATE_DIRECTORY, RUNTIME_DIRECTORY (the first of several), CREDENTIALS_DIRECTORY.
  std::optional<std::string> state_directory, runtime_directory, credentials_directory;
  // Instead of the id derived from the machine id.
  std::optional<std::string> default_node_id;
};

// Fills the environment's three; leaves the flags alone.
void read_environment(ConfigPaths& paths);

struct Loaded {
  Config config;
  // key -> "default" | "file:line" | "flag" | "environment"; every key is in it.
  std::map<std::string, std::string> origin;
};

// Either loaded or at least one problem.
struct LoadResult {
  std::optional<Loaded> loaded;
  std::vector<Problem> problems;
  explicit operator bool() const { return loaded.has_value(); }
};

// Reads the main file (an absent one counts as empty, unless a flag named it), then FILE.d/*.toml in name order,
// each overriding key by key; checks ownership, keys, types, values and how they fit together, and reports
// everything that is wrong at once. Reads files only; writes nothing.
LoadResult load_config(const ConfigPaths& paths);

// "node-" and 12 hex digits: the machine id hashed with an id of our own (sd_id128_get_machine_app_specific(3)), so
// that it tells nobody the machine id; nullopt where the machine has none.
std::optional<std::string> machine_node_id();

// One line a key, as it may stand in a file, with its origin as a comment.
std::string render_config(const Loaded& loaded);
// {"node.id":{"value":"…","origin":"…"},…}
std::string render_config_json(const Loaded& loaded);

}  // namespace aura::config
