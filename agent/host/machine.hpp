// Figures and secrets of the machine we run on, read from small files.
#pragma once

#include "common/error.hpp"
#include "common/protocol/report.hpp"

#include <optional>
#include <string>

namespace aura::host {

inline constexpr std::size_t max_credential_bytes = 1 << 20;  // systemd.exec(5), "Credentials": 1 MB a unit

// Load, memory (proc(5): /proc/loadavg, /proc/meminfo), CPUs that are online, and statvfs(3) of `state_dir`'s file
// system. What cannot be read stays 0.
protocol::HostReport figures(const std::string& state_dir);

// Content of DIR/NAME, or of NAME with a prefix that the unit's credentials have, without one trailing newline.
// nullopt: no such file, a name that is no plain file name, or no folder.
std::optional<std::string> credential(const std::string& credentials_dir, const std::string& name);

// `v1.instance_id` of cloud-init's instance data at `path` (cloud-init documentation, "Instance metadata"); "" where
// there is none or it cannot be read.
std::string cloud_instance_id(const std::string& path);

}  // namespace aura::host
