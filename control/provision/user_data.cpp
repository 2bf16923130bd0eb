#include "control/provision/user_data.hpp"

#include "control/provision/templates.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace aura::control::provision {
namespace {

constexpr std::string_view indent = "      ";  // of a literal block in write_files

// A JSON string is a YAML scalar, whatever it holds.
std::string quoted(std::string_view text) { return boost::json::serialize(boost::json::value(text)); }

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// Lines of a literal block, the last one without its line feed.
std::string block(std::string_view text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (!out.empty()) out += '\n';
    if (end > begin) out.append(indent).append(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

std::string base64(std::string_view data) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < data.size(); at += 3) {
    const std::size_t have = std::min<std::size_t>(3, data.size() - at);
    unsigned bits = 0;
    for (std::size_t n = 0; n < 3; ++n) bits = bits << 8U | (n < have ? static_cast<unsigned char>(data[at + n]) : 0U);
    for (std::size_t n = 0; n < 4; ++n) out += n <= have ? digits[bits >> (18 - 6 * n) & 63U] : '=';
  }
  return out;
}

// For the shell: problems_of() has let no quotation mark through.
std::string settings_of(const UserData& wanted) {
  std::string out;
  const auto set = [&](std::string_view name, std::string_view value) { out += fmt::format("{}='{}'\n", name, value); };
  set("node_id", wanted.node_id);
  set("hostname", wanted.hostname.empty() ? wanted.node_id : wanted.hostname);
  set("control_url", wanted.control_url);
  set("control_auth", wanted.control_auth);
  if (!wanted.report_url.empty()) set("report_url", wanted.report_url);
  if (!wanted.login_server.empty()) set("login_server", wanted.login_server);
  if (!wanted.tags.empty()) set("tags", fmt::format("{}", fmt::join(wanted.tags, ",")));
  if (!wanted.package_url.empty()) {
    set("package_url", wanted.package_url);
    set("package_sha256", wanted.package_sha256);
  }
  if (!wanted.version.empty()) set("package_version", wanted.version);
  if (!wanted.tailscale_apt_key.empty()) {
    set("tailscale_uri", wanted.tailscale_apt_uri);
    set("tailscale_suite", wanted.tailscale_apt_suite);
    // A suite that is a folder has no components (sources.list(5)).
    const bool flat = wanted.tailscale_apt_suite.ends_with('/');
    set("tailscale_component", flat ? "" : wanted.tailscale_apt_component);
  }
  set("ready_deadline_s", std::to_string(wanted.deadline_s));
  return out;
}

std::string agent_toml_of(const UserData& wanted) {
  std::string out = fmt::format("[node]\nid = {}\n", quoted(wanted.node_id));
  if (!wanted.tenant.empty()) out += fmt::format("tenant = {}\n", quoted(wanted.tenant));
  return out + fmt::format("[control]\nurl = {}\nauth = {}\n", quoted(wanted.control_url), quoted(wanted.control_auth));
}

std::string file_entry(const std::string& path, std::string_view permissions, std::string_view content) {
  return fmt::format("  - path: {}\n    permissions: \"{}\"\n    encoding: b64\n    content: {}\n", path, permissions,
                     base64(content));
}

std::string files_of(const UserData& wanted) {
  std::string out;
  if (!wanted.tailscale_apt_key.empty())
    out += file_entry("/var/lib/aura-boot/tailscale.asc", "0644", wanted.tailscale_apt_key);
  if (!wanted.apt_source.empty())
    out += file_entry("/etc/apt/sources.list.d/aura-node.sources", "0644", wanted.apt_source);
  for (const WorkloadFile& file : wanted.workloads) {
    out += file_entry("/etc/aura-node/workloads.d/" + file.name, "0644", file.content);
  }
  return out;
}

std::string ssh_of(const UserData& wanted) {
  if (wanted.ssh_keys.empty()) return {};
  std::string out = "disable_root: false\nssh_pwauth: false\nssh_authorized_keys:\n";
  for (const std::string& key : wanted.ssh_keys) out += fmt::format("  - {}\n", quoted(trimmed(key)));
  return out;
}

using Parts = std::map<std::string, std::string, std::less<>>;

// Each @NAME@ of the template gives way to its part; what a part holds is not looked at again.
std::string filled(std::string_view text, const Parts& parts) {
  std::string out;
  for (;;) {
    const std::size_t begin = text.find('@');
    const std::size_t end = begin == text.npos ? begin : text.find('@', begin + 1);
    if (end == text.npos) return out.append(text);
    const auto part = parts.find(text.substr(begin + 1, end - begin - 1));
    if (part == parts.end()) {
      out.append(text.substr(0, begin + 1));
      text.remove_prefix(begin + 1);
      continue;
    }
    out.append(text.substr(0, begin)).append(part->second);
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<std::string> render_user_data(const UserData& wanted) {
  const std::vector<std::string> problems = problems_of(wanted);
  if (!problems.empty()) return Error{Errc::invalid_argument, fmt::format("{}", fmt::join(problems, "\n"))};
  const Parts parts = {
      {"HOSTNAME", quoted(wanted.hostname.empty() ? wanted.node_id : wanted.hostname)},
      {"SSH", ssh_of(wanted)},
      {"FIRST_BOOT", block(first_boot_script)},
      {"SETTINGS", block(settings_of(wanted))},
      {"AGENT_TOML", block(agent_toml_of(wanted))},
      {"AUTH_KEY", quoted(trimmed(wanted.auth_key))},
      {"ENROL_CODE", quoted(trimmed(wanted.enrol_code))},
      {"FILES", files_of(wanted)},
  };
  std::string out = filled(user_data_template, parts);
  if (out.size() <= max_user_data_bytes) return out;
  std::string sizes = fmt::format("the frame {}, the script {}, SSH keys {}", user_data_template.size(),
                                  parts.at("FIRST_BOOT").size(), parts.at("SSH").size());
  for (const WorkloadFile& file : wanted.workloads) {
    sizes += fmt::format(", {} {}", file.name, base64(file.content).size());
  }
  if (!wanted.apt_source.empty()) sizes += fmt::format(", the apt source {}", base64(wanted.apt_source).size());
  if (!wanted.tailscale_apt_key.empty()) {
    sizes += fmt::format(", tailscale's apt key {}", base64(wanted.tailscale_apt_key).size());
  }
  return Error{Errc::too_large,
               fmt::format("the user-data has {} bytes, and a cloud takes at most {}: {}; send workloads "
                           "later with aura-control send NODE apply",
                           out.size(), max_user_data_bytes, sizes)};
}

}  // namespace aura::control::provision
