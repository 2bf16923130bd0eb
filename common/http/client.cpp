#include "common/http/client.hpp"

#include "common/http/curl_loop.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace aura::http {
namespace {

namespace asio = boost::asio;

// libcurl's receive and send buffers per transfer; its defaults are 16 and 64 KiB.
constexpr long buffer_bytes = 16 * 1024;
// All header lines of one answer together.
constexpr std::size_t max_header_bytes = 64 * 1024;
constexpr long keep_alive_idle_s = 60;

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Line breaks in a header or the URL would let one value write further header lines.
bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

Errc kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return Errc::timeout;
    case CURLE_FILESIZE_EXCEEDED: return Errc::too_large;
    case CURLE_ABORTED_BY_CALLBACK: return Errc::cancelled;
    case CURLE_URL_MALFORMAT: return Errc::invalid_argument;
    // An answer without a status line (HTTP/0.9); the scheme of the URL has been checked before.
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: return Errc::bad_reply;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT: return Errc::internal;
    default: return Errc::unavailable;
  }
}

// One exchange, from the options of its handle to its result. Lives in the coroutine that awaits it.
class Transfer {
 public:
  Transfer(asio::io_context& context, std::shared_ptr<CurlLoop> loop, Call call, Client::Sink sink)
      : loop_(std::move(loop)), call_(std::move(call)), sink_(std::move(sink)), ended_(context) {
    ended_.expires_at(asio::steady_timer::time_point::max());
  }

  ~Transfer() {
    if (easy_ != nullptr) {
      loop_->remove(easy_);
      curl_easy_cleanup(easy_);
    }
    curl_slist_free_all(headers_);
    curl_slist_free_all(connect_to_);
  }

  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  std::optional<Error> start();

  // Its wait ends when the transfer has ended.
  asio::steady_timer& ended() { return ended_; }

  // The result; cancelled if the transfer is still open.
  Result<Response> take();

 private:
  std::optional<Error> check() const;
  void set_connection();
  void set_request();
  void set_headers();
  void add_header(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  long status() const;
  Error failure(Errc code, std::string_view text) const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    const std::size_t bytes = size * count;
    return static_cast<Transfer*>(self)->take_header({data, bytes}) ? bytes : 0;
  }
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept {
    const std::size_t bytes = size * count;
    // An empty body must not look like a refusal.
    if (bytes == 0) return 0;
    return static_cast<Transfer*>(self)->take_body({data, bytes}) ? bytes : 0;
  }

  // After the connection is made or chosen, before anything is sent (CURLOPT_PREREQFUNCTION(3)).
  static int on_connected(void* self, char* address, char* own_address, int, int) noexcept {
    auto* const transfer = static_cast<Transfer*>(self);
    const auto& from = transfer->call_.from_addresses;
    const bool from_there = from.empty() || std::find(from.begin(), from.end(), own_address) != from.end();
    transfer->elsewhere_ = transfer->call_.pin_address != address || !from_there;
    return transfer->elsewhere_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
  }

  std::shared_ptr<CurlLoop> loop_;
  Call call_;
  Client::Sink sink_;
  asio::steady_timer ended_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* connect_to_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
  std::optional<CURLcode> code_;
  Response response_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  bool sink_has_enough_ = false;
  bool elsewhere_ = false;  // the connection was to another address than the pinned one, or from none that is allowed
};

std::optional<Error> Transfer::check() const {
  const Request& request = call_.request;
  if (!request.target.starts_with("http://") && !request.target.starts_with("https://")) {
    return failure(Errc::invalid_argument, "the URL must begin with http:// or https://");
  }
  if (has_control_character(request.target) || has_control_character(request.method)) {
    return failure(Errc::invalid_argument, "control character in the URL or method");
  }
  for (const auto& [name, value] : request.headers.all()) {
    if (has_control_character(name) || has_control_character(value)) {
      return failure(Errc::invalid_argument, fmt::format("control character in header {}", percent_encode(name)));
    }
  }
  return std::nullopt;
}

std::optional<Error> Transfer::start() {
  if (auto wrong = check()) return wrong;
  easy_ = curl_easy_init();
  if (easy_ == nullptr) return failure(Errc::internal, "libcurl gave no handle");
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  set_connection();
  set_request();
  set_headers();
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  const bool added = loop_->add(easy_, [this](int code) {
    code_ = static_cast<CURLcode>(code);
    ended_.cancel();
  });
  if (!added) return failure(Errc::internal, "libcurl refused the transfer");
  return std::nullopt;
}

