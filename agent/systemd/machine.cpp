#include "agent/systemd/machine.hpp"

#include <fmt/format.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

namespace aura::systemd {
namespace asio = boost::asio;

namespace {

using Bus = std::unique_ptr<sd_bus, decltype(&sd_bus_close_unref)>;
using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;
using Slot = std::unique_ptr<sd_bus_slot, decltype(&sd_bus_slot_unref)>;

constexpr const char* logind = "org.freedesktop.login1";
constexpr const char* polkit_remedy =
    "polkit refused it: install polkitd and see that /usr/share/polkit-1/rules.d/50-aura-node.rules is there";

Error failed(Errc code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  return error;
}

Error no_bus(int negative_errno) {
  return failed(Errc::unavailable, fmt::format("the system bus cannot be asked: {}", std::strerror(-negative_errno)));
}

// The names of D-Bus errors, as org.freedesktop.systemd1(5) and org.freedesktop.login1(5) list them.
Result<void> judge(const sd_bus_error& error) {
  const std::string_view name = error.name == nullptr ? "" : error.name;
  const std::string text = error.message == nullptr ? std::string(name) : std::string(error.message);
  if (name == "org.freedesktop.login1.OperationInProgress") return {};
  if (name == SD_BUS_ERROR_ACCESS_DENIED || name == SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)
    return failed(Errc::forbidden, fmt::format("{} ({})", polkit_remedy, text));
  if (name == "org.freedesktop.systemd1.NoSuchUnit" || name == "org.freedesktop.systemd1.LoadFailed")
    return failed(Errc::not_found, text);
  if (name == SD_BUS_ERROR_NO_REPLY || name == SD_BUS_ERROR_TIMEOUT) return failed(Errc::timeout, text);
  return failed(Errc::unavailable, text);
}

// Shared with the timer, whose handler may still be queued when the call has ended.
struct Waiting {
  explicit Waiting(asio::posix::stream_descriptor&& watched) : descriptor(std::move(watched)) {}
  asio::posix::stream_descriptor descriptor;
  bool expired = false;
};

int on_reply(sd_bus_message* reply, void* out, sd_bus_error*) {
  const sd_bus_error* error = sd_bus_message_get_error(reply);
  static_cast<std::optional<Result<void>>*>(out)->emplace(error == nullptr ? Result<void>() : judge(*error));
  return 1;
}

asio::awaitable<Result<void>> drive(sd_bus* bus, std::optional<Result<void>>& answer) {
  const auto executor = co_await asio::this_coro::executor;
  const int own = ::fcntl(sd_bus_get_fd(bus), F_DUPFD_CLOEXEC, 0);  // the bus closes its own
  if (own < 0) co_return no_bus(-errno);
  const auto waiting = std::make_shared<Waiting>(asio::posix::stream_descriptor(executor, own));
  asio::steady_timer deadline(executor, std::chrono::seconds(bus_call_deadline_s));
  deadline.async_wait([weak = std::weak_ptr(waiting)](const boost::system::error_code& error) {
    const auto strong = weak.lock();
    if (error || !strong) return;
    strong->expired = true;
    strong->descriptor.cancel();
  });
  for (;;) {
    const int processed = sd_bus_process(bus, nullptr);
    if (answer) co_return *answer;
    if (processed < 0) co_return no_bus(processed);
    if (processed > 0) continue;
    if (waiting->expired) co_return failed(Errc::timeout, "the system bus did not answer in time");
    const bool writes = (sd_bus_get_events(bus) & POLLOUT) != 0;
    const auto what = writes ? asio::posix::descriptor_base::wait_write : asio::posix::descriptor_base::wait_read;
    boost::system::error_code ignored;  // cancelled: `expired` says so
    co_await waiting->descriptor.async_wait(what, asio::redirect_error(asio::use_awaitable, ignored));
  }
}

Result<Bus> open_bus() {
  sd_bus* bus = nullptr;
  const int opened = sd_bus_open_system(&bus);
  if (opened < 0) return no_bus(opened);
  return Bus(bus, &sd_bus_close_unref);
}

asio::awaitable<Result<void>> call(sd_bus* bus, sd_bus_message* message) {
  std::optional<Result<void>> answer;
  sd_bus_slot* raw = nullptr;
  const auto deadline_us = static_cast<std::uint64_t>(bus_call_deadline_s) * 1'000'000;
  const int sent = sd_bus_call_async(bus, &raw, message, &on_reply, &answer, deadline_us);
  if (sent < 0) co_return no_bus(sent);
  const Slot slot(raw, &sd_bus_slot_unref);
  co_return co_await drive(bus, answer);
}

asio::awaitable<Result<void>> ask_logind(const char* method) {
  const auto bus = open_bus();
  if (!bus) co_return bus.error();
  sd_bus_message* raw = nullptr;
  int made = sd_bus_message_new_method_call(bus->get(), &raw, logind, "/org/freedesktop/login1",
                                            "org.freedesktop.login1.Manager", method);
  const Message message(raw, &sd_bus_message_unref);
  if (made >= 0) made = sd_bus_message_append(raw, "b", 0);  // nobody is there to type a password
  if (made < 0) co_return no_bus(made);
  co_return co_await call(bus->get(), raw);
}

}  // namespace

asio::awaitable<Result<void>> reboot() { co_return co_await ask_logind("Reboot"); }

asio::awaitable<Result<void>> power_off() { co_return co_await ask_logind("PowerOff"); }

asio::awaitable<Result<void>> start_unit(std::string unit) {
  const auto bus = open_bus();
  if (!bus) co_return bus.error();
  sd_bus_message* raw = nullptr;
  int made = sd_bus_message_new_method_call(bus->get(), &raw, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                            "org.freedesktop.systemd1.Manager", "StartUnit");
  const Message message(raw, &sd_bus_message_unref);
  if (made >= 0) made = sd_bus_message_append(raw, "ss", unit.c_str(), "replace");
  if (made < 0) co_return no_bus(made);
  co_return co_await call(bus->get(), raw);
}

std::string escape_instance(std::string_view text) {
  constexpr std::string_view kept = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.";
  std::string escaped;
  for (const char c : text) {
    const bool leading_dot = c == '.' && escaped.empty();
    if (kept.find(c) != kept.npos && !leading_dot)
      escaped += c;
    else
      escaped += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return escaped;
}

}  // namespace aura::systemd
