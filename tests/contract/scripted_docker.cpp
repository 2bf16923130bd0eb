#include "tests/contract/scripted_docker.hpp"

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace aura::contract {
namespace asio = boost::asio;
using Stream = asio::local::stream_protocol;

namespace {

constexpr auto deadline = std::chrono::seconds(20);
constexpr auto quiet = asio::as_tuple(asio::use_awaitable);

docker::Deadlines short_deadlines() {
  docker::Deadlines deadlines;
  deadlines.ping_ms = 300;
  deadlines.read_ms = 300;
  deadlines.change_ms = 300;
  deadlines.stop_margin_ms = 300;
  deadlines.pull_idle_ms = 300;
  return deadlines;
}

std::string new_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "aura-scripted-XXXXXX").string();
  REQUIRE(::mkdtemp(path.data()) != nullptr);
  return path;
}

std::size_t content_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

}  // namespace

Script answer(int status, std::string_view body, std::string_view more_headers) {
  return {
      {fmt::format("HTTP/1.1 {} Text\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
                   "Connection: close\r\n{}\r\n{}",
                   status, body.size(), more_headers, body)}};
}

Script pong(std::string_view api_version) {
  return answer(200, "OK", fmt::format("Api-Version: {}\r\nServer: Docker/27.0.1 (linux)\r\n", api_version));
}

Script chunked(std::vector<std::string> pieces, bool ended) {
  Script script;
  script.pieces.push_back("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  for (const std::string& piece : pieces) script.pieces.push_back(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
  if (ended) script.pieces.push_back("0\r\n\r\n");
  return script;
}

struct ScriptedDocker::Parts {
  Parts(asio::io_context& context, Answer given, bool own)
      : script(std::move(given)),
        own_ping(own),
        folder(new_folder()),
        acceptor(context, Stream::endpoint(socket())),
        client(context),
        engine(client, socket(), short_deadlines()) {}
  ~Parts() { std::filesystem::remove_all(folder); }
  std::string socket() const { return folder + "/docker.sock"; }

  Answer script;
  bool own_ping;
  std::string folder;
  Stream::acceptor acceptor;
  http::Client client;
  docker::DockerEngine engine;
  std::vector<std::string> requests;
  std::string last_body;

  asio::awaitable<void> serve(Stream::socket peer) {
    std::string data;
    const auto [failed, head_bytes] =
        co_await asio::async_read_until(peer, asio::dynamic_buffer(data), "\r\n\r\n", quiet);
    if (failed) co_return;
    const std::size_t wanted = head_bytes + content_length(data.substr(0, head_bytes));
    if (data.size() < wanted) {
      const auto rest = asio::transfer_exactly(wanted - data.size());
      const auto [cut, more] = co_await asio::async_read(peer, asio::dynamic_buffer(data), rest, quiet);
      if (cut) co_return;
    }
    if (wanted > head_bytes) last_body = data.substr(head_bytes);
    const std::string request = data.substr(0, data.find(" HTTP/"));
    requests.push_back(request);
    const Script reply = request == "GET /_ping" && !own_ping ? pong("1.41") : script(request);
    for (const std::string& piece : reply.pieces) {
      const auto [broken, written] = co_await asio::async_write(peer, asio::buffer(piece), quiet);
      if (broken) co_return;
    }
    if (!reply.hold) co_return;
    char byte = 0;
    // Until the client hangs up.
    const auto [closed, read] = co_await peer.async_read_some(asio::buffer(&byte, 1), quiet);
    static_cast<void>(closed);
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [failed, peer] = co_await acceptor.async_accept(quiet);
      if (failed) co_return;
      spawn(acceptor.get_executor(), "scripted docker", serve(std::move(peer)));
    }
  }
};

ScriptedDocker::ScriptedDocker(Answer script, bool own_ping)
    : parts_(std::make_unique<Parts>(context_, std::move(script), own_ping)) {
  spawn(context_.get_executor(), "accept", parts_->accept());
}

ScriptedDocker::~ScriptedDocker() = default;

docker::DockerEngine& ScriptedDocker::engine() { return parts_->engine; }
const std::vector<std::string>& ScriptedDocker::requests() const { return parts_->requests; }
const std::string& ScriptedDocker::last_body() const { return parts_->last_body; }

void ScriptedDocker::run_until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!done() && std::chrono::steady_clock::now() < end) context_.run_one_until(end);
}

}  // namespace aura::contract
