// Looks at how much memory the workloads with a memory policy use, and wakes the supervisor when one comes near its
// limit or is well below it again.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/reconcile/plan.hpp"

#include <functional>
#include <map>
#include <string>

namespace aura::loops {

inline constexpr std::int64_t memory_look_every_ms = 10'000;

class MemoryWatch {
 public:
  // `plan`: the supervisor's last one, which says what runs. `changed`: one is nearer to its limit, or farther from it,
  // than the look before said.
  MemoryWatch(Parts parts, std::function<const reconcile::Plan&()> plan, std::function<void()> changed);

  // Ends only with the io_context.
  boost::asio::awaitable<void> run();

  // Of those that were looked at twice in their run.
  const std::map<std::string, reconcile::MemoryUse>& memory() const { return memory_; }

 private:
  void look();

  Parts parts_;
  std::function<const reconcile::Plan&()> plan_;
  std::function<void()> changed_;
  std::map<std::string, reconcile::MemoryUse> last_look_;  // by workload
  std::map<std::string, reconcile::MemoryUse> memory_;
};

}  // namespace aura::loops
