// What `serve` does before it listens: state directory, its lock, operator tokens, the effective configuration.
#pragma once

#include "common/error.hpp"
#include "control/api/access.hpp"
#include "control/serve.hpp"

#include <string>
#include <vector>

namespace aura::control {

inline constexpr const char* token_file_name = "operator-token";

// Held as long as it lives; the kernel lets go of it when the process ends (flock(2)).
class DirectoryLock {
 public:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  int fd_;
};

std::string state_dir_of(const ServeOptions& options);
Result<Config> effective_config(const ServeOptions& options);
// Path of the SQLite file; not_supported for other databases.
Result<std::string> database_path(const Config& config, const std::string& state_dir);
// Makes the directory (0700) where it is missing; locked if another aura-control uses it.
Result<DirectoryLock> take_state_dir(const std::string& state_dir);
// Reads the token file, or makes one with a random token; refuses one that others may read.
Result<std::vector<Token>> load_tokens(const std::string& state_dir);
// Where to listen, from the texts in `config`.
Result<std::vector<Endpoint>> endpoints_of(const Config& config);
// Refuses an address that is neither loopback nor tailnet unless trusted_proxy names an address.
Result<AccessConfig> access_for(const Config& config, const std::vector<Endpoint>& endpoints,
                                std::vector<Token> tokens);
// Are callers to be known by the tailnet?
bool uses_tailnet(const Config& config, const std::vector<Endpoint>& endpoints);

}  // namespace aura::control
