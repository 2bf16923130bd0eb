// Looks at the kernel's counter of processes killed for want of memory, container by container: it is gone with the
// container, and Docker does not tell of every such kill (a shortage of the whole host is none of the container's
// limit).
#pragma once

#include "agent/loops/observer.hpp"
#include "agent/loops/parts.hpp"

namespace aura::loops {

inline constexpr std::int64_t oom_watch_every_ms = 30'000;

class OomWatch {
 public:
  OomWatch(Parts parts, Observer& observer) : parts_(std::move(parts)), observer_(observer) {}

  // Ends only with the io_context.
  boost::asio::awaitable<void> run();

 private:
  void look();

  Parts parts_;
  Observer& observer_;
};

}  // namespace aura::loops
