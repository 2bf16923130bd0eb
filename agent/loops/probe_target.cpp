#include "agent/loops/probe_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace aura::loops {

namespace {

constexpr std::string_view scheme = "http://";
constexpr int http_port = 80;

struct Place {
  std::string address;  // without brackets
  int port = 0;
};

// "127.0.0.1:80", "[::1]:80", "127.0.0.1": checked when the file was read.
Place split(std::string_view authority) {
  Place place{std::string(authority), http_port};
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port) {
    place.address = authority.substr(0, colon);
    std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), place.port);
  }
  if (place.address.starts_with('[')) place.address = place.address.substr(1, place.address.size() - 2);
  return place;
}

// `address`: of the container; "": it has none of its own.
Place reached(Place place, const std::vector<reconcile::Port>& ports, const std::string& address) {
  if (address.empty()) return place;
  place.address = address;
  for (const auto& port : ports) {
    if (port.host_port != place.port || port.protocol != "tcp") continue;
    place.port = port.container_port;
    break;
  }
  return place;
}

struct Web {
  std::string url, host;
};

Web reached_by_http(const std::string& text, const std::vector<reconcile::Port>& ports, const std::string& address) {
  const std::string_view rest = std::string_view(text).substr(scheme.size());
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  Web web;
  web.host = rest.substr(0, end);
  const Place place = reached(split(web.host), ports, address);
  const bool is_v6 = place.address.find(':') != std::string::npos;
  web.url = fmt::format("{}{}{}{}:{}{}", scheme, is_v6 ? "[" : "", place.address, is_v6 ? "]" : "", place.port,
                        rest.substr(end));
  return web;
}

constexpr std::string_view id_mark = "{id}";

std::string filled_in(std::string text, const std::string& id) {
  for (auto at = text.find(id_mark); at != text.npos; at = text.find(id_mark, at + id.size())) {
    text.replace(at, id_mark.size(), id);
  }
  return text;
}

}  // namespace

ports::ProbeQuestion question_of(const reconcile::Probe& probe, const reconcile::WorkloadSpec& spec,
                                 const reconcile::Probed& probed) {
  ports::ProbeQuestion question;
  question.container_id = probed.instance.container_id;
  question.timeout_ms = std::int64_t{probe.timeout_s} * 1000;
  if (!probe.http.empty()) {
    Web web = reached_by_http(probe.http, spec.ports, probed.address);
    question.host = std::move(web.host);
    question.url = std::move(web.url);
  } else if (!probe.tcp.empty()) {
    Place place = reached(split(probe.tcp), spec.ports, probed.address);
    question.address = std::move(place.address);
    question.port = place.port;
  } else {
    question.exec = probe.exec;
  }
  return question;
}

// An id has no character that JSON would escape (common/protocol, valid ids).
ports::HookQuestion hook_question_of(const reconcile::action::AskHook& asked) {
  const reconcile::StopHook& hook = asked.hook;
  ports::HookQuestion question;
  question.container_id = asked.instance.container_id;
  question.timeout_ms = asked.timeout_ms;
  if (hook.http_post.empty()) {
    for (const std::string& argument : hook.exec) question.exec.push_back(filled_in(argument, asked.id));
    return question;
  }
  Web web = reached_by_http(hook.http_post, asked.ports, asked.address);
  question.url = std::move(web.url);
  question.host = std::move(web.host);
  question.body = hook.body.empty() ? fmt::format(R"({{"id":"{}","workload":"{}","cause":"{}","grace_s":{}}})",
                                                  asked.id, asked.workload, to_string(asked.cause), asked.grace_s)
                                    : filled_in(hook.body, asked.id);
  return question;
}

std::string name_of(const reconcile::Probe& probe) {
  if (!probe.http.empty()) return probe.http.substr(0, probe.http.find('?'));
  if (!probe.tcp.empty()) return "tcp " + probe.tcp;
  if (probe.docker) return "docker";
  return "exec " + probe.exec.front();  // its arguments may be anybody's
}

}  // namespace aura::loops
