// The subcommands. Each prints its result to stdout, what went wrong to stderr, and returns the exit code
// (exit_codes.hpp). None throws; none is for a second thread.
#pragma once

#include "agent/cli/options.hpp"

namespace aura::cli {

// Everything but the daemon, which is main's.
int run(const Options& options);

int status(const StatusOptions& options);
int send(const SendOptions& options);
int apply(const ApplyOptions& options);
int upgrade(const UpgradeOptions& options);
int prove(const ProveOptions& options);
int logs(const LogsOptions& options);
int events(const EventsOptions& options);
int why(const WhyOptions& options);
int top(const TopOptions& options);
int validate(const ValidateOptions& options);
int show_config(const ConfigOptions& options);
int doctor(const DoctorOptions& options);
int version(const VersionOptions& options);

}  // namespace aura::cli
