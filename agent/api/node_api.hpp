// The node's HTTP API (docs/protocol.md, "Control plane -> node"; docs/openapi-node.json) as one handler.
//
// Answers to whoever http::Server names as peer: local ones by their user, those on TCP by TailnetAccess. Streams end
// when the peer hangs up or loses its right. Nothing here changes the node but through NodeView::deliver.
#pragma once

#include "agent/api/tailnet_access.hpp"
#include "agent/ports/clock.hpp"
#include "agent/ports/container_engine.hpp"
#include "agent/reconcile/accept.hpp"
#include "agent/store/ledger.hpp"
#include "common/http/server.hpp"

#include <functional>
#include <string>
#include <vector>

namespace aura::api {

// What the API sees of the node; everything outlives the handler.
struct NodeView {
  ports::Clock& clock;
  store::Ledger& ledger;
  ports::ContainerEngine& engine;
  std::string agent_version;
  std::function<protocol::Report()> report;
  std::function<std::vector<std::string>()> unready;  // empty: Docker is known and workloads are as intended
  std::function<bool()> reconciled;                   // the first pass is done
  std::function<reconcile::Acceptance(const protocol::Command&, reconcile::Origin)> deliver;
  // Completes at the next change of the ledger, at the latest at the deadline.
  std::function<boost::asio::awaitable<void>(BootMs deadline)> changed;
  TailnetAccess* tailnet = nullptr;  // nullptr: nobody on TCP is known
};

http::Handler make_handler(NodeView view);

}  // namespace aura::api
