// The API over loopback: real server, real client, one io_context; where a test wants it, with a scripted tailscaled in
// userspace mode, so that a loopback connection can be of any device of the tailnet.
#pragma once

#include "../../support/scripted_tailscaled.hpp"
#include "common/async/spawn.hpp"
#include "common/http/client.hpp"
#include "common/http/server.hpp"
#include "common/tailnet/watch.hpp"
#include "control/api/api.hpp"
#include "control/api/push.hpp"
#include "harness.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace aura::control::test {

inline const std::string operator_token(40, 't');  // of alice, an admin
inline const std::string viewer_token(40, 'v');    // of victor, a viewer
inline constexpr auto test_deadline = std::chrono::seconds(20);

class Site {
 private:
  boost::asio::io_context context_{1};  // before all that stands on it

 public:
  enum class In { loopback, tailnet };
  explicit Site(In where = In::loopback);
  ~Site();

  using Pending = std::optional<Result<http::Response>>;

  http::Call call(const std::string& method, const std::string& path, const std::string& token, std::string body = {});
  void begin(http::Call call, Pending& out);
  void begin_stream(http::Call call, http::Client::Sink sink, Pending& out);

  // Runs until `done` holds or the test's deadline is over.
  template <class Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + test_deadline;
    context_.restart();
    while (!done() && std::chrono::steady_clock::now() < deadline) context_.run_one_until(deadline);
    return done();
  }

  http::Response send(http::Call call);
  http::Response ask(const std::string& method, const std::string& path, const std::string& token,
                     std::string body = {}) {
    return send(call(method, path, token, std::move(body)));
  }
  http::Response as_operator(const std::string& method, const std::string& path, std::string body = {}) {
    return ask(method, path, operator_token, std::move(body));
  }
  static std::string code_of(const http::Response& response);

  std::string enrolled(const std::string& id, const std::string& ledger = "L1");

  // Parked in Waiters: nothing else runs then, so one pass of the loop tells.
  bool is_parked(const std::string& node_id) const { return plane->parked_polls(node_id) > 0; }

  // From now on whoever connects is that device; nobody of the tailnet; its whois fails with a 500.
  void come_as(const aura::test::PeerWords& peer);
  void come_locally();
  void break_whois();

  ControlPlane control;
  std::unique_ptr<Plane> plane;  // the one that the API stands on
  std::optional<aura::test::ScriptedTailscaled> tailscaled;
  std::optional<Push> push;
  boost::asio::io_context& context() { return context_; }
  // From now on commands are pushed, through that SOCKS5 proxy.
  void push_through(const std::string& proxy);

 private:
  Moment moment() const;
  void let_it_be_seen();

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Waiters waiters_;
  std::optional<http::Client> local_client_;
  std::optional<tailnet::Watch> watch_;
  std::optional<TailnetPeers> peers_;
  std::optional<Api> api_;
  std::optional<http::Server> server_;
  std::optional<http::Client> client_;
  std::string url_;
};

}  // namespace aura::control::test
