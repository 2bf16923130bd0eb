#include "agent/cli/agent_client.hpp"
#include "agent/cli/answers.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/exit_codes.hpp"
#include "agent/cli/top_view.hpp"
#include "common/protocol/codec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace aura::cli {
namespace {

constexpr int ms_per_s = 1'000;
constexpr const char* enter_screen = "\x1b[?1049h\x1b[?25l";  // the alternate screen, without a cursor
constexpr const char* leave_screen = "\x1b[?25h\x1b[?1049l";
constexpr const char* home_and_clear_below = "\x1b[H\x1b[J";

std::int64_t steady_us() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// The keyboard, key by key and without echo, for as long as this lives. A description of its own, so that nothing of
// it stays with the shell. Without a controlling terminal there are no keys.
class Keyboard {
 public:
  Keyboard() : fd_(::open("/dev/tty", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
    changed_ = fd_ >= 0 && ::tcgetattr(fd_, &before_) == 0;
    if (!changed_) return;
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;  // a suspended one would leave the shell without a cursor and echo
    ::tcsetattr(fd_, TCSADRAIN, &keys);
  }
  ~Keyboard() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  int fd() const { return fd_; }
  // Takes what was typed. True: q is among it, or nobody can type any more.
  bool quits() const {
    char typed[64];
    for (;;) {
      const ssize_t got = ::read(fd_, typed, sizeof typed);
      if (got < 0) return errno != EAGAIN && errno != EINTR;
      if (got == 0) return true;
      for (ssize_t i = 0; i < got; ++i) {
        if (typed[i] == 'q' || typed[i] == 'Q') return true;
      }
    }
  }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

class AlternateScreen {
 public:
  AlternateScreen() { put(enter_screen); }
  ~AlternateScreen() {
    put(leave_screen);
    std::fflush(stdout);
  }
  AlternateScreen(const AlternateScreen&) = delete;
  AlternateScreen& operator=(const AlternateScreen&) = delete;
};

Result<TopLook> look(AgentClient& agent) {
  const auto answer = agent.get("/v1/status");
  const std::int64_t at_us = steady_us();
  if (!answer) return answer.error();
  auto decoded = protocol::decode_report(answer->body);
  if (!decoded) return Error{Errc::bad_reply, "the agent's report cannot be read: " + decoded.error().message};
  return TopLook{std::move(*decoded), at_us};
}

// Waits for the next look; false: the user has had enough.
bool wait(AgentClient& agent, const Keyboard& keyboard, std::int64_t every_s) {
  const std::int64_t until_us = steady_us() + every_s * ms_per_s * ms_per_s;
  for (;;) {
    const std::int64_t left_us = until_us - steady_us();
    if (left_us <= 0) return true;
    if (!agent.pause(static_cast<int>(left_us / ms_per_s) + 1, keyboard.fd())) return false;
    if (keyboard.fd() >= 0 && keyboard.quits()) return false;
  }
}

int nobody_called(const std::string& name) {
  complain(fmt::format("no workload is called {}", printable(name)));
  return exit_failed;
}

int live(AgentClient& agent, const TopOptions& options, const Terminal& terminal) {
  auto now = look(agent);
  if (!now) return report(now.error());
  const std::string unknown = unknown_workload(now->report, options.workloads);
  if (!unknown.empty()) return nobody_called(unknown);
  const Keyboard keyboard;
  const AlternateScreen screen;
  std::optional<TopLook> before;
  do {
    if (before) now = look(agent);
    if (agent.interrupted()) break;
    const auto columns = static_cast<std::size_t>(std::max(terminal.columns() - 1, 1));
    const auto lines = static_cast<std::size_t>(std::max(terminal.lines() - 1, 1));
    if (now) {
      const auto rows = top_rows(before ? &*before : nullptr, *now, wall_now(), options.workloads, options.sort);
      // The heading has one line, the last stays free.
      put(home_and_clear_below + top_heading(now->report, terminal, columns) +
          top_table(rows, terminal, Screen{columns, lines - 1}));
      before = std::move(*now);
    } else {
      put(home_and_clear_below + std::string(cut(printable(now.error().message), columns)) + "\n");
    }
    std::fflush(stdout);
  } while (std::ferror(stdout) == 0 && wait(agent, keyboard, options.every_s));
  return exit_ok;
}

// Tables or lines of JSON, each after an interval; one, unless a terminal gets JSON until it is interrupted.
int print(AgentClient& agent, const TopOptions& options, const Terminal& terminal) {
  auto before = look(agent);
  if (!before) return report(before.error());
  const std::string unknown = unknown_workload(before->report, options.workloads);
  if (!unknown.empty()) return nobody_called(unknown);
  const bool goes_on = terminal.is_terminal() && !options.once;
  do {
    if (!agent.pause(static_cast<int>(options.every_s) * ms_per_s)) return goes_on ? exit_ok : exit_interrupted;
    auto now = look(agent);
    if (!now) return report(now.error());
    const auto rows = top_rows(&*before, *now, wall_now(), options.workloads, options.sort);
    put(options.json ? encode_top(now->report, rows) + "\n" : top_table(rows, terminal));
    std::fflush(stdout);
    before = std::move(now);
  } while (goes_on && std::ferror(stdout) == 0);
  return exit_ok;
}

}  // namespace

int top(const TopOptions& options) {
  AgentClient agent(options.socket);
  const Terminal terminal(stdout);
  const bool draws = terminal.is_terminal() && !options.once && !options.json;
  return draws ? live(agent, options, terminal) : print(agent, options, terminal);
}

}  // namespace aura::cli
