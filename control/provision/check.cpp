// What a value of the user-data may be. Nothing passes that could end a quotation of YAML, of the shell or of TOML.
#include "common/ids.hpp"
#include "common/protocol/text.hpp"
#include "control/provision/user_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

namespace aura::control::provision {
namespace {

constexpr std::size_t max_url_bytes = 500;
constexpr std::size_t max_tenant_bytes = 128;
constexpr std::size_t max_items = 64;
constexpr std::size_t min_ssh_bytes = 16;
constexpr std::size_t max_ssh_bytes = 2'000;

bool matches(const std::string& text, const char* pattern) { return std::regex_match(text, std::regex(pattern)); }

bool is_url(const std::string& url, bool with_query) {
  if (url.size() > max_url_bytes) return false;
  return matches(url, with_query
                          ? R"(https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?&=%+-]*)?)"
                          : R"(https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~:/%+-]*)?)");
}

// What is sent there in the open is read by nobody on the way.
bool is_private(const std::string& url) {
  return url.starts_with("https://") || matches(url, R"(http://(127(\.[0-9]{1,3}){3}|\[::1\])([:/].*)?)");
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// "TYPE BASE64 [COMMENT]"
bool is_ssh_key(std::string_view line) {
  constexpr std::array<std::string_view, 7> types = {"ssh-ed25519",
                                                     "ssh-rsa",
                                                     "ecdsa-sha2-nistp256",
                                                     "ecdsa-sha2-nistp384",
                                                     "ecdsa-sha2-nistp521",
                                                     "sk-ssh-ed25519@openssh.com",
                                                     "sk-ecdsa-sha2-nistp256@openssh.com"};
  const std::size_t type_end = std::min(line.find(' '), line.size());
  if (std::find(types.begin(), types.end(), line.substr(0, type_end)) == types.end()) return false;
  line.remove_prefix(std::min(type_end + 1, line.size()));
  const std::string_view data = line.substr(0, line.find(' '));
  const bool is_base64 = std::all_of(data.begin(), data.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=';
  });
  return is_base64 && data.size() >= min_ssh_bytes && line.size() <= max_ssh_bytes && is_printable(line);
}

class Checks {
 public:
  void need(bool good, std::string_view option, std::string_view must) {
    if (!good) problems.push_back(fmt::format("{} {}", option, must));
  }
  std::vector<std::string> problems;
};

void check_secrets(const UserData& wanted, Checks& checks) {
  const std::string key = trimmed(wanted.auth_key);
  const bool own = !wanted.login_server.empty();  // a headscale makes keys of another form
  if (key.starts_with("tskey-api-") || key.starts_with("tskey-client-")) {
    checks.need(false, "--auth-key-file",
                "holds a long-lived secret of the tailnet (an API token or OAuth client), which no VM may have: mint a "
                "one-off, pre-authorised, tagged auth key that ends soon");
  } else {
    checks.need(matches(key, "tskey-auth-[A-Za-z0-9]{4,64}-[A-Za-z0-9]{8,128}") ||
                    (own && matches(key, "hskey-auth-[A-Za-z0-9_-]{8,200}|[0-9a-f]{48}")),
                "--auth-key-file",
                own ? "must hold an auth key: tskey-auth-…, hskey-auth-… or 48 hex digits"
                    : "must hold an auth key: tskey-auth-… (another form only with --login-server)");
  }
  const std::string code = trimmed(wanted.enrol_code);
  if (matches(code, "[0-9a-f]{64}")) {
    checks.need(false, "--enrol-code-file",
                "holds a node key, which is long-lived: give a code of aura-control enroll");
  } else {
    checks.need(matches(code, "[0-9a-f]{32}"), "--enrol-code-file",
                "must hold a code of aura-control enroll: 32 hex digits");
  }
}

bool has_long_lived(const std::string& text) {
  constexpr std::array words = {"tskey-api-", "tskey-client-", "tskey-auth-", "hskey-auth-", "PRIVATE KEY-----"};
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return text.find(word) != text.npos; });
}

void check_package(const UserData& wanted, Checks& checks) {
  const bool by_url = !wanted.package_url.empty();
  const bool by_apt = !wanted.apt_source.empty();
  checks.need(by_url != by_apt, "--package-url",
              "or --apt-source-file says where aura-node comes from: give one of them");
  if (by_url) {
    checks.need(is_url(wanted.package_url, true), "--package-url",
                "must be http:// or https:// with a host and a path");
    checks.need(matches(wanted.package_sha256, "[0-9a-f]{64}"), "--package-sha256",
                "must be the package's SHA-256: 64 hex digits, lower case");
    checks.need(wanted.version.empty(), "--version", "goes with --apt-source-file only");
  }
  if (by_apt) {
    checks.need(wanted.package_sha256.empty(), "--package-sha256", "goes with --package-url only");
    checks.need(
        wanted.apt_source.find("Types:") != std::string::npos && wanted.apt_source.find("URIs:") != std::string::npos,
        "--apt-source-file", "must be a deb822 source with Types: and URIs:");
    checks.need(wanted.version.empty() || matches(wanted.version, "[0-9][A-Za-z0-9.+~:-]{0,63}"), "--version",
                "must be a Debian version such as 0.8.0");
  }
}

