#include "scripted_tailscaled.hpp"

#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace aura::test {
namespace asio = boost::asio;
namespace {

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "\"" : ",\"") + word + '"';
  return "[" + text + "]";
}

std::string make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "aura-tailscaled-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return name;
}

}  // namespace

ScriptedTailscaled::ScriptedTailscaled(asio::io_context& context)
    : status(status_body("Running")),
      context_(context),
      folder_(make_folder()),
      socket_(folder_ + "/tailscaled.sock"),
      news_(context) {
  news_.expires_at(asio::steady_timer::time_point::max());
  listen();
}

ScriptedTailscaled::~ScriptedTailscaled() {
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ScriptedTailscaled::listen() {
  server_ = std::make_unique<http::Server>(
      context_, http::ServerLimits{},
      [this](const http::Request& request, const http::Peer&) { return answer(request); });
  server_->listen_unix(socket_, 0666).value();
}

void ScriptedTailscaled::stop() {
  end_streams();
  server_.reset();
}

void ScriptedTailscaled::tell_change() {
  ++lines_;
  news_.cancel();
}

void ScriptedTailscaled::end_streams() {
  ++ended_;
  news_.cancel();
}

asio::awaitable<void> ScriptedTailscaled::wait_for_news() {
  boost::system::error_code cancelled;
  co_await news_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

asio::awaitable<void> ScriptedTailscaled::write_bus(http::BodyWriter& writer) {
  const int ended = ended_;
  int told = lines_ - 1;  // one on connect: the initial state
  ++watchers;
  bool there = true;
  while (there && ended == ended_) {
    if (told == lines_) {
      co_await wait_for_news();
      continue;
    }
    told = lines_;
    there = co_await writer.write("{\"Version\":\"1.102.3\"}\n");
  }
  --watchers;
}

asio::awaitable<http::Reply> ScriptedTailscaled::answer(const http::Request& request) {
  http::Reply reply;
  while (hangs) co_await wait_for_news();
  const http::Target target = http::parse_target(request.target);
  if (fails_with != 0) {
    reply.response.status = fails_with;
  } else if (target.path == "/localapi/v0/status") {
    reply.response.body = status;
  } else if (target.path == "/localapi/v0/watch-ipn-bus") {
    reply.body_writer = [this](http::BodyWriter& writer) { return write_bus(writer); };
  } else {
    ++whois_asked;
    const std::string address(target.get("addr"));
    auto found = whois.find(address);
    if (found == whois.end()) found = whois.find(address.substr(0, address.rfind(':')));
    reply.response.status = found == whois.end() ? 404 : 200;
    reply.response.body = found == whois.end() ? "no match for IP:port" : found->second;
  }
  co_return reply;
}

std::string peer_body(const PeerWords& peer) {
  return fmt::format(R"({{"ID":"{}","DNSName":"{}","TailscaleIPs":["{}"],"Tags":{},"Online":true,"Active":true,)"
                     R"("CurAddr":"10.0.0.9:41641","Relay":"test"{}}})",
                     peer.id, peer.name, peer.address, list_of(peer.tags), peer.more);
}

std::string status_body(const std::string& state, const std::vector<std::string>& peers, bool tun) {
  std::string all;
  for (std::size_t i = 0; i < peers.size(); ++i)
    all += fmt::format("{}\"nodekey:{}\":{}", i == 0 ? "" : ",", i, peers[i]);
  return fmt::format(
      R"({{"Version":"1.102.3","TUN":{},"BackendState":"{}","TailscaleIPs":["100.64.0.2"],"Health":[],)"
      R"("Self":{{"ID":"nSelf","DNSName":"node.tn.test.","TailscaleIPs":["100.64.0.2"]}},"Peer":{{{}}}}})",
      tun, state, all);
}

std::string whois_body(const PeerWords& peer) {
  return fmt::format(R"({{"Node":{{"StableID":"{}","Name":"{}","Addresses":["{}/32"],"Tags":{}{}}},)"
                     R"("UserProfile":{{"LoginName":"{}"}},"CapMap":{}}})",
                     peer.id, peer.name, peer.address, list_of(peer.tags), peer.more,
                     peer.tags.empty() ? "anna@example.com" : "tagged-devices", peer.capabilities);
}

}  // namespace aura::test
