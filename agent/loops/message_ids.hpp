// The MESSAGE_ID of each kind of journal entry that somebody looks up. Its explanation stands in the catalog,
// packaging/dist/usr/lib/systemd/catalog/aura-node.catalog.
#pragma once

#include <span>
#include <string_view>

namespace aura::loops {

struct MessageId {
  std::string_view kind;  // an AURA_EVENT, or what tells its ends apart: "workload_crashed", "workload_stopped"
  std::string_view id;    // 32 hex digits
};
std::span<const MessageId> message_ids();

// "" for a kind that has none.
std::string_view message_id(std::string_view kind);

}  // namespace aura::loops
