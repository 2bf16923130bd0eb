#include "control/serve.hpp"

#include "common/async/spawn.hpp"
#include "common/http/server.hpp"
#include "common/log.hpp"
#include "common/tailnet/address.hpp"
#include "control/api/api.hpp"
#include "control/serve_tailnet.hpp"
#include "control/setup.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>

namespace aura::control {
namespace {

constexpr std::int64_t flush_after_ms = 1'000;
constexpr std::int64_t idle_flush_wait_ms = 60'000;
constexpr std::int64_t shortest_tick_ms = 10;
constexpr auto stop_grace = std::chrono::seconds(2);
constexpr int exit_failed = 1;
constexpr int exit_usage = 64;

Moment real_moment() {
  static const std::string boot_id = read_boot_id();
  Moment moment;
  moment.mono_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  moment.now.boot_id = boot_id;
  moment.now.boot_ms = boot_now();
  moment.now.wall_ms = wall_now();
  return moment;
}

boost::asio::awaitable<void> keep_time(Plane& plane, Waiters& waiters) {
  while (!waiters.stopped()) {
    const Moment moment = real_moment();
    const std::int64_t next_ms = plane.tick(moment);
    co_await waiters.wait("tick", std::max(shortest_tick_ms, next_ms - moment.mono_ms));
  }
}

// Plain heartbeats are gathered for a second and written together.
boost::asio::awaitable<void> keep_written(Plane& plane, Waiters& waiters) {
  while (!waiters.stopped()) {
    if (!plane.has_unwritten()) {
      co_await waiters.wait(std::string(topic_unwritten), idle_flush_wait_ms);
      continue;
    }
    co_await waiters.wait("flush", flush_after_ms);
    const auto written = plane.flush();
    if (written.has_error()) log::warning("heartbeats are not stored: " + written.error().message);
  }
}

int fail(const Error& error, int code = exit_failed) {
  fmt::print(stderr, "aura-control: {}\n", error.message);
  return code;
}

Result<void> listen(const std::vector<Endpoint>& endpoints, http::Server& server,
                    std::optional<TailnetSide>& tailnet_side) {
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.tailnet) {
      tailnet_side->open(server, endpoint.port);
      continue;
    }
    // A tailnet address alone could be reached by a neighbour with a route to it.
    const bool in_tailnet = tailnet::is_tailnet_address(endpoint.address);
    const auto device = in_tailnet ? tailnet::device_with(endpoint.address) : std::nullopt;
    if (in_tailnet && !device) {
      return Error{Errc::unavailable,
                   endpoint.address +
                       " is an address of a tailnet and none of this machine's network devices has it: "
                       "log in to the tailnet first, or listen on tailnet:PORT"};
    }
    const auto port = server.listen_tcp(endpoint.address, endpoint.port, device.value_or(""));
    if (port.has_error()) return port.error();
    log::notice("listening on http://" + tailnet::join(endpoint.address, *port));
  }
  return {};
}

// What was begun may end, so that its coroutines find what they stand on.
void end_requests(boost::asio::io_context& context, const Api& api) {
  const auto deadline = std::chrono::steady_clock::now() + stop_grace;
  context.restart();
  while (api.open_requests() > 0 && std::chrono::steady_clock::now() < deadline) context.run_one_until(deadline);
  context.poll();
}

// Everything that lives while the server runs, in the order in which it may be destroyed backwards.
int run(Store& store, const Config& config, const std::vector<Endpoint>& endpoints, AccessConfig access) {
  boost::asio::io_context context(1);
  Waiters waiters;
  std::optional<TailnetSide> tailnet_side;
  if (uses_tailnet(config, endpoints)) tailnet_side.emplace(context, config);
  Plane plane(store, PlaneConfig{config.heartbeat_s}, [&waiters, &tailnet_side](std::string_view topic) {
    waiters.wake(topic);
    if (tailnet_side) tailnet_side->wake(topic);
  });
  const auto loaded = plane.load(real_moment());
  if (loaded.has_error()) return fail(loaded.error());
  if (tailnet_side) {
    access.also_own = [&peers = tailnet_side->peers()](std::string_view host) { return peers.is_own_name(host); };
    tailnet_side->push_for(plane, real_moment);
    // Whoever follows events is looked at again.
    tailnet_side->watch().on_change([&waiters] { waiters.wake(topic_events); });
  }
  Api api(plane, waiters, Access(std::move(access)), real_moment, tailnet_side ? &tailnet_side->peers() : nullptr);
  http::Server server(context, api.limits(), [&api](const http::Request& request, const http::Peer& peer) {
    return api.handle(request, peer);
  });
  const auto listening = listen(endpoints, server, tailnet_side);
  if (listening.has_error()) return fail(listening.error());

  boost::asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&context](const boost::system::error_code& failure, int) {
    if (!failure) context.stop();
  });
  spawn(context.get_executor(), "keep_time", keep_time(plane, waiters));
  spawn(context.get_executor(), "keep_written", keep_written(plane, waiters));
  context.run();

  log::notice("stopping");
  waiters.stop();
  server.stop();
  end_requests(context, api);
  const auto written = plane.flush();
  return written.has_error() ? fail(written.error()) : 0;
}

}  // namespace

int serve(const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto config = effective_config(options);
  if (config.has_error()) return fail(config.error(), exit_usage);
  const auto endpoints = endpoints_of(*config);
  if (endpoints.has_error()) return fail(endpoints.error(), exit_usage);
  const std::string state_dir = state_dir_of(options);
  const auto database = database_path(*config, state_dir);
  if (database.has_error()) return fail(database.error(), exit_usage);
  // Checked before anything is made: a refused address leaves no trace.
  const auto allowed = access_for(*config, *endpoints, {});
  if (allowed.has_error()) return fail(allowed.error(), exit_usage);
  const auto lock = take_state_dir(state_dir);
  if (lock.has_error()) return fail(lock.error());
  auto tokens = load_tokens(state_dir);
  if (tokens.has_error()) return fail(tokens.error());
  const auto store = Store::open(*database);
  if (store.has_error()) return fail(store.error());
  auto access = access_for(*config, *endpoints, std::move(*tokens));
  if (access.has_error()) return fail(access.error(), exit_usage);
  return run(**store, *config, *endpoints, std::move(*access));
}

}  // namespace aura::control
