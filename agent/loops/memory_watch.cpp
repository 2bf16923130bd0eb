#include "agent/loops/memory_watch.hpp"

#include "agent/loops/wakeup.hpp"

#include <algorithm>
#include <utility>

namespace aura::loops {
using reconcile::MemoryUse;

MemoryWatch::MemoryWatch(Parts parts, std::function<const reconcile::Plan&()> plan, std::function<void()> changed)
    : parts_(std::move(parts)), plan_(std::move(plan)), changed_(std::move(changed)) {}

boost::asio::awaitable<void> MemoryWatch::run() {
  for (;;) {
    co_await sleep_for(parts_.clock, memory_look_every_ms);
    look();
  }
}

void MemoryWatch::look() {
  std::map<std::string, MemoryUse> seen, known;
  bool news = false;
  for (const auto& [name, workload] : parts_.ledger.state().workloads) {
    const auto& spec = workload.declared.spec;
    const auto finding = plan_().findings.find(name);
    if (!spec.memory || finding == plan_().findings.end() || !finding->second.container) continue;
    const reconcile::Container& container = *finding->second.container;
    if (container.phase != reconcile::Phase::running) continue;
    const auto usage = parts_.host.usage(container.id, container.pid);
    if (!usage) continue;
    const MemoryUse use{container.instance(), static_cast<std::int64_t>(usage->working_set_bytes)};
    const auto before = last_look_.find(name);
    seen[name] = use;
    if (before == last_look_.end() || !(before->second.instance == use.instance)) continue;
    const MemoryUse lasting{use.instance, std::min(use.used_bytes, before->second.used_bytes)};
    const auto told = memory_.find(name);
    const bool same_run = told != memory_.end() && told->second.instance == use.instance;
    const auto was = same_run ? memory_level(spec, told->second.used_bytes) : reconcile::MemoryLevel::low;
    news = news || memory_level(spec, lasting.used_bytes) != was;
    known[name] = lasting;
  }
  last_look_ = std::move(seen);
  memory_ = std::move(known);
  if (news) changed_();
}

}  // namespace aura::loops
