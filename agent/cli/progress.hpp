// What to say while a command is under way, from one report of the node to the next.
#pragma once

#include "common/protocol/report.hpp"

#include <map>
#include <string>
#include <vector>

namespace aura::cli {

class Progress {
 public:
  explicit Progress(protocol::Target target) : target_(std::move(target)) {}

  // One line for each targeted workload whose state differs from the last report's: "web: running -> stopping".
  // The first report gives the states as they are. Printable.
  std::vector<std::string> changes(const protocol::Report& report);

  // The targeted workloads in one line: "web stopping, db running". Printable.
  std::string summary(const protocol::Report& report) const;

 private:
  bool targeted(const protocol::WorkloadReport& workload) const;

  protocol::Target target_;
  std::map<std::string, protocol::WorkloadWord> last_;
};

}  // namespace aura::cli
