// Follows one tailscaled: its state, who is who, and that something changed.
//
// Any message on tailscaled's bus, and any gap in it, only wakes: the cache of whois is emptied at once and the status
// is asked again. Where tailscaled cannot be asked the status says which link is broken, and whois fails: nobody is
// trusted on an answer from before. start() begins; this must outlive its io_context's run.
#pragma once

#include "common/tailnet/local_api.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aura::tailnet {

inline constexpr std::int64_t whois_life_ms = 10'000;
inline constexpr std::int64_t failure_life_ms = 1'000;  // so long a whois that failed is not asked again

// For a node, whose peers are few; a control plane has more.
struct WatchLimits {
  std::size_t known = 1'024;  // answers of whois kept
  std::size_t asking = 16;    // whois calls at a time; beyond: rate_limited
};

class Watch {
 public:
  using Clock = std::function<BootMs()>;
  Watch(boost::asio::io_context& context, http::Client& client, std::string socket, WatchLimits limits = {},
        Clock now = boot_now);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void start();

  const Status& status() const { return status_; }

  // Who is at that TCP address; from what is known, at most whois_life_ms old and from after the last change. `port`
  // counts where the address is loopback (userspace networking: the connection tells the peer), else it does not; what
  // is known is then of that `connection` alone (http::Peer), since the next one from the same port is somebody else's.
  // Errors as of LocalApi::whois, and rate_limited.
  boost::asio::awaitable<Result<Identity>> whois(std::string address, std::uint16_t port, std::uint64_t connection = 0);

  // As LocalApi::find.
  boost::asio::awaitable<Result<Device>> find(std::string name) { return api_.find(std::move(name)); }

  // Grows with every change.
  std::uint64_t changes() const { return changes_; }
  // `listener` is called after each change, when the status has been asked again. For the lifetime of this.
  void on_change(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }
  // Completes at the next change, at the latest after `at_most`.
  boost::asio::awaitable<void> changed(std::chrono::milliseconds at_most);

  // Nothing known is believed any longer: after the host slept, or at a doubt.
  void look_anew() { note_change(); }

 private:
  struct Known {
    Result<Identity> answer;
    BootMs at = 0;
  };
  // One call that others wait for, too.
  struct Asking {
    explicit Asking(boost::asio::io_context& context) : done(context) {}
    boost::asio::steady_timer done;  // never expires; cancelled when there is an answer
    std::optional<Result<Identity>> answer;
  };

  boost::asio::awaitable<void> follow_bus();
  boost::asio::awaitable<void> follow_changes();
  boost::asio::awaitable<void> refresh();
  boost::asio::awaitable<void> ask(std::string address, std::uint16_t port, std::string key,
                                   std::shared_ptr<Asking> asking);
  void note_change();
  void keep(const std::string& key, const Result<Identity>& answer);

  boost::asio::io_context& context_;
  LocalApi api_;
  const WatchLimits limits_;
  Clock now_;
  Status status_;
  std::map<std::string, Known> known_;
  std::map<std::string, std::shared_ptr<Asking>> asking_;
  std::uint64_t changes_ = 0, refreshed_ = 0;
  boost::asio::steady_timer wakeup_;  // of follow_changes
  boost::asio::steady_timer news_;    // of changed()
  std::vector<std::function<void()>> listeners_;
};

}  // namespace aura::tailnet
