// Whether what a new version reports carries on what the version before reported: judged from the two reports alone.
#pragma once

#include "common/protocol/report.hpp"

#include <functional>
#include <string>

namespace aura::cli {

struct Comparison {
  enum class Kind { proven, not_yet, no };
  Kind kind = Kind::not_yet;
  std::string why;  // of not_yet and no: a sentence's part; of proven: ""
};

// proven: `now` is of `version`, has looked at Docker, every container that ran before is there with the same id and
// start, and the control plane answers if it did before. no: a container was replaced or started anew, and that was no
// doing of its own. After a boot of the host starts differ; the ids count.
// `ended_by_itself` says of a workload whether its last run ended by its own doing or that of somebody outside.
Comparison compare(const protocol::Report& before, const protocol::Report& now, const std::string& version,
                   bool heartbeat, const std::function<bool(const std::string&)>& ended_by_itself);

// protocol::Run::cause of an end that no version of the agent is to blame for.
bool is_by_itself(const std::string& cause);

}  // namespace aura::cli
