#include "common/files.hpp"
#include "control/cli/commands.hpp"
#include "control/cli/exit_codes.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace aura::control::cli {
namespace {

constexpr std::size_t max_file_bytes = 64 * 1024;  // more fits into no user-data
constexpr mode_t owner_only = 0600;
constexpr const char* vendor_apt_uri = "https://pkgs.tailscale.com/stable/debian";

Result<std::string> read_input() {
  std::string out;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (got < 0) return errno_error(errno, "cannot read the standard input");
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
    if (out.size() > max_file_bytes) return Error{Errc::too_large, "the standard input holds more than 64 KiB"};
  }
}

// The content of the files that the options name, into the values; what fails is kept, the first of it.
class Reader {
 public:
  void read(const std::string& path, std::string& into) {
    if (failed || path.empty()) return;
    auto text = path == "-" ? read_input() : read_file(path, max_file_bytes);
    if (text.has_error()) {
      failed = text.error();
      return;
    }
    into = std::move(*text);
  }
  std::optional<Error> failed;
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

int render_user_data(UserDataOptions options) {
  if (options.enrol_code_file == "-" && options.auth_key_file == "-") {
    return report_usage("only one of --enrol-code-file and --auth-key-file can be the standard input");
  }
  provision::UserData& values = options.values;
  if (values.tailscale_apt_uri.empty()) values.tailscale_apt_uri = vendor_apt_uri;
  Reader reader;
  reader.read(options.enrol_code_file, values.enrol_code);
  reader.read(options.auth_key_file, values.auth_key);
  reader.read(options.apt_source_file, values.apt_source);
  reader.read(options.tailscale_apt_key_file, values.tailscale_apt_key);
  for (const std::string& path : options.ssh_key_files) reader.read(path, values.ssh_keys.emplace_back());
  for (const std::string& path : options.workload_files) {
    provision::WorkloadFile& file = values.workloads.emplace_back();
    file.name = base_name(path);
    reader.read(path, file.content);
  }
  if (reader.failed) return report_usage(reader.failed->message);
  const auto text = provision::render_user_data(values);
  if (text.has_error()) return report_usage(text.error().message);
  if (options.output.empty()) {
    const bool written = std::fwrite(text->data(), 1, text->size(), stdout) == text->size() && std::fflush(stdout) == 0;
    return written ? exit_ok : report(errno_error(errno, "cannot write the standard output"));
  }
  const auto written = write_file_durably(options.output, *text, owner_only);
  return written.has_error() ? report(written.error()) : exit_ok;
}

}  // namespace aura::control::cli
