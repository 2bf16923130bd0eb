// The command line against a server on a Unix socket that says what a test wants.
#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "common/http/server.hpp"
#include "common/protocol/codec.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <stdlib.h>

namespace aura::cli {
namespace {

// A server in a thread of its own, since the client's calls block theirs.
class FakeAgent {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;

  explicit FakeAgent(Answer answer)
      : server_(context_, {}, [answer = std::move(answer)](const http::Request& request, const http::Peer&) {
          return reply(answer, request);
        }) {
    char name[] = "/tmp/aura-cli-XXXXXX";
    folder_ = ::mkdtemp(name);
    const auto listening = server_.listen_unix(socket(), 0600);
    REQUIRE(listening.has_value());
    thread_ = std::thread([this] { context_.run(); });
  }
  ~FakeAgent() {
    boost::asio::post(context_, [this] { server_.stop(); });
    context_.stop();
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;
  std::string socket() const { return folder_ + "/agent.sock"; }

 private:
  static boost::asio::awaitable<http::Reply> reply(const Answer& answer, const http::Request& request) {
    http::Reply result;
    result.response = answer(request);
    co_return result;
  }

  boost::asio::io_context context_{1};
  http::Server server_;
  std::string folder_;
  std::thread thread_;
};

http::Response json(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

SendOptions stop_web(const FakeAgent& agent) {
  SendOptions options;
  options.socket = agent.socket();
  options.json = true;
  options.command.verb = protocol::Verb::stop;
  options.command.target = {protocol::Target::Kind::workload, "web"};
  return options;
}

std::string settled(const std::string& id, protocol::OutcomeKind kind) {
  protocol::Outcome outcome;
  outcome.command_id = id;
  outcome.verb = protocol::Verb::stop;
  outcome.target = {protocol::Target::Kind::workload, "web"};
  outcome.kind = kind;
  return R"({"id":")" + id + R"(","state":"settled","outcome":)" + protocol::encode(outcome) + "}";
}

// Takes the command, says once that it is open, then how it ended.
int send_and_end_with(protocol::OutcomeKind kind) {
  int asked = 0;
  std::string id;
  const FakeAgent agent([&](const http::Request& request) {
    if (request.method == "POST") {
      id = protocol::decode_command(request.body)->id;
      return json(202, R"({"id":")" + id + R"(","state":"open"})");
    }
    if (++asked == 1) return json(200, R"({"id":")" + id + R"(","state":"open"})");
    return json(200, settled(id, kind));
  });
  const int code = send(stop_web(agent));
  CHECK(asked == 2);
  return code;
}

}  // namespace

TEST_CASE("a command is waited for, and its outcome is the exit code") {
  CHECK(send_and_end_with(protocol::OutcomeKind::succeeded) == exit_ok);
  CHECK(send_and_end_with(protocol::OutcomeKind::failed) == exit_failed);
  CHECK(send_and_end_with(protocol::OutcomeKind::superseded) == exit_overtaken);
}

TEST_CASE("a refusal ends with 3 and is not waited for") {
  const FakeAgent agent([](const http::Request& request) {
    return request.method == "POST" ? json(409, protocol::encode_error("node_stopped", "The node is stopped."))
                                    : json(500, "{}");
  });
  CHECK(send(stop_web(agent)) == exit_refused);
}

TEST_CASE("with --no-wait the command is sent and nothing else is asked") {
  int asked = 0;
  const FakeAgent agent([&asked](const http::Request&) {
    ++asked;
    return json(202, R"({"id":"01ABC","state":"open"})");
  });
  SendOptions options = stop_web(agent);
  options.wait = false;
  CHECK(send(options) == exit_ok);
  CHECK(asked == 1);
}

TEST_CASE("two sends have two ids") {
  std::vector<std::string> ids;
  const FakeAgent agent([&ids](const http::Request& request) {
    ids.push_back(protocol::decode_command(request.body)->id);
    return json(200, settled(ids.back(), protocol::OutcomeKind::succeeded));
  });
  CHECK(send(stop_web(agent)) == exit_ok);
  CHECK(send(stop_web(agent)) == exit_ok);
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);
}

TEST_CASE("where no agent is, every question ends with 2 and the next step") {
  AgentClient agent("/nonexistent/agent.sock");
  const auto answer = agent.get("/v1/status");
  REQUIRE(answer.has_error());
  CHECK(answer.error().message ==
        "The agent does not answer on /nonexistent/agent.sock: it is not running. Start it with "
        "systemctl start aura-node.");
  StatusOptions options;
  options.socket = "/nonexistent/agent.sock";
  CHECK(status(options) == exit_unreachable);
}

TEST_CASE("an answer that is no report is a failure, not a crash") {
  const FakeAgent agent([](const http::Request&) { return json(200, "[]"); });
  StatusOptions options;
  options.socket = agent.socket();
  CHECK(status(options) == exit_failed);
}

TEST_CASE("an error of the agent keeps its code and sentence") {
  const FakeAgent fake([](const http::Request&) {
    return json(404, protocol::encode_error("unknown_workload", "no workload of that name is declared"));
  });
  AgentClient agent(fake.socket());
  const auto answer = agent.get("/v1/workloads/none");
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == Errc::not_found);
  CHECK(answer.error().message == "unknown_workload: no workload of that name is declared");
}

}  // namespace aura::cli
