// Drives one libcurl multi handle with an Asio io_context (curl_multi_socket_action(3)); private to common/http.
//
// libcurl says which descriptors and which time-out it waits for, the loop waits for them and tells it what
// happened. Everything runs on the io_context's one thread. libcurl is not re-entrant: nothing here calls it
// from inside one of its callbacks, and a transfer's `Done` is called from outside them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace aura::http {

// Held by shared_ptr; what waits on the io_context holds it weakly. Connections that it keeps for reuse are
// closed with it. It must not be destroyed from within a Done.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  // How a transfer ended: a CURLcode.
  using Done = std::function<void(int code)>;

  // connections_kept: idle ones, for reuse.
  CurlLoop(boost::asio::io_context& context, long connections_kept);
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  // Starts the transfer of `easy` (a CURL*), which stays the caller's. `done` is called once, after the handle
  // has been taken out again, unless remove() comes first. False if libcurl refuses the handle.
  bool add(void* easy, Done done);

  // Takes an unfinished transfer out; its connection is closed and its `done` dropped. Unknown handles are fine.
  void remove(void* easy);

  // Ends all open transfers with `code`.
  void end_all(int code);

  // False once libcurl has reported an error of the multi handle itself: all transfers have been ended, and a
  // new loop is needed.
  bool usable() const { return usable_; }

 private:
  // One registration of a descriptor. libcurl closes descriptors itself and numbers come back at once, so a
  // wait that ends late is told from a new registration of the same number by its `Watch`, not by the number.
  struct Watch {
    explicit Watch(boost::asio::io_context& context) : descriptor(context) {}
    boost::asio::posix::stream_descriptor descriptor;
    int number = -1;
    int wanted = 0;        // CURL_POLL_IN | CURL_POLL_OUT
    bool reading = false;  // a wait for readability is pending
    bool writing = false;
    bool gone = false;  // libcurl has let go of it
  };
  using WatchPtr = std::shared_ptr<Watch>;

  struct Callbacks;  // libcurl's C callbacks

  void watch_socket(int number, int what);
  void forget_socket(int number);
  void arm(const WatchPtr& watch);
  void socket_ready(const WatchPtr& watch, int events);
  void set_timer(long timeout_ms);
  void act(int socket, int events);
  void collect_finished();

  boost::asio::io_context& context_;
  boost::asio::steady_timer timer_;
  void* multi_;  // CURLM*
  std::unordered_map<int, WatchPtr> watches_;
  std::unordered_map<void*, Done> open_;
  bool usable_ = true;
};

}  // namespace aura::http