void check_tailscale(const UserData& wanted, Checks& checks) {
  checks.need(wanted.login_server.empty() || is_url(wanted.login_server, false), "--login-server",
              "must be http:// or https:// with a host");
  checks.need(wanted.tags.size() <= max_items &&
                  std::all_of(wanted.tags.begin(), wanted.tags.end(),
                              [](const std::string& tag) { return matches(tag, "tag:[A-Za-z][A-Za-z0-9-]{0,49}"); }),
              "--tag", "must be tag: and a name, such as tag:node");
  if (wanted.tailscale_apt_key.empty()) return;
  const std::string& key = wanted.tailscale_apt_key;
  checks.need(is_url(wanted.tailscale_apt_uri, false), "--tailscale-apt-uri",
              "must be http:// or https:// with a host");
  checks.need(matches(wanted.tailscale_apt_suite, "[A-Za-z0-9./-]{0,64}"), "--tailscale-apt-suite",
              "must be a suite's name such as bookworm");
  checks.need(matches(wanted.tailscale_apt_component, "[A-Za-z0-9./-]{0,64}"), "--tailscale-apt-component",
              "must be a component's name such as main");
  const bool armoured = key.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----");
  checks.need(armoured && std::all_of(key.begin(), key.end(),
                                      [](char c) { return c == '\n' || c == '\r' || (c >= ' ' && c <= '~'); }),
              "--tailscale-apt-key-file", "must be an OpenPGP public key in ASCII armour (gpg --enarmor)");
}

void check_files(const UserData& wanted, Checks& checks) {
  checks.need(wanted.ssh_keys.size() <= max_items, "--ssh-key-file", "may be given 64 times");
  for (const std::string& key : wanted.ssh_keys) {
    checks.need(is_ssh_key(trimmed(key)), "--ssh-key-file",
                "must hold one public key, such as ssh-ed25519 AAAA… ann@example.com");
  }
  checks.need(wanted.workloads.size() <= max_items, "--workload", "may be given 64 times");
  std::vector<std::string> names;
  for (const WorkloadFile& file : wanted.workloads) {
    const std::string option = fmt::format("--workload {}", protocol::valid_utf8(file.name));
    checks.need(matches(file.name, "[a-z0-9][a-z0-9-]{0,40}\\.toml"), option,
                "must be called NAME.toml, NAME of a-z 0-9 -");
    checks.need(protocol::valid_utf8(file.content) == file.content, option, "must be UTF-8 text");
    checks.need(!has_long_lived(file.content), option,
                "holds a key: user-data can be read on the VM for ever; hand secrets over as credentials");
    checks.need(std::find(names.begin(), names.end(), file.name) == names.end(), option, "is given twice");
    names.push_back(file.name);
  }
}

}  // namespace

std::vector<std::string> problems_of(const UserData& wanted) {
  Checks checks;
  checks.need(is_node_id(wanted.node_id), "--node-id", "must be 1 to 63 of a-z 0-9 -, and not begin with -");
  checks.need(matches(wanted.hostname.empty() ? wanted.node_id : wanted.hostname, "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"),
              "--hostname", "must be one label of RFC 1123: 1 to 63 of a-z 0-9 -, neither first nor last a -");
  checks.need(wanted.tenant.size() <= max_tenant_bytes && matches(wanted.tenant, "[A-Za-z0-9 ._@:/+-]*"), "--tenant",
              "must be at most 128 of letters, digits, blank and . _ @ : / + -");
  checks.need(is_url(wanted.control_url, false), "--control-url",
              "must be http:// or https:// with a host, at most with a port and a path");
  checks.need(wanted.control_auth == "tailnet" || wanted.control_auth == "token", "--control-auth",
              "must be tailnet or token");
  checks.need(wanted.control_auth != "token" || is_private(wanted.control_url), "--control-url",
              "must be https:// or a loopback address with --control-auth token");
  checks.need(wanted.report_url.empty() || (is_url(wanted.report_url, false) && is_private(wanted.report_url)),
              "--report-url", "must be https:// or a loopback address: the enrolment code is sent there");
  checks.need(wanted.deadline_s >= min_deadline_s && wanted.deadline_s <= max_deadline_s, "--deadline-s",
              "must be 60 to 7200");
  check_secrets(wanted, checks);
  check_package(wanted, checks);
  check_tailscale(wanted, checks);
  check_files(wanted, checks);
  return checks.problems;
}

}  // namespace aura::control::provision
