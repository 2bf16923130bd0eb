// The subcommands of the command line; each returns the exit code (exit_codes.hpp).
#pragma once

#include "control/cli/client.hpp"
#include "control/provision/user_data.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aura::control::cli {

int nodes(const Connection& connection, bool watch);
int node(const Connection& connection, const std::string& node_id);

struct SendOptions {
  std::string node_id, verb;
  std::string target = "node";  // a bare workload name stands for workload:NAME
  std::string reason, id;
  std::vector<std::string> args;  // "KEY=VALUE"
  bool force = false;
  std::optional<std::int64_t> expires_in_s;
  bool wait = false;
  int timeout_s = 900;  // of --wait
};
int send(const Connection& connection, const SendOptions& options);

int events(const Connection& connection, const std::string& node_id, int tail, bool follow);

int enroll(const Connection& connection, const std::string& node_id);
// The machine that waits under that node id; with a device not empty only if it is that one (stable id).
int approve(const Connection& connection, const std::string& node_id, const std::string& device);
int refuse(const Connection& connection, const std::string& node_id, const std::string& device);
int reenroll(const Connection& connection, const std::string& node_id);

// Secrets and texts come from files; "-" is the standard input, once.
struct UserDataOptions {
  provision::UserData values;
  std::string enrol_code_file, auth_key_file, apt_source_file, tailscale_apt_key_file;
  std::vector<std::string> ssh_key_files, workload_files;
  std::string output;  // "": the standard output
};
int render_user_data(UserDataOptions options);

}  // namespace aura::control::cli
