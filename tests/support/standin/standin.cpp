// Stands in for the programs that the shipped profiles run: one process that serves HTTP and misbehaves as told.
//
// What it does is a list of settings NAME=NUMBER: the environment's STANDIN_NAME, then the lines of the file that
// STANDIN_FILE names (nothing where it is not there), and while it runs `POST /behave?NAME=NUMBER`.
//
//   port         where it listens (8080); `--port N` on the command line goes first, other arguments are only logged
//   start_ms     how long it needs before it opens the port
//   ready_ms     how long after that /readyz and /health say 503 "starting"
//   hang         1: the port is open, connections are taken and nothing is answered any more
//   exit         ends at once with that code, without a word to anybody
//   busy         so many of the next answers (not to probes) say that it is busy: 503, or 200 as OpenClaw's RPC does
//   drain_ms     after SIGTERM open streams go on for so long, then end by themselves (0: they end at once)
//   refuse_term  1: SIGTERM is logged and ignored
//   leak_mb_s    grows by so much a second, up to leak_max_mb (0: without end)
//
// GET /stream sends a numbered line ten times a second. GET /file/PATH and /env/NAME show what reached the container.
// Every other path answers 200. After SIGTERM the port is closed; it ends with 0 once no answer is under way.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr long tick_ms = 100;               // of streams and of the leak
constexpr std::size_t max_request = 65536;  // a longer one is cut off
constexpr long no_setting = -1;

long now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void say(const std::string& text) {
  std::printf("standin: %s\n", text.c_str());
  std::fflush(stdout);
}

class Settings {
 public:
  void read(int argc, char** argv) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      if (text.starts_with("STANDIN_") && !text.starts_with("STANDIN_FILE=")) set(text.substr(8));
    }
    if (const char* path = std::getenv("STANDIN_FILE")) {
      std::ifstream file(path);
      for (std::string line; std::getline(file, line);) set(line);
    }
    for (int i = 1; i + 1 < argc; ++i) {
      if (std::string_view(argv[i]) == "--port") set(std::string("port=") + argv[i + 1]);
    }
  }
  // "NAME=NUMBER"; anything else is passed over.
  void set(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return;
    std::string name(text.substr(0, equals));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    values_[name] = std::strtol(std::string(text.substr(equals + 1)).c_str(), nullptr, 10);
  }
  long get(const std::string& name, long otherwise = 0) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }

 private:
  std::map<std::string, long> values_;
};

struct Connection {
  int fd;
  std::string in, out;
  bool answered = false;  // closes once `out` is gone, unless it streams
  bool streams = false;
  long lines = 0, next_line_ms = 0;
};

