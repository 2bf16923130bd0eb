// The user-data with which cloud-init makes a bare VM a node. Pure: values in, text or what is wrong with them out.
#pragma once

#include "common/error.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace aura::control::provision {

inline constexpr std::size_t max_user_data_bytes = 32'768;  // the cloud takes no more
inline constexpr int min_deadline_s = 60;
inline constexpr int max_deadline_s = 7'200;

struct WorkloadFile {
  std::string name;  // "web.toml"
  std::string content;
};

struct UserData {
  std::string node_id;
  std::string hostname;  // "": the node id
  std::string tenant;
  std::string control_url;
  std::string control_auth = "tailnet";  // or "token"
  std::string report_url;                // where the control plane answers before the VM is in the tailnet; "": nowhere
  std::string enrol_code, auth_key;      // secrets; a line feed at their end is no part of them
  std::string login_server;              // "": Tailscale's own
  std::vector<std::string> tags;         // to ask for; "": those of the key
  std::vector<std::string> ssh_keys;     // contents of public key files

  // The package: from an address with its digest, or from an apt source (the whole deb822 file).
  std::string package_url, package_sha256;
  std::string apt_source, version;

  // Where tailscale comes from; without a key nothing is set up, and the VM's image must have it.
  std::string tailscale_apt_uri, tailscale_apt_key;
  std::string tailscale_apt_suite;  // "": the VM's own release
  std::string tailscale_apt_component = "main";

  std::vector<WorkloadFile> workloads;
  int deadline_s = 900;  // for the workloads to be as declared
};

// The user-data, or one sentence for each value that cannot be taken.
Result<std::string> render_user_data(const UserData& wanted);

// What is wrong with the values, a sentence each.
std::vector<std::string> problems_of(const UserData& wanted);

}  // namespace aura::control::provision
