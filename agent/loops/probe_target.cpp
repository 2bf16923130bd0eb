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

Place reached(Place place, const reconcile::WorkloadSpec& spec, const reconcile::Probed& probed) {
  if (probed.address.empty()) return place;
  place.address = probed.address;
  for (const auto& port : spec.ports) {
    if (port.host_port != place.port || port.protocol != "tcp") continue;
    place.port = port.container_port;
    break;
  }
  return place;
}

}  // namespace

ports::ProbeQuestion question_of(const reconcile::Probe& probe, const reconcile::WorkloadSpec& spec,
                                 const reconcile::Probed& probed) {
  ports::ProbeQuestion question;
  question.container_id = probed.instance.container_id;
  question.timeout_ms = std::int64_t{probe.timeout_s} * 1000;
  if (!probe.http.empty()) {
    const std::string_view rest = std::string_view(probe.http).substr(scheme.size());
    const auto end = std::min(rest.find_first_of("/?"), rest.size());
    question.host = rest.substr(0, end);
    const Place place = reached(split(question.host), spec, probed);
    const bool is_v6 = place.address.find(':') != std::string::npos;
    question.url = fmt::format("{}{}{}{}:{}{}", scheme, is_v6 ? "[" : "", place.address, is_v6 ? "]" : "", place.port,
                               rest.substr(end));
  } else if (!probe.tcp.empty()) {
    Place place = reached(split(probe.tcp), spec, probed);
    question.address = std::move(place.address);
    question.port = place.port;
  } else {
    question.exec = probe.exec;
  }
  return question;
}

std::string name_of(const reconcile::Probe& probe) {
  if (!probe.http.empty()) return probe.http.substr(0, probe.http.find('?'));
  if (!probe.tcp.empty()) return "tcp " + probe.tcp;
  if (probe.docker) return "docker";
  return "exec " + probe.exec.front();  // its arguments may be anybody's
}

}  // namespace aura::loops