void Transfer::set_connection() {
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  // "" also switches off the proxy variables of the environment.
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, buffer_bytes);
  curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, buffer_bytes);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, call_.timeout_ms);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, call_.connect_timeout_ms);
  if (!call_.unix_socket.empty()) {
    curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, call_.unix_socket.c_str());
    return;
  }
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, keep_alive_idle_s);
  if (!call_.socks5.empty()) curl_easy_setopt(easy_, CURLOPT_PROXY, ("socks5://" + call_.socks5).c_str());
  if (!call_.pin_address.empty()) {
    // HOST:PORT:ADDRESS:PORT with all but the address empty: any host and port go there, the port stays. Unlike
    // CURLOPT_RESOLVE it leaves nothing behind in libcurl's cache of names.
    const bool is_v6 = call_.pin_address.find(':') != std::string::npos;
    const std::string rule = is_v6 ? "::[" + call_.pin_address + "]:" : "::" + call_.pin_address + ":";
    connect_to_ = curl_slist_append(nullptr, rule.c_str());
    curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, connect_to_);
    // Through a proxy the connection is to that.
    if (call_.socks5.empty()) {
      curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &Transfer::on_connected);
      curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
    }
  }
}

void Transfer::set_request() {
  const Request& request = call_.request;
  curl_easy_setopt(easy_, CURLOPT_URL, request.target.c_str());
  if (request.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH") {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.c_str());
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method != "GET") {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  // The length that a HEAD's answer names is not of its own body.
  if (!sink_ && request.method != "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(call_.max_body_bytes));
  }
}

void Transfer::set_headers() {
  for (const auto& [name, value] : call_.request.headers.all()) {
    // "Name;" is libcurl's way to send a header without a value; "Name:" would leave it out.
    add_header(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  // Without these two libcurl adds a form's type, and a pause of a second before larger bodies.
  if (call_.request.headers.get("Content-Type").empty()) add_header("Content-Type:");
  add_header("Expect:");
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
}

long Transfer::status() const {
  long value = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &value);
  return value;
}

bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > max_header_bytes) {
    too_large_ = true;
    return false;
  }
  if (line.starts_with("HTTP/")) {
    // The final answer after an interim one (100, 103).
    response_.headers = Headers();
    return true;
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    response_.headers.set(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  }
  return true;
}

bool Transfer::take_body(std::string_view bytes) {
  if (sink_ && status() / 100 == 2) {
    sink_has_enough_ = !sink_(bytes);
    return !sink_has_enough_;
  }
  if (response_.body.size() + bytes.size() > call_.max_body_bytes) {
    too_large_ = true;
    return false;
  }
  response_.body.append(bytes);
  return true;
}

Error Transfer::failure(Errc code, std::string_view text) const {
  // Without the query, which may be long and is nobody's business in a log.
  const std::string_view target(call_.request.target);
  const std::string place = call_.unix_socket.empty() ? std::string() : fmt::format(" at {}", call_.unix_socket);
  Error error;
  error.code = code;
  error.message = fmt::format("{} {}{}: {}", call_.request.method, target.substr(0, target.find('?')), place, text);
  return error;
}

Result<Response> Transfer::take() {
  if (!code_) return failure(Errc::cancelled, "given up");
  if (too_large_) {
    return failure(Errc::too_large, fmt::format("the answer is larger than {} bytes", call_.max_body_bytes));
  }
  if (elsewhere_) return failure(Errc::forbidden, "the connection goes another way than it must; nothing was sent");
  if (*code_ != CURLE_OK && !sink_has_enough_) {
    const std::string_view text = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(*code_);
    return failure(kind_of(*code_), text);
  }
  response_.status = static_cast<int>(status());
  return std::move(response_);
}

asio::awaitable<Result<Response>> run(asio::io_context& context, std::shared_ptr<CurlLoop> loop, Call call,
                                      Client::Sink sink) {
  Transfer transfer(context, std::move(loop), std::move(call), std::move(sink));
  if (auto wrong = transfer.start()) co_return std::move(*wrong);
  boost::system::error_code ignored;
  co_await transfer.ended().async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return transfer.take();
}

}  // namespace

class Client::Impl {
 public:
  Impl(asio::io_context& context, long connections_kept) : context_(context), connections_kept_(connections_kept) {}

  ~Impl() {
    for (const auto& weak : loops_) {
      if (const auto loop = weak.lock()) loop->end_all(CURLE_ABORTED_BY_CALLBACK);
    }
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  asio::awaitable<Result<Response>> start(Call call, Sink sink) {
    if (!current_ || !current_->usable()) renew();
    return run(context_, current_, std::move(call), std::move(sink));
  }

  // A loop closes its kept connections when it goes; open transfers hold the old one until they end.
  void retire_current() { current_.reset(); }

 private:
  void renew() {
    current_ = std::make_shared<CurlLoop>(context_, connections_kept_);
    std::erase_if(loops_, [](const auto& loop) { return loop.expired(); });
    loops_.push_back(current_);
  }

  asio::io_context& context_;
  const long connections_kept_;
  std::shared_ptr<CurlLoop> current_;
  std::vector<std::weak_ptr<CurlLoop>> loops_;
};

Client::Client(asio::io_context& context, long connections_kept)
    : impl_(std::make_shared<Impl>(context, connections_kept)) {}
Client::~Client() = default;

asio::awaitable<Result<Response>> Client::send(Call call) { return impl_->start(std::move(call), nullptr); }

asio::awaitable<Result<Response>> Client::stream(Call call, Sink sink) {
  return impl_->start(std::move(call), std::move(sink));
}

void Client::drop_idle_connections() { impl_->retire_current(); }

}  // namespace aura::http