class Standin {
 public:
  explicit Standin(Settings settings) : settings_(std::move(settings)) {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);  // blocked, it is queued for PID 1 too
    signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
    open_ms_ = now_ms() + settings_.get("start_ms");
  }

  int run() {
    while (true) {
      if (const long code = settings_.get("exit", no_setting); code != no_setting) return end(static_cast<int>(code));
      const long now = now_ms();
      if (listener_ < 0 && !term_ && now >= open_ms_ && !listen()) return end(1);
      if (term_ && (listener_ >= 0 || now >= drained_ms_ || connections_.empty())) drain(now);
      if (term_ && connections_.empty()) return end(0);
      leak(now);
      for (auto& connection : connections_) stream(connection, now);
      wait(now);
    }
  }

 private:
  static int end(int code) {
    say("ends with " + std::to_string(code));
    return code;
  }

  bool listen() {
    const long port = settings_.get("port", 8080);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_, 64) != 0) {
      say("cannot listen on port " + std::to_string(port) + ": " + std::strerror(errno));
      return false;
    }
    opened_ms_ = now_ms();
    say("listens on port " + std::to_string(port));
    return true;
  }

  void drain(long now) {
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
    for (auto it = connections_.begin(); it != connections_.end();) {
      if (it->streams && now >= drained_ms_) {
        it->out += "end\n";
        it->streams = false;
      }
      // What has not asked yet gets no answer any more.
      const bool idle = !it->answered;
      if (idle) ::close(it->fd);
      it = idle ? connections_.erase(it) : std::next(it);
    }
  }

  void leak(long now) {
    const long rate = settings_.get("leak_mb_s"), most = settings_.get("leak_max_mb");
    if (rate <= 0 || now < next_leak_ms_) return;
    next_leak_ms_ = now + tick_ms;
    const auto want = static_cast<std::size_t>(rate) * 1024 * 1024 * tick_ms / 1000;
    if (most > 0 && leaked_ + want > static_cast<std::size_t>(most) * 1024 * 1024) return;
    leaks_.push_back(std::make_unique<std::string>(want, 'x'));
    leaked_ += want;
  }

  void stream(Connection& connection, long now) {
    if (!connection.streams || now < connection.next_line_ms) return;
    connection.next_line_ms = now + tick_ms;
    connection.out += (term_ ? "draining " : "line ") + std::to_string(++connection.lines) + "\n";
  }

  int patience(long now) const {
    long until = -1;
    const auto by = [&until](long ms) { until = until < 0 ? ms : std::min(until, ms); };
    if (listener_ < 0 && !term_) by(open_ms_);
    if (settings_.get("leak_mb_s") > 0) by(next_leak_ms_);
    if (term_ && drained_ms_ > now) by(drained_ms_);
    for (const auto& connection : connections_) {
      if (connection.streams) by(connection.next_line_ms);
    }
    return until < 0 ? -1 : static_cast<int>(std::max(0L, until - now));
  }

  void wait(long now) {
    std::vector<pollfd> polled{{signals_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& connection : connections_) {
      polled.push_back({connection.fd, static_cast<short>(POLLIN | (connection.out.empty() ? 0 : POLLOUT)), 0});
    }
    ::poll(polled.data(), polled.size(), patience(now));
    auto ready = polled.begin() + 2;
    for (auto it = connections_.begin(); it != connections_.end(); ++ready) {
      const bool gone = (ready->revents & ~POLLOUT) != 0 && !take(*it);
      const bool keep = !gone && give(*it);
      if (!keep) ::close(it->fd);
      it = keep ? std::next(it) : connections_.erase(it);
    }
    if (polled[0].revents != 0) on_signal();
    if (listener_ >= 0 && polled[1].revents != 0) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) connections_.push_back({fd, {}, {}});
    }
  }

  void on_signal() {
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof(info)) != sizeof(info)) return;
    const bool refused = settings_.get("refuse_term") != 0;
    say(refused ? "SIGTERM refused" : "SIGTERM, answers under way: " + std::to_string(connections_.size()));
    if (refused || term_) return;
    term_ = true;
    drained_ms_ = now_ms() + settings_.get("drain_ms");
  }

  // False: the other side is gone.
  bool take(Connection& connection) {
    char bytes[4096];
    const ssize_t count = ::recv(connection.fd, bytes, sizeof(bytes), 0);
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    connection.in.append(bytes, static_cast<std::size_t>(count));
    if (connection.in.size() > max_request) return false;
    if (!connection.answered && connection.in.find("\r\n\r\n") != std::string::npos) answer(connection);
    return true;
  }

  // False: all is said.
  bool give(Connection& connection) {
    while (!connection.out.empty()) {
      const ssize_t count = ::send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      connection.out.erase(0, static_cast<std::size_t>(count));
    }
    return !connection.answered || connection.streams;
  }

  void answer(Connection& connection) {
    std::istringstream line(connection.in);
    std::string method, path;
    line >> method >> path;
    if (path.starts_with("/behave?"))
      settings_.set(std::string_view(path).substr(8));
    else if (settings_.get("hang") != 0)
      return;
    connection.answered = true;
    const bool ready = now_ms() - opened_ms_ >= settings_.get("ready_ms");
    const bool probe = path == "/healthz" || path == "/readyz" || path == "/health";
    if ((path == "/readyz" || path == "/health") && !ready)
      return reply(connection, "503 Service Unavailable", "starting");
    if (!probe && !path.starts_with("/behave?") && settings_.get("busy") > 0) {
      settings_.set("busy=" + std::to_string(settings_.get("busy") - 1));
      const bool rpc = path == "/api/v1/admin/rpc";
      return reply(connection, rpc ? "200 OK" : "503 Service Unavailable",
                   R"({"ok":true,"payload":{"status":"busy","retryAfterMs":1000,"activeCount":1}})");
    }
    if (path == "/stream") {
      connection.streams = true;
      connection.out = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n";
    } else if (path.starts_with("/file/")) {
      std::ifstream file(path.substr(5), std::ios::binary);
      reply(connection, file ? "200 OK" : "404 Not Found", (std::ostringstream() << file.rdbuf()).str());
    } else if (path.starts_with("/env/")) {
      const char* value = std::getenv(path.substr(5).c_str());
      reply(connection, value != nullptr ? "200 OK" : "404 Not Found", value != nullptr ? value : "");
    } else {
      if (!probe) say(method + " " + path);
      reply(connection, "200 OK", "ok");
    }
  }

  static void reply(Connection& connection, const std::string& status, const std::string& body) {
    connection.out = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\nConnection: close\r\n\r\n" + body;
  }

  Settings settings_;
  int signals_ = -1, listener_ = -1;
  long open_ms_ = 0, opened_ms_ = 0, drained_ms_ = 0, next_leak_ms_ = 0;
  bool term_ = false;
  std::list<Connection> connections_;
  std::vector<std::unique_ptr<std::string>> leaks_;
  std::size_t leaked_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::string words;
  for (int i = 0; i < argc; ++i) words += (i > 0 ? " " : "") + std::string(argv[i]);
  say("begins as: " + words);
  Settings settings;
  settings.read(argc, argv);
  return Standin(std::move(settings)).run();
}
