#include "agent/run_log.hpp"

#include "agent/loops/message_ids.hpp"
#include "common/log.hpp"

#include <fmt/format.h>

namespace aura {
namespace {

// A workload that crashes all day is told twenty times and then twelve times an hour; its crash loop has an entry of
// its own, and the events have them all.
constexpr double entries_at_once = 20;
constexpr double entries_per_hour = 12;

}  // namespace

void begin_log() {
  log::set_message_ids(loops::message_id);
  log::limit(entries_at_once, entries_per_hour);
}

void log_as(const std::string& node_id, const std::string& tenant) {
  log::set_common({{"AURA_NODE", node_id}, {"TENANT_ID", tenant}});
}

void log_ready(const std::string& version, const std::string& node_id, std::uint64_t epoch) {
  log::notice(fmt::format("aura-node {} is ready as node {}, epoch {}", version, node_id, epoch),
              {{"AURA_EVENT", "agent_ready"}});
}

void log_ending(const std::string& why) {
  log::notice(why, {{"AURA_EVENT", "agent_ending"}});
  log::tell_left_out();
}

}  // namespace aura
