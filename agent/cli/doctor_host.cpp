#include "agent/cli/doctor.hpp"

#include "agent/cli/terminal.hpp"
#include "agent/config/trusted_file.hpp"
#include "agent/config/validate.hpp"
#include "common/bytes.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace aura::cli {
namespace {

using config::TrustedRead;

constexpr std::uint64_t mib = 1024 * 1024;
constexpr std::uint64_t least_bytes = 128 * mib;  // less and the next image or log is the end
constexpr std::uint64_t scarce_bytes = 1024 * mib;

// The path itself or the nearest folder above it that is there.
std::string nearest_existing(std::filesystem::path path) {
  std::error_code failure;
  while (!std::filesystem::exists(path, failure) && path.has_relative_path()) path = path.parent_path();
  return path.empty() ? "." : path.string();
}

// The user that the packaged unit runs as; root where there is none.
uid_t agent_user() {
  const passwd* const user = ::getpwnam("aura-node");
  return user == nullptr ? 0 : user->pw_uid;
}

}  // namespace

std::vector<Finding> check_files(const config::ConfigPaths& paths, const config::Config& config) {
  std::vector<Finding> findings;
  for (const auto& problem : config::validate(paths, {})) {
    // What is wrong with the folder as a whole is said below, with its owner.
    if (problem.file == config.paths.workloads) continue;
    findings.push_back({"files", Level::bad, config::to_string(problem), "Mend the file, then: aura-node validate"});
  }
  if (findings.empty())
    findings.push_back({"files", Level::ok, "Configuration, policy and workload files are valid.", ""});
  findings.push_back(check_workloads_folder(config.paths.workloads));
  findings.push_back(check_state_directory(config.paths.state));
  findings.push_back(check_space(config.paths.state));
  return findings;
}

Finding check_state_directory(const std::string& path) {
  Finding finding{"state directory", Level::bad, "", ""};
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT)
      return {finding.subject, Level::warning, path + " does not exist yet; the agent makes it when it starts.",
              fmt::format("install -d -m 0700 -o root -g root {}", path)};
    finding.text = fmt::format("{} cannot be looked at: {}.", path, std::strerror(errno));
    finding.fix = "Run aura-node doctor as root";
    return finding;
  }
  if (!S_ISDIR(status.st_mode)) {
    finding.text = path + " is no folder.";
    finding.fix = fmt::format("Move it away, then: install -d -m 0700 -o root -g root {}", path);
  } else if (status.st_uid != 0 && status.st_uid != ::geteuid() && status.st_uid != agent_user()) {
    finding.text = fmt::format("{} belongs to user {}, not to root.", path, status.st_uid);
    finding.fix = fmt::format("chown root:root {}", path);
  } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    // Its files are 0600 themselves; who may write the folder may replace them.
    const bool writable = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    finding.level = writable ? Level::bad : Level::warning;
    finding.text =
        fmt::format("{} has mode {:04o}; it holds keys and should be root's alone.", path, status.st_mode & 07777);
    finding.fix = fmt::format("chmod 0700 {}", path);
  } else if (status.st_uid == ::geteuid() && ::access(path.c_str(), W_OK | X_OK) != 0) {
    finding.text = fmt::format("{} cannot be written: {}.", path, std::strerror(errno));
    finding.fix = errno == EROFS ? fmt::format("mount -o remount,rw the file system of {}", path)
                                 : fmt::format("chmod 0700 {}", path);
  } else {
    finding.level = Level::ok;
    finding.text = fmt::format("{} is its owner's alone and can be written.", path);
  }
  return finding;
}

Finding check_workloads_folder(const std::string& path) {
  const auto listing = config::list_trusted_folder(path);
  switch (listing.kind) {
    case TrustedRead::Kind::absent:
      return {"workloads", Level::bad, path + " does not exist.",
              fmt::format("install -d -m 0755 -o root -g root {}", path)};
    case TrustedRead::Kind::refused:
      return {"workloads", Level::bad, path + " " + listing.message,
              fmt::format("chown root {0} && chmod go-w {0}", path)};
    case TrustedRead::Kind::read: break;
  }
  if (listing.names.empty()) {
    return {"workloads", Level::warning, path + " holds no workload: there is nothing to supervise.",
            fmt::format("Write {}/NAME.toml, then: aura-node reload", path)};
  }
  return {"workloads", Level::ok,
          fmt::format("{} is root's alone to write and holds {}.", path,
                      listing.names.size() == 1 ? "1 workload" : fmt::format("{} workloads", listing.names.size())),
          ""};
}

Finding check_space(const std::string& path) {
  struct statvfs space {};
  const std::string existing = nearest_existing(path);
  if (::statvfs(existing.c_str(), &space) != 0) {
    return {"disk", Level::bad,
            fmt::format("The file system of {} cannot be asked: {}.", existing, std::strerror(errno)),
            "Look at it with: df " + existing};
  }
  return judge_space(existing, static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize,
                     static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize);
}

Finding judge_space(const std::string& path, std::uint64_t available_bytes, std::uint64_t total_bytes) {
  const std::string text =
      fmt::format("{} of {} are free where {} is.", human_bytes(available_bytes), human_bytes(total_bytes), path);
  const std::string fix = "Free some space: docker system df and journalctl --disk-usage show what takes it";
  if (available_bytes < least_bytes) return {"disk", Level::bad, text, fix};
  if (available_bytes < scarce_bytes) return {"disk", Level::warning, text, fix};
  return {"disk", Level::ok, text, ""};
}

}  // namespace aura::cli
