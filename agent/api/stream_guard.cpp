#include "agent/api/stream_guard.hpp"

#include "common/async/spawn.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace aura::api {
namespace asio = boost::asio;
namespace {

// Between the stream and who watches over it; null when the stream is over.
using Watched = std::shared_ptr<http::BodyWriter*>;

asio::awaitable<void> watch_over(View view, http::Peer peer, std::string verb, Watched writer) {
  const BootMs until = view->clock.now().boot_ms + stream_life_ms;
  while (*writer != nullptr) {
    co_await view->tailnet->changed();
    if (*writer == nullptr) co_return;
    const Recognised who = co_await view->tailnet->recognise(peer);
    if (*writer == nullptr) co_return;
    const bool granted = who.caller && who.caller->may(verb);
    if (granted && view->clock.now().boot_ms < until) continue;
    if (!granted) view->tailnet->tell_refused(peer, who, "the rest of a stream that needs the verb \"" + verb + '"');
    (*writer)->abandon();
    co_return;
  }
}

// Says that the stream is over however it ends.
struct Over {
  Watched writer;
  ~Over() { *writer = nullptr; }
};

asio::awaitable<void> write_watched(View view, http::Peer peer, std::string verb,
                                    std::function<asio::awaitable<void>(http::BodyWriter&)> write,
                                    http::BodyWriter& writer) {
  const Over over{std::make_shared<http::BodyWriter*>(&writer)};
  const auto executor = co_await asio::this_coro::executor;
  spawn(executor, "stream guard", watch_over(std::move(view), std::move(peer), std::move(verb), over.writer));
  co_await write(writer);
}

}  // namespace

http::Reply guarded(const View& view, const http::Peer& peer, std::string verb, http::Reply reply) {
  if (!reply.body_writer || peer.is_unix || view->tailnet == nullptr) return reply;
  reply.body_writer = [view, peer, verb = std::move(verb), write = std::move(reply.body_writer)](
                          http::BodyWriter& writer) { return write_watched(view, peer, verb, write, writer); };
  return reply;
}

}  // namespace aura::api
