#include "common/http/curl_loop.hpp"

#include "common/log.hpp"

#include <curl/curl.h>

#include <cassert>
#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

namespace aura::http {
namespace {

// libcurl's global state costs start-up time and memory, so it is made with the first loop.
void init_curl_once() {
  static const bool done = [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE alone, and TLS writes can raise it.
    std::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace

struct CurlLoop::Callbacks {
  static int socket(CURL*, curl_socket_t number, int what, void* self, void*) noexcept {
    auto* const loop = static_cast<CurlLoop*>(self);
    if (what == CURL_POLL_REMOVE) {
      loop->forget_socket(number);
    } else {
      loop->watch_socket(number, what);
    }
    return 0;
  }

  static int timer(CURLM*, long timeout_ms, void* self) noexcept {
    static_cast<CurlLoop*>(self)->set_timer(timeout_ms);
    return 0;
  }
};

CurlLoop::CurlLoop(boost::asio::io_context& context, long connections_kept)
    : context_(context), timer_(context), multi_(nullptr) {
  init_curl_once();
  multi_ = curl_multi_init();
  assert(multi_ != nullptr);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Callbacks::socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Callbacks::timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, connections_kept);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

CurlLoop::~CurlLoop() {
  for (auto& [easy, done] : open_) curl_multi_remove_handle(multi_, easy);
  // Closes the kept connections and calls back for each of their sockets.
  curl_multi_cleanup(multi_);
  for (auto& [number, watch] : watches_) {
    watch->gone = true;
    watch->descriptor.release();
  }
}

bool CurlLoop::add(void* easy, Done done) {
  if (!usable_) return false;
  open_.emplace(easy, std::move(done));
  if (curl_multi_add_handle(multi_, easy) == CURLM_OK) return true;
  open_.erase(easy);
  return false;
}

void CurlLoop::remove(void* easy) {
  if (open_.erase(easy) > 0) curl_multi_remove_handle(multi_, easy);
}

void CurlLoop::end_all(int code) {
  auto open = std::exchange(open_, {});
  for (auto& [easy, done] : open) curl_multi_remove_handle(multi_, easy);
  for (auto& [easy, done] : open) done(code);
}

void CurlLoop::watch_socket(int number, int what) {
  WatchPtr& watch = watches_[number];
  if (!watch) {
    watch = std::make_shared<Watch>(context_);
    watch->number = number;
    boost::system::error_code error;
    watch->descriptor.assign(number, error);
    if (error) {
      // Not fatal: the transfer's own time-out ends it.
      log::error("a socket cannot be watched", {{"AURA_ERROR", error.message()}});
      watches_.erase(number);
      return;
    }
  }
  watch->wanted = what & (CURL_POLL_IN | CURL_POLL_OUT);
  arm(watch);
}

void CurlLoop::forget_socket(int number) {
  const auto found = watches_.find(number);
  if (found == watches_.end()) return;
  // release(), because closing the descriptor is libcurl's part and it may stay open for reuse.
  found->second->gone = true;
  found->second->descriptor.release();
  watches_.erase(found);
}

void CurlLoop::arm(const WatchPtr& watch) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  const auto self = weak_from_this();
  if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->reading) {
    watch->reading = true;
    watch->descriptor.async_wait(Descriptor::wait_read, [self, watch](const boost::system::error_code& error) {
      watch->reading = false;
      const auto loop = self.lock();
      if (!loop || watch->gone || (watch->wanted & CURL_POLL_IN) == 0) return;
      loop->socket_ready(watch, error ? CURL_CSELECT_ERR : CURL_CSELECT_IN);
    });
  }
  if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->writing) {
    watch->writing = true;
    watch->descriptor.async_wait(Descriptor::wait_write, [self, watch](const boost::system::error_code& error) {
      watch->writing = false;
      const auto loop = self.lock();
      if (!loop || watch->gone || (watch->wanted & CURL_POLL_OUT) == 0) return;
      loop->socket_ready(watch, error ? CURL_CSELECT_ERR : CURL_CSELECT_OUT);
    });
  }
}

void CurlLoop::socket_ready(const WatchPtr& watch, int events) {
  act(watch->number, events);
  if (!watch->gone) arm(watch);
}

void CurlLoop::set_timer(long timeout_ms) {
  if (timeout_ms < 0) {
    timer_.cancel();
    return;
  }
  // 0 means "soon"; through the timer it comes from the io_context and not from inside this callback.
  timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto loop = self.lock()) loop->act(CURL_SOCKET_TIMEOUT, 0);
  });
}

void CurlLoop::act(int socket, int events) {
  if (!usable_) return;
  int running = 0;
  const CURLMcode code = curl_multi_socket_action(multi_, socket, events, &running);
  if (code != CURLM_OK) {
    log::error("libcurl's multi handle failed", {{"AURA_ERROR", curl_multi_strerror(code)}});
    usable_ = false;
    end_all(CURLE_FAILED_INIT);
    return;
  }
  collect_finished();
}

void CurlLoop::collect_finished() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    // The message is void once its handle is removed.
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    curl_multi_remove_handle(multi_, easy);
    const auto found = open_.find(easy);
    if (found == open_.end()) continue;
    const Done done = std::move(found->second);
    open_.erase(found);
    done(code);
  }
}

}  // namespace aura::http
