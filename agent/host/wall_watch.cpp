#include "agent/host/wall_watch.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <limits>
#include <utility>

#include <sys/timerfd.h>
#include <unistd.h>

namespace aura::host {
namespace asio = boost::asio;

class WallWatch::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, std::function<void()> was_set) : was_set_(std::move(was_set)), descriptor_(context) {}

  void start() {
    const int fd = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0) return;
    descriptor_.assign(fd);
    wait();
  }

  void stop() {
    was_set_ = nullptr;
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

  bool armed() const { return armed_; }

 private:
  // A time that never comes; only its cancellation is of interest.
  bool arm() {
    itimerspec never{};
    never.it_value.tv_sec = std::numeric_limits<std::time_t>::max();
    const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    return ::timerfd_settime(descriptor_.native_handle(), flags, &never, nullptr) == 0;
  }

  void wait() {
    armed_ = arm();
    if (!armed_) return;
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [weak = weak_from_this()](const boost::system::error_code& error) {
                             const auto self = weak.lock();
                             if (self && !error && self->was_set_) self->look();
                           });
  }

  void look() {
    std::uint64_t expirations = 0;
    const bool was_set =
        ::read(descriptor_.native_handle(), &expirations, sizeof expirations) < 0 && errno == ECANCELED;
    wait();
    if (was_set) was_set_();
  }

  std::function<void()> was_set_;
  asio::posix::stream_descriptor descriptor_;
  bool armed_ = false;
};

WallWatch::WallWatch(asio::io_context& context, std::function<void()> was_set)
    : impl_(std::make_shared<Impl>(context, std::move(was_set))) {
  impl_->start();
}
WallWatch::~WallWatch() { impl_->stop(); }
bool WallWatch::armed() const { return impl_->armed(); }

}  // namespace aura::host
