// What the HTTP tests share: running coroutines against a deadline, and peers that say exactly what a test wants.
#pragma once

#include "common/error.hpp"
#include "common/http/message.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <stdlib.h>
#include <unistd.h>

namespace aura::http::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Far beyond what any of these tests needs; reaching it is a failure, never a wait.
constexpr std::chrono::seconds test_deadline{20};

// Runs the loop until `ready` holds; false if that takes longer than the deadline.
template <class Ready>
bool run_until(asio::io_context& context, Ready ready) {
  const auto deadline = std::chrono::steady_clock::now() + test_deadline;
  context.restart();
  while (!ready()) {
    if (context.run_one_until(deadline) == 0) return ready();
  }
  return true;
}

// Runs `task` to its end and returns what it gave.
template <class T>
T run(asio::io_context& context, asio::awaitable<T> task) {
  std::optional<T> result;
  std::exception_ptr escaped;
  bool ended = false;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
    escaped = error;
    result.emplace(std::move(value));
    ended = true;
  });
  REQUIRE(run_until(context, [&] { return ended; }));
  if (escaped) std::rethrow_exception(escaped);
  return std::move(*result);
}

// A folder for sockets, gone with the object.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/aura-http-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() {
    ::unlink(socket().c_str());
    ::rmdir(path_.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string socket() const { return path_ + "/s"; }

 private:
  std::string path_;
};

// A TCP peer that takes connections, reads, and answers with fixed bytes.
class ScriptedPeer {
 public:
  enum class Then { close, hang };

  // Each connection gets `answer` after its first bytes; `then` says what follows.
  ScriptedPeer(asio::io_context& context, std::string answer, Then then)
      : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        answer_(std::move(answer)),
        then_(then) {
    asio::co_spawn(context, serve(*this), [](std::exception_ptr) {});
  }

  std::string url(const std::string& target = "/") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + target;
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  const std::string& received() const { return received_; }
  int connections() const { return connections_; }
  bool peer_hung_up() const { return hung_up_; }

 private:
  static asio::awaitable<void> serve(ScriptedPeer& self) {
    while (true) {
      error_code error;
      tcp::socket socket = co_await self.acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      ++self.connections_;
      std::string buffer(4096, '\0');
      std::size_t got =
          co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
      self.received_.append(buffer, 0, got);
      co_await asio::async_write(socket, asio::buffer(self.answer_), asio::redirect_error(asio::use_awaitable, error));
      while (self.then_ == Then::hang && !error) {
        got = co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
        self.received_.append(buffer, 0, got);
      }
      self.hung_up_ = static_cast<bool>(error);
    }
  }

  tcp::acceptor acceptor_;
  const std::string answer_;
  const Then then_;
  std::string received_;
  int connections_ = 0;
  bool hung_up_ = false;
};

// Connects, sends `bytes`, and returns all that comes until the server closes.
inline asio::awaitable<std::string> talk(asio::io_context& context, std::uint16_t port, std::string bytes) {
  tcp::socket socket(context);
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(endpoint, asio::use_awaitable);
  error_code error;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  std::string answer;
  std::string buffer(4096, '\0');
  while (true) {
    const std::size_t got =
        co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error || got == 0) co_return answer;
    answer.append(buffer, 0, got);
  }
}

}  // namespace aura::http::test
