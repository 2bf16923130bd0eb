// Pulling images: beside the workloads, never in their way.
//
// Each pull ends: when the image is here (ImagePresent), when the registry or the engine says no, nothing moves, or the
// disk has no room for it (PullFailed, code no_space), or when it is ended because nobody wants it (nothing recorded).
// Where the disk cannot be seen the pull is tried all the same.
#pragma once

#include "agent/loops/parts.hpp"
#include "agent/loops/pull_rate.hpp"
#include "agent/loops/secrets.hpp"
#include "agent/loops/timed.hpp"
#include "agent/loops/wakeup.hpp"
#include "agent/reconcile/plan.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace aura::loops {

class Puller {
 public:
  // So much of the disk stays free for everything else on it.
  static constexpr std::int64_t default_reserve_bytes = 1LL << 30;

  // `shown` has an entry for every pull under way; what moves is written there.
  Puller(Parts parts, Secrets& secrets, std::map<std::string, protocol::PullProgress>& shown,
         std::int64_t reserve_bytes);
  ~Puller();

  boost::asio::awaitable<void> pull(reconcile::action::Pull wanted);
  // Breaks off a pull that nobody wants; nothing where there is none.
  void end(const std::string& image);
  // Which content a tag stands for, of an image that is here.
  boost::asio::awaitable<void> note_digest(std::string image);

 private:
  struct UnderWay;
  using Shared = std::shared_ptr<UnderWay>;

  boost::asio::awaitable<void> fetch(Shared one, ports::PullRequest request);
  boost::asio::awaitable<void> watch_room(Shared one);
  boost::asio::awaitable<std::optional<Error>> want_of_room(Shared one);
  void moved(const Shared& one, protocol::PullProgress progress);
  void failed(const std::string& image, const Error& error);
  void tell(UnderWay& one, const protocol::PullProgress& progress);

  Parts parts_;
  Secrets& secrets_;
  std::map<std::string, protocol::PullProgress>& shown_;
  std::int64_t reserve_bytes_;
  std::map<std::string, Shared> under_way_;  // by image
};

}  // namespace aura::loops
