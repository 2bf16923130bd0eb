// A LocalAPI on a real Unix socket that says what a test wants: state, devices, who is who, and news on its bus.
#pragma once

#include "common/http/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <string>
#include <vector>

namespace aura::test {

class ScriptedTailscaled {
 public:
  // Listens in a new folder of its own.
  explicit ScriptedTailscaled(boost::asio::io_context& context);
  ~ScriptedTailscaled();

  const std::string& socket() const { return socket_; }

  // Bodies, as tailscaled sends them.
  std::string status;                        // of GET status, with peers
  std::map<std::string, std::string> whois;  // by "ADDRESS:PORT" as asked, else by "ADDRESS"; others get 404
  bool hangs = false;                        // no request is answered any more
  int fails_with = 0;                        // every request gets this status instead

  int whois_asked = 0;
  int watchers = 0;

  // One line on the bus of everybody who watches.
  void tell_change();
  // Ends the streams, as when tailscaled is restarted.
  void end_streams();
  // Nobody listens any more; listen() again.
  void stop();
  void listen();

 private:
  boost::asio::awaitable<http::Reply> answer(const http::Request& request);
  boost::asio::awaitable<void> write_bus(http::BodyWriter& writer);
  boost::asio::awaitable<void> wait_for_news();

  boost::asio::io_context& context_;
  std::string folder_, socket_;
  std::unique_ptr<http::Server> server_;
  boost::asio::steady_timer news_;
  int lines_ = 0, ended_ = 0;
};

// {"BackendState":STATE,…} with this node at 100.64.0.2 and `peers` (JSON objects of PeerStatus).
std::string status_body(const std::string& state, const std::vector<std::string>& peers = {}, bool tun = true);

struct PeerWords {
  std::string id = "nPeer", name = "peer.tn.test.", address = "100.64.0.9";
  std::vector<std::string> tags;
  std::string capabilities = "null";  // JSON of CapMap
  std::string more;                   // further members, each with a comma before it
};
std::string whois_body(const PeerWords& peer);
// The same device as a peer in the status.
std::string peer_body(const PeerWords& peer);

}  // namespace aura::test
