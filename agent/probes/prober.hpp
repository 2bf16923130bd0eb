// ports::Prober: http with the common client, which keeps connections for the next time; tcp by a bare connect; exec
// through the container engine. No process is spawned.
//
// An exec that does not end in time goes on in the container, where the engine cannot end it; until it has ended it
// is not run again, and asking is failing.
#pragma once

#include "agent/ports/container_engine.hpp"
#include "agent/ports/prober.hpp"
#include "common/http/client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aura::probes {

class Prober final : public ports::Prober {
 public:
  // `client` and `engine` must outlive the prober, and the prober its questions. One thread.
  Prober(boost::asio::any_io_executor executor, http::Client& client, ports::ContainerEngine& engine)
      : executor_(std::move(executor)), client_(client), engine_(engine) {}

  boost::asio::awaitable<ports::ProbeAnswer> ask(ports::ProbeQuestion question) override;

 private:
  boost::asio::awaitable<ports::ProbeAnswer> ask_http(ports::ProbeQuestion question);
  boost::asio::awaitable<ports::ProbeAnswer> ask_tcp(ports::ProbeQuestion question);
  boost::asio::awaitable<ports::ProbeAnswer> ask_exec(ports::ProbeQuestion question);

  boost::asio::any_io_executor executor_;
  http::Client& client_;
  ports::ContainerEngine& engine_;
  // Execs that outlived their time, by what they are: the engine's id of each.
  std::map<std::pair<std::string, std::vector<std::string>>, std::string> lasting_;
};

}  // namespace aura::probes
