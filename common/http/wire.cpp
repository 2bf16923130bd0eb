#include "common/http/wire.hpp"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <ctime>
#include <iterator>

namespace aura::http {
namespace {

namespace beast_http = boost::beast::http;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// The form that RFC 9110 5.6.7 wants: "Sun, 06 Nov 1994 08:49:37 GMT". Names of the C locale, whatever is set.
std::string http_date() {
  static constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(parts.tm_wday)],
                     parts.tm_mday, months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                     parts.tm_min, parts.tm_sec);
}

bool is_set_by_server(std::string_view name) {
  for (const std::string_view ours : {"Content-Length", "Transfer-Encoding", "Connection", "Date"}) {
    if (boost::beast::iequals({name.data(), name.size()}, {ours.data(), ours.size()})) return true;
  }
  return false;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) out += c;
  }
  out += "\r\n";
}

}  // namespace

class RequestReader::Impl {
 public:
  explicit Impl(const ServerLimits& limits) : limits_(limits) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    // The body's limit depends on the target, so the header is parsed alone and first.
    parser_.body_limit(boost::none);
    parser_.eager(false);
  }

  Progress feed(std::string& bytes) {
    if (parser_.is_done()) return Progress::complete;
    while (!bytes.empty()) {
      const bool header_was_done = parser_.is_header_done();
      boost::system::error_code error;
      const std::size_t used = parser_.put(boost::asio::buffer(bytes), error);
      bytes.erase(0, used);
      if (error && error != beast_http::error::need_more) return fail(error);
      if (!header_was_done && parser_.is_header_done()) {
        const Progress next = header_done();
        if (next != Progress::more) return next;
        continue;
      }
      if (parser_.is_done()) return Progress::complete;
      if (error == beast_http::error::need_more || used == 0) return Progress::more;
    }
    return parser_.is_done() ? Progress::complete : Progress::more;
  }

  Request take() {
    Request request;
    auto message = parser_.release();
    request.method = view(message.method_string());
    request.target = view(message.target());
    for (const auto& field : message) {
      request.headers.set(std::string(view(field.name_string())), std::string(view(field.value())));
    }
    request.body = std::move(message.body());
    return request;
  }

  int status() const { return status_; }
  std::string_view message() const { return message_; }
  bool keep_alive() const { return parser_.get().keep_alive(); }
  bool understands_chunks() const { return parser_.get().version() >= 11; }

 private:
  Progress header_done() {
    const auto& header = parser_.get();
    const std::size_t limit =
        limits_.body_bytes_for ? limits_.body_bytes_for(view(header.target())) : limits_.body_bytes;
    const auto length = parser_.content_length();
    if (length && *length > limit) return fail(beast_http::error::body_limit);
    parser_.body_limit(limit);
    parser_.eager(true);
    if (parser_.is_done()) return Progress::complete;
    const auto expect = header[beast_http::field::expect];
    if (boost::beast::iequals(expect, "100-continue")) return Progress::continue_expected;
    return Progress::more;
  }

  Progress fail(boost::system::error_code error) {
    if (error == beast_http::error::header_limit) {
      status_ = 431;
      message_ = fmt::format("the header is larger than {} bytes", limits_.header_bytes);
    } else if (error == beast_http::error::body_limit) {
      status_ = 413;
      message_ = "the body is larger than this target takes";
    } else {
      status_ = 400;
      message_ = fmt::format("malformed request: {}", error.message());
    }
    return Progress::failed;
  }

  const ServerLimits& limits_;
  beast_http::request_parser<beast_http::string_body> parser_;
  int status_ = 0;
  std::string message_;
};

RequestReader::RequestReader(const ServerLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestReader::~RequestReader() = default;

RequestReader::Progress RequestReader::feed(std::string& bytes) { return impl_->feed(bytes); }
int RequestReader::failure_status() const { return impl_->status(); }
std::string_view RequestReader::failure_message() const { return impl_->message(); }
bool RequestReader::keep_alive() const { return impl_->keep_alive(); }
bool RequestReader::understands_chunks() const { return impl_->understands_chunks(); }
Request RequestReader::take() { return impl_->take(); }

std::string response_head(const Response& response, BodyFraming framing, bool keep_alive) {
  const auto reason = beast_http::obsolete_reason(beast_http::int_to_status(static_cast<unsigned>(response.status)));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, view(reason));
  append_header(head, "Date", http_date());
  for (const auto& [name, value] : response.headers.all()) {
    if (!is_set_by_server(name)) append_header(head, name, value);
  }
  switch (framing) {
    case BodyFraming::content_length:
      append_header(head, "Content-Length", fmt::to_string(response.body.size()));
      break;
    case BodyFraming::chunked: append_header(head, "Transfer-Encoding", "chunked"); break;
    case BodyFraming::until_close:
    case BodyFraming::none: break;
  }
  append_header(head, "Connection", keep_alive ? "keep-alive" : "close");
  head += "\r\n";
  return head;
}

}  // namespace aura::http
