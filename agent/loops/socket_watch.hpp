// Tells when a socket file appears (inotify(7) on its folder).
//
// A hint only: where the folder cannot be watched nothing is ever told, and whoever waits has a deadline.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace aura::loops {

class SocketWatch {
 public:
  // `appeared` runs on the executor, once for each time the file is made or moved there. An empty path: never.
  SocketWatch(boost::asio::any_io_executor executor, std::string path, std::function<void()> appeared);
  ~SocketWatch();

  // Begins to watch; nothing happens if it does already. Called again it picks up a folder that was not there.
  void arm();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aura::loops
