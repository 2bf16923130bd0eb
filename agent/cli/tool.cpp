#include "agent/cli/tool.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aura::cli {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::optional<std::string> find_tool(const std::string& name) {
  if (name.starts_with('/')) return ::access(name.c_str(), X_OK) == 0 ? std::optional(name) : std::nullopt;
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"}) {
    std::string path = folder + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

Result<pid_t> start(const std::string& path, const std::vector<std::string>& argv, int out, int err) {
  std::vector<char*> arguments;
  for (const std::string& one : argv) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
  std::array<char*, 3> environment{path_variable, locale, nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return errno_error(failure, "cannot run " + path);
  return pid;
}

struct Pipe {
  int read_end = -1, write_end = -1;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "cannot make a pipe");
  return Pipe{ends[0], ends[1]};
}

// One read; false at its end.
bool take(int fd, std::string& text, std::size_t max_bytes, bool& cut) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR;
  const std::size_t room = max_bytes - std::min(text.size(), max_bytes);
  cut = cut || static_cast<std::size_t>(got) > room;
  text.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
  return got > 0;
}

// Both to their ends; false: the deadline came first.
bool read_both(Descriptor& out, Descriptor& err, Clock::time_point deadline, std::size_t max_bytes, ToolOutput& into,
               std::string& errors) {
  while (out.get() >= 0 || err.get() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd ready[2] = {{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}};
    if (::poll(ready, 2, static_cast<int>(left)) < 0 && errno != EINTR) return false;
    if (ready[0].revents != 0 && !take(out.get(), into.text, max_bytes, into.cut)) out.close();
    if (ready[1].revents != 0 && !take(err.get(), errors, max_bytes, into.cut)) err.close();
  }
  return true;
}

}  // namespace

Result<ToolOutput> run_tool(const std::vector<std::string>& argv, const ToolLimits& limits) {
  const auto path = find_tool(argv.front());
  if (!path) return Error{Errc::not_found, argv.front() + " is not installed"};
  const auto out_pipe = make_pipe();
  if (!out_pipe) return out_pipe.error();
  Descriptor out(out_pipe->read_end), out_end(out_pipe->write_end);
  const auto err_pipe = make_pipe();
  if (!err_pipe) return err_pipe.error();
  Descriptor err(err_pipe->read_end), err_end(err_pipe->write_end);
  const auto deadline = Clock::now() + std::chrono::milliseconds(limits.timeout_ms);
  const auto pid = start(*path, argv, limits.output >= 0 ? limits.output : out_end.get(), err_end.get());
  if (!pid) return pid.error();
  out_end.close();
  err_end.close();
  ToolOutput output;
  std::string errors;
  const bool ended = read_both(out, err, deadline, limits.max_bytes, output, errors);
  // One that closed its output and lives on has nothing more to tell.
  if (!ended) ::kill(*pid, SIGKILL);
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {}
  if (!ended) return Error{Errc::timeout, argv.front() + " did not end in time"};
  output.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  output.text += errors;
  return output;
}

}  // namespace aura::cli
