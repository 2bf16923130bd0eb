// The daemon: everything put together.
#pragma once

#include "agent/config/config.hpp"

namespace aura {

struct DaemonOptions {
  // Flags of the command line; the environment is read by run_daemon().
  config::ConfigPaths paths;
};

// Runs until SIGTERM or SIGINT and leaves every container running. 0: it was asked to end. 1: it could not start
// (another daemon on the state directory or the socket); 78 (EX_CONFIG, sysexits.h): the configuration is wrong.
// The cause stands in the log. SIGHUP reads configuration and workload files anew.
int run_daemon(const DaemonOptions& options);

}  // namespace aura
