#include "common/http/connection.hpp"

#include "common/http/wire.hpp"
#include "common/log.hpp"

#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <utility>

namespace aura::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t read_bytes = 16 * 1024;
constexpr std::size_t max_early_bytes = 64 * 1024;    // of further requests, while one is being answered
constexpr std::size_t max_drain_bytes = 1024 * 1024;  // of a refused request
constexpr int drain_s = 2;
constexpr int write_stall_s = 30;  // a peer that takes nothing for so long is gone

// Shared by all connections of the thread; its content is used before the next suspension.
std::array<char, read_bytes>& read_buffer() {
  static thread_local std::array<char, read_bytes> buffer;
  return buffer;
}

bool would_block(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

Reply internal_error() {
  Reply reply;
  reply.response.status = 500;
  reply.response.headers.set("Content-Type", "application/json");
  reply.response.body = R"({"error":{"code":"internal","message":"the request could not be handled"}})";
  return reply;
}

void log_escaped(std::string_view where, const std::exception_ptr& escaped) {
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& error) {
    log::error("a request handler failed", {{"AURA_WHERE", where}, {"AURA_EXCEPTION", error.what()}});
  } catch (...) {
    log::error("a request handler failed", {{"AURA_WHERE", where}});
  }
}

// The messages are ours or Beast's; neither holds a quote, but the peer's bytes must never get in unescaped.
std::string error_body(std::string_view code, std::string_view message) {
  return fmt::format(R"({{"error":{{"code":"{}","message":"{}"}}}})", code, message);
}

bool status_has_no_body(int status) { return status / 100 == 1 || status == 204 || status == 304; }

}  // namespace

class Connection::Writer : public BodyWriter {
 public:
  Writer(Connection& connection, bool chunked) : connection_(connection), chunked_(chunked) {}

  asio::awaitable<bool> write(std::string_view bytes) override {
    // An empty chunk would end the body.
    if (bytes.empty()) co_return !connection_.gone_;
    std::string framed;
    if (chunked_) {
      framed = fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
      bytes = framed;
    }
    const bool written = co_await connection_.write_all(bytes);
    co_return written;
  }

  asio::awaitable<void> closed() override { return connection_.wait_for_hang_up(); }

  void abandon() override { connection_.close(); }

 private:
  Connection& connection_;
  const bool chunked_;
};

Connection::Connection(asio::io_context& context, std::shared_ptr<const ServerContext> server, Socket socket, Peer peer)
    : server_(std::move(server)), socket_(std::move(socket)), deadline_(context), peer_(std::move(peer)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
}

asio::awaitable<void> Connection::serve(std::shared_ptr<Connection> self) {
  co_await self->run();
  self->clear_deadline();
  self->close();
}

