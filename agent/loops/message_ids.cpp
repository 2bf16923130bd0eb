#include "agent/loops/message_ids.hpp"

namespace aura::loops {
namespace {

// Made with uuidgen, once and for ever: other people's filters hold them.
constexpr MessageId ids[] = {
    {"agent_ready", "bdf455e8df0f47ebb8e390fba31239e9"},
    {"agent_ending", "2ca6dbed6e9e494f919615ce5d88cc3c"},
    {"workload_started", "973861dce33d425894984404486b6e1d"},
    {"workload_exited", "3c63b6ed7da3468c988a9b3848bc9862"},
    {"workload_crashed", "1fee7322d31e4997abf2c3a6dda6f5a7"},
    {"workload_stopped", "e692d6361c1c4760ab819fd54581b8bb"},
    {"workload_crash_loop", "834d340986fc458b89cbdb6b3aea3cdc"},
    {"workload_trouble", "8779be3b05374f39b180cf91eb6be51a"},
    {"workload_unhealthy", "2ce596c8ff6a4a9c8f021590d047f52d"},
    {"command_accepted", "b1ce0fd43bba4a0eac799d8df841715e"},
    {"command_settled", "5f17737b016f41e5a0d9680895f251c0"},
    {"node_suspended", "7c13ca6763b84a0f8697b202453f23ae"},
    {"node_resumed", "07b94e892d5c4279b3b459df99a4d367"},
    {"docker_away", "00362d20122b4749b0a8db23a3dcb828"},
    {"docker_back", "ad6935c192ff4af0b6aea81d658e9296"},
    {"control_away", "53a6eee14a2945f9b9bf0102aa2d2f76"},
    {"control_back", "f10c0259347849b4b53a2df06669646a"},
    {"control_silent", "282a7c0ac5ee47068042044ecfb2aa44"},
    {"ledger_degraded", "dba693ff4a334ef99f5032760dc0a984"},
    {"ledger_back", "0e1704db45fc481aa5f82da7f3ac704b"},
    {"tailnet_changed", "dddd4973619640e4afc624d667e431a7"},
    {"tailnet_key_expiring", "4698692fd6294173851dcd32cde887a0"},
    {"peer_refused", "3e5d26329f264857b0afb2f68cb693fa"},
    {"host_stopping", "5f918ab5c5074c05ad5f896bd6230002"},
    {"container_gone", "a3ccd7c9500b4d32864d3465200b274a"},
    {"spec_refused", "db0ec3fbfa5d41ca8023221e9394a74c"},
    {"apply_undone", "d437747110f542839dfe337f8562da53"},
    {"declaration_missing", "b440380b04e44c7ba6f9064e246ae6a9"},
    {"fenced", "0889471e493a4d93a7e4825b1a130c38"},
    {"memory_high", "a8beb3c26c6f408b91df708e5ec221ca"},
    {"configuration_refused", "c272bb4ae5e148648725ab2c97fa1ff6"},
    {"stage", "08029bc1e76e44febc53fa4969cdf43c"},
    {"log_limited", "ff02e44a077448858112148eadfeb4b9"},
};

}  // namespace

std::span<const MessageId> message_ids() { return ids; }

std::string_view message_id(std::string_view kind) {
  for (const MessageId& one : ids) {
    if (one.kind == kind) return one.id;
  }
  return {};
}

}  // namespace aura::loops
