#include "site.hpp"

#include "common/protocol/codec.hpp"

#include <catch2/catch_test_macros.hpp>

namespace aura::control::test {
namespace {

boost::asio::awaitable<void> send_call(http::Client& client, http::Call call,
                                       std::optional<Result<http::Response>>& out) {
  out = co_await client.send(std::move(call));
}

boost::asio::awaitable<void> stream_call(http::Client& client, http::Call call, http::Client::Sink sink,
                                         std::optional<Result<http::Response>>& out) {
  out = co_await client.stream(std::move(call), std::move(sink));
}

}  // namespace

Site::Site(In where) {
  AccessConfig access;
  access.tokens = *parse_tokens(operator_token + " alice\n" + viewer_token + " victor viewer\n");
  plane = std::make_unique<Plane>(*control.store, PlaneConfig{60}, [this](std::string_view topic) {
    waiters_.wake(topic);
    if (push) push->wake(topic);
  });
  REQUIRE(plane->load(control.now).has_value());
  if (where == In::tailnet) {
    tailscaled.emplace(context_);
    tailscaled->status = aura::test::status_body("Running", {}, false);
    local_client_.emplace(context_);
    watch_.emplace(context_, *local_client_, tailscaled->socket());
    watch_->on_change([this] { waiters_.wake(topic_events); });
    watch_->start();
    peers_.emplace(*watch_, TailnetPeers::Options{});
    access.networks.insert(Network::tailnet);
    access.also_own = [this](std::string_view host) { return peers_->is_own_name(host); };
  }
  api_.emplace(
      *plane, waiters_, Access(access), [this] { return moment(); }, peers_ ? &*peers_ : nullptr);
  server_.emplace(context_, api_->limits(),
                  [this](const http::Request& request, const http::Peer& peer) { return api_->handle(request, peer); });
  const auto port = server_->listen_tcp("127.0.0.1", 0);
  REQUIRE(port.has_value());
  url_ = "http://127.0.0.1:" + std::to_string(*port);
  client_.emplace(context_);
  if (watch_) REQUIRE(run_until([this] { return watch_->status().state == tailnet::State::running; }));
}

Site::~Site() {
  waiters_.stop();
  server_->stop();
  client_.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  context_.restart();
  while (api_->open_requests() > 0 && std::chrono::steady_clock::now() < deadline) context_.run_one_until(deadline);
  context_.poll();
}

http::Call Site::call(const std::string& method, const std::string& path, const std::string& token, std::string body) {
  http::Call call;
  call.request.method = method;
  call.request.target = url_ + path;
  if (!token.empty()) call.request.headers.set("Authorization", "Bearer " + token);
  if (!body.empty()) call.request.headers.set("Content-Type", "application/json");
  call.request.body = std::move(body);
  call.timeout_ms = 15'000;
  return call;
}

void Site::begin(http::Call call, Pending& out) {
  spawn(context_.get_executor(), "call", send_call(*client_, std::move(call), out));
}

void Site::begin_stream(http::Call call, http::Client::Sink sink, Pending& out) {
  spawn(context_.get_executor(), "stream", stream_call(*client_, std::move(call), std::move(sink), out));
}

http::Response Site::send(http::Call call) {
  Pending out;
  begin(std::move(call), out);
  REQUIRE(run_until([&out] { return out.has_value(); }));
  REQUIRE(out->has_value());
  return **out;
}

std::string Site::code_of(const http::Response& response) { return protocol::decode_error(response.body).code; }

std::string Site::enrolled(const std::string& id, const std::string& ledger) {
  const auto minted = as_operator("POST", "/v1/enroll-codes", R"({"node_id":")" + id + R"("})");
  REQUIRE(minted.status == 200);
  const auto reply = ask("POST", "/v1/enroll", "",
                         protocol::encode(protocol::EnrollRequest{id, *decode_code(minted.body), "", ledger}));
  REQUIRE(reply.status == 200);
  return protocol::decode_enroll_reply(reply.body)->node_key;
}

void Site::let_it_be_seen() {
  const std::uint64_t before = watch_->changes();
  tailscaled->tell_change();
  REQUIRE(run_until([&] { return watch_->changes() > before; }));
}

void Site::come_as(const aura::test::PeerWords& peer) {
  tailscaled->whois = {{"127.0.0.1", aura::test::whois_body(peer)}, {peer.address, aura::test::whois_body(peer)}};
  let_it_be_seen();
}

void Site::come_locally() {
  tailscaled->whois.clear();
  let_it_be_seen();
}

void Site::break_whois() {
  tailscaled->whois = {{"127.0.0.1", "no JSON"}};
  let_it_be_seen();
}

void Site::push_through(const std::string& proxy) {
  push.emplace(context_, *plane, *watch_, Push::Options{default_node_port, proxy}, [this] { return moment(); });
}

Moment Site::moment() const {
  const auto passed = std::chrono::steady_clock::now() - began_;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
  Moment out = control.now;
  out.mono_ms += ms;
  out.now.boot_ms += ms;
  out.now.wall_ms += ms;
  return out;
}

}  // namespace aura::control::test
