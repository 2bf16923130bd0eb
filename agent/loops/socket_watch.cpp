#include "agent/loops/socket_watch.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <optional>
#include <utility>

#include <sys/inotify.h>
#include <unistd.h>

namespace aura::loops {
namespace asio = boost::asio;

class SocketWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, std::string path, std::function<void()> appeared)
      : executor_(std::move(executor)), appeared_(std::move(appeared)) {
    const auto slash = path.rfind('/');
    if (slash == path.npos) return;
    folder_ = slash == 0 ? "/" : path.substr(0, slash);
    name_ = path.substr(slash + 1);
  }

  void arm() {
    if (folder_.empty() || descriptor_) return;
    const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return;
    if (::inotify_add_watch(fd, folder_.c_str(), IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0) {
      ::close(fd);
      return;
    }
    descriptor_.emplace(executor_, fd);
    wait();
  }

  void stop() {
    appeared_ = nullptr;
    descriptor_.reset();
  }

 private:
  void wait() {
    descriptor_->async_wait(asio::posix::stream_descriptor::wait_read,
                            [weak = weak_from_this()](const boost::system::error_code& error) {
                              const auto self = weak.lock();
                              if (self && !error && self->descriptor_) self->read();
                            });
  }

  void read() {
    alignas(inotify_event) char buffer[4096];
    bool found = false;
    bool gone = false;
    for (;;) {
      const ssize_t size = ::read(descriptor_->native_handle(), buffer, sizeof buffer);
      if (size <= 0) break;
      for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
        const bool named = event->len > 0 && name_ == event->name;
        found = found || named || (event->mask & IN_Q_OVERFLOW) != 0;
        gone = gone || (event->mask & IN_IGNORED) != 0;
        at += sizeof(inotify_event) + event->len;
      }
    }
    // A folder that was removed takes its watch with it; the next arm() makes a new one.
    if (gone)
      descriptor_.reset();
    else
      wait();
    if (found && appeared_) appeared_();
  }

  asio::any_io_executor executor_;
  std::string folder_, name_;
  std::function<void()> appeared_;
  std::optional<asio::posix::stream_descriptor> descriptor_;
};

SocketWatch::SocketWatch(asio::any_io_executor executor, std::string path, std::function<void()> appeared)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(path), std::move(appeared))) {}
SocketWatch::~SocketWatch() { impl_->stop(); }
void SocketWatch::arm() { impl_->arm(); }

}  // namespace aura::loops
