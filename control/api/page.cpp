#include "control/api/api.hpp"

#include <fmt/format.h>

#include <map>

namespace aura::control {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

std::string heard_text(const NodeView& node) {
  if (!node.heard_s_ago) return "never";
  return human_duration(*node.heard_s_ago) + " ago";
}

}  // namespace

std::string status_page(const std::vector<NodeView>& nodes, bool list) {
  std::map<std::string, int> counts;
  for (const NodeView& node : nodes) ++counts[node.verdict.word];
  std::string out =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>aura-control</title>"
      "<style>body{font-family:sans-serif;margin:2em}td,th{text-align:left;padding:.2em 1em .2em 0}</style></head>"
      "<body><h1>aura-control</h1><p>The dashboard comes later. Until then: <code>aura-control nodes</code>, "
      "<code>aura-control events -f</code>.</p>";
  out += fmt::format("<p>{} nodes</p><ul>", nodes.size());
  for (const auto& [word, count] : counts) out += fmt::format("<li>{}: {}</li>", escaped(word), count);
  out += "</ul>";
  if (list) {
    out += "<table><tr><th>node</th><th>verdict</th><th>heard</th><th>reasons</th></tr>";
    for (const NodeView& node : nodes) {
      std::string reasons;
      for (const std::string& reason : node.verdict.reasons) reasons += escaped(reason) + "<br>";
      out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", escaped(node.id),
                         escaped(node.verdict.word), heard_text(node), reasons);
    }
    out += "</table>";
  } else {
    out += "<p>The list of nodes needs an operator token, or a role granted by the tailnet.</p>";
  }
  return out + "</body></html>\n";
}

}  // namespace aura::control
