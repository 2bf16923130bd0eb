#include "agent/loops/status_board.hpp"

#include <utility>

namespace aura::loops {

StatusBoard::StatusBoard(Parts parts, Supervisor& supervisor, Actor& actor, Observer& observer,
                         EngineEvents& engine_events, Declarations& declarations, Options options)
    : parts_(std::move(parts)),
      supervisor_(supervisor),
      actor_(actor),
      observer_(observer),
      engine_events_(engine_events),
      declarations_(declarations),
      options_(std::move(options)),
      usage_(parts_) {}

std::string StatusBoard::engine_words() const {
  if (!supervisor_.unknown_reason().empty()) return "unknown: " + supervisor_.unknown_reason();
  if (!observer_.engine_known()) return "unknown: not asked yet";
  return engine_events_.version().empty() ? "ok" : "ok " + engine_events_.version();
}

protocol::Report StatusBoard::report() const {
  reconcile::Surroundings around;
  around.agent_version = options_.agent_version;
  around.tenant = options_.tenant;
  around.host = parts_.host.figures();
  if (host_watch_ != nullptr) around.host.clock_offset_ms = host_watch_->clock_offset_ms();
  around.docker = engine_words();
  around.docker_known = observer_.engine_known();
  around.control = heartbeat_ != nullptr ? heartbeat_->words() : options_.no_control;
  around.control_heard = heartbeat_ != nullptr && heartbeat_->heard_well();
  if (options_.tailnet) {
    TailnetTold told = options_.tailnet();
    around.tailnet = std::move(told.words);
    around.tailnet_facts = std::move(told.facts);
  }
  around.troubles = options_.troubles;
  if (!parts_.ledger.trouble().empty()) around.troubles.push_back(parts_.ledger.trouble());
  const auto& files = declarations_.problems();
  around.troubles.insert(around.troubles.end(), files.begin(), files.end());
  around.reconciled = supervisor_.reconciled();
  return reconcile::make_report(parts_.ledger.state(), supervisor_.plan(), actor_.in_flight(), around,
                                parts_.clock.now());
}

protocol::Report StatusBoard::report_with_usage() {
  protocol::Report full = report();
  add_usage(full);
  return full;
}

std::vector<std::string> StatusBoard::unready() const {
  std::vector<std::string> reasons;
  if (!supervisor_.reconciled()) reasons.emplace_back("The first look at Docker is not done yet.");
  if (!observer_.engine_known()) reasons.push_back("Docker is " + engine_words() + ".");
  for (const auto& [name, finding] : supervisor_.plan().findings) {
    if (finding.as_intended) continue;
    reasons.push_back(name + " is " + std::string(protocol::to_string(finding.word)) + ": " + finding.reason);
  }
  return reasons;
}

}  // namespace aura::loops
