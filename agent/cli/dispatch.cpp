#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/terminal.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace aura::cli {
namespace {

struct Dispatch {
  int operator()(const DaemonOptions&) const { return exit_usage; }
  int operator()(const StatusOptions& options) const { return status(options); }
  int operator()(const SendOptions& options) const { return send(options); }
  int operator()(const ApplyOptions& options) const { return apply(options); }
  int operator()(const UpgradeOptions& options) const { return upgrade(options); }
  int operator()(const ProveOptions& options) const { return prove(options); }
  int operator()(const LogsOptions& options) const { return logs(options); }
  int operator()(const EventsOptions& options) const { return events(options); }
  int operator()(const WhyOptions& options) const { return why(options); }
  int operator()(const TopOptions& options) const { return top(options); }
  int operator()(const ValidateOptions& options) const { return validate(options); }
  int operator()(const ConfigOptions& options) const { return show_config(options); }
  int operator()(const DoctorOptions& options) const { return doctor(options); }
  int operator()(const VersionOptions& options) const { return version(options); }
};

}  // namespace

int run(const Options& options) {
  const int code = std::visit(Dispatch{}, options);
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written || errno == EPIPE) return code;  // a reader that has seen enough is no failure
  complain(fmt::format("the output cannot be written: {}", std::strerror(errno)));
  return code == exit_ok ? exit_failed : code;
}

}  // namespace aura::cli