void Connection::close() {
  gone_ = true;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

bool Connection::too_old() const {
  const int life_s = server_->limits.connection_life_s;
  return life_s > 0 && asio::steady_timer::clock_type::now() - began_ >= std::chrono::seconds(life_s);
}

void Connection::set_deadline(int seconds) {
  timed_out_ = false;
  deadline_.expires_after(std::chrono::seconds(seconds));
  deadline_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    // A wait that ended before its deadline was moved arrives here late and without an error.
    if (error || !self || self->deadline_.expiry() > asio::steady_timer::clock_type::now()) return;
    self->timed_out_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void Connection::clear_deadline() {
  timed_out_ = false;
  deadline_.expires_at(asio::steady_timer::time_point::max());
}

asio::awaitable<void> Connection::run() {
  while (!gone_) {
    if (pending_.empty()) {
      set_deadline(server_->limits.idle_timeout_s);
      const bool some = co_await fill();
      if (!some) co_return;
    }
    set_deadline(server_->limits.request_timeout_s);
    auto received = co_await read_request();
    if (!received) co_return;
    clear_deadline();
    const bool keep = co_await answer(std::move(*received));
    if (!keep) co_return;
  }
}

// Nothing if the connection is to be closed; whatever the peer is owed has been written then.
asio::awaitable<std::optional<Connection::Received>> Connection::read_request() {
  using Progress = RequestReader::Progress;
  RequestReader reader(server_->limits);
  Progress progress = reader.feed(pending_);
  while (progress != Progress::complete) {
    if (progress == Progress::failed) {
      const int status = reader.failure_status();
      const std::string_view code = status == 400 ? "bad_request" : "too_large";
      co_await refuse(status, code, reader.failure_message());
      co_return std::nullopt;
    }
    if (progress == Progress::continue_expected) {
      const bool told = co_await write_all("HTTP/1.1 100 Continue\r\n\r\n");
      if (!told) co_return std::nullopt;
      set_deadline(server_->limits.request_timeout_s);
      progress = reader.feed(pending_);
      continue;
    }
    const bool some = co_await fill();
    if (!some) {
      if (timed_out_) co_await refuse(408, "timeout", "the request did not arrive in time");
      co_return std::nullopt;
    }
    progress = reader.feed(pending_);
  }
  Received received;
  received.keep_alive = reader.keep_alive();
  received.chunks = reader.understands_chunks();
  received.request = reader.take();
  co_return received;
}

// True if the connection is good for another request.
asio::awaitable<bool> Connection::answer(Received received) {
  Reply reply;
  std::exception_ptr escaped;
  try {
    reply = co_await server_->handler(received.request, peer_);
  } catch (...) {
    escaped = std::current_exception();
  }
  if (escaped) {
    log_escaped(received.request.target.substr(0, received.request.target.find('?')), escaped);
    reply = internal_error();
    received.keep_alive = false;
  }

  BodyFraming framing = BodyFraming::content_length;
  if (status_has_no_body(reply.response.status)) {
    framing = BodyFraming::none;
  } else if (reply.body_writer) {
    framing = received.chunks ? BodyFraming::chunked : BodyFraming::until_close;
  }
  const bool keep = received.keep_alive && framing != BodyFraming::until_close && !too_old();
  const bool with_body = framing != BodyFraming::none && received.request.method != "HEAD";
  std::string out = response_head(reply.response, framing, keep);
  if (framing == BodyFraming::content_length && with_body) out += reply.response.body;
  const bool written = co_await write_all(out);
  clear_deadline();
  if (!written) co_return false;
  if (reply.body_writer && with_body) {
    const bool whole = co_await stream_body(std::move(reply), framing == BodyFraming::chunked);
    if (!whole) co_return false;
  }
  co_return keep;
}

// False if the body could not be ended as it should; the connection must be closed then.
asio::awaitable<bool> Connection::stream_body(Reply reply, bool chunked) {
  Writer writer(*this, chunked);
  std::exception_ptr escaped;
  try {
    co_await reply.body_writer(writer);
  } catch (...) {
    escaped = std::current_exception();
  }
  if (escaped) {
    log_escaped("body", escaped);
    co_return false;
  }
  if (gone_ || !chunked) co_return false;
  const bool ended = co_await write_all("0\r\n\r\n");
  clear_deadline();
  co_return ended;
}

asio::awaitable<void> Connection::refuse(int status, std::string_view code, std::string_view message) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.body = error_body(code, message);
  std::string out = response_head(response, BodyFraming::content_length, false);
  out += response.body;
  const bool written = co_await write_all(out);
  if (written) co_await drain();
}

// Closing with unread bytes makes the kernel send a reset, which can take the answer from the peer before it has
// read it; so the rest of its request is read and dropped first (RFC 9112 9.6).
asio::awaitable<void> Connection::drain() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  set_deadline(drain_s);
  for (std::size_t dropped = 0; dropped < max_drain_bytes;) {
    pending_.clear();
    const bool some = co_await fill();
    if (!some) co_return;
    dropped += pending_.size();
  }
}

// Reads what is there into pending_; false if the peer has hung up.
bool Connection::take_available() {
  auto& buffer = read_buffer();
  error_code error;
  const std::size_t got = socket_.read_some(asio::buffer(buffer), error);
  if (would_block(error)) return true;
  if (error || got == 0) {
    gone_ = true;
    return false;
  }
  pending_.append(buffer.data(), got);
  return true;
}

// Waits for bytes and appends them to pending_; false if the peer hung up, the deadline passed or close().
asio::awaitable<bool> Connection::fill() {
  const std::size_t had = pending_.size();
  while (pending_.size() == had) {
    if (gone_ || timed_out_) co_return false;
    error_code error;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (error || gone_ || timed_out_) co_return false;
    if (!take_available()) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> Connection::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    if (gone_) co_return false;
    error_code error;
    const std::size_t sent = socket_.write_some(asio::buffer(bytes), error);
    bytes.remove_prefix(sent);
    if (!error) continue;
    if (would_block(error)) {
      set_deadline(write_stall_s);
      error.clear();
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
      if (!error && !timed_out_) continue;
    }
    // Wakes whoever waits for the peer to hang up.
    gone_ = true;
    error_code ignored;
    socket_.cancel(ignored);
    co_return false;
  }
  clear_deadline();
  co_return !gone_;
}

asio::awaitable<void> Connection::wait_for_hang_up() {
  while (!gone_) {
    error_code error;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    if (!take_available()) break;
    if (pending_.size() > max_early_bytes) gone_ = true;
  }
  // A write that waits for room would wait for its whole time.
  error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace aura::http
