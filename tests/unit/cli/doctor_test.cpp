#include "agent/cli/doctor.hpp"

#include "agent/cli/answers.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <string>

#include <stdlib.h>
#include <sys/stat.h>

namespace aura::cli {
namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/aura-cli-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

constexpr std::uint64_t gib = 1ULL << 30;

}  // namespace

TEST_CASE(
    "a state directory that others can read is a warning, one they can write is bad, with the command that mends it") {
  const Folder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  CHECK(check_state_directory(folder.path()).level == Level::warning);
  REQUIRE(::chmod(folder.path().c_str(), 0770) == 0);
  const Finding open = check_state_directory(folder.path());
  CHECK(open.level == Level::bad);
  CHECK(open.fix == "chmod 0700 " + folder.path());
  REQUIRE(::chmod(folder.path().c_str(), 0700) == 0);
  CHECK(check_state_directory(folder.path()).level == Level::ok);
}

TEST_CASE("a state directory that is not there yet is a warning, a file in its place is bad") {
  const Folder folder;
  const std::string path = folder.path() + "/state";
  CHECK(check_state_directory(path).level == Level::warning);
  std::ofstream(path) << "x";
  CHECK(check_state_directory(path).level == Level::bad);
}

TEST_CASE("a workloads folder that group or others may write is bad") {
  const Folder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  CHECK(check_workloads_folder(folder.path()).level == Level::warning);
  std::ofstream(folder.path() + "/web.toml") << "image = \"nginx\"\n";
  CHECK(check_workloads_folder(folder.path()).level == Level::ok);
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  CHECK(check_workloads_folder(folder.path()).level == Level::bad);
  CHECK(check_workloads_folder(folder.path() + "/none").level == Level::bad);
}

TEST_CASE("little space is a warning, next to none is bad") {
  CHECK(judge_space("/", 10 * gib, 40 * gib).level == Level::ok);
  CHECK(judge_space("/", gib / 2, 40 * gib).level == Level::warning);
  CHECK(judge_space("/", gib / 16, 40 * gib).level == Level::bad);
}

TEST_CASE("without an agent doctor asks Docker itself and says how to start it") {
  config::Config config;
  config.docker.socket = "/nonexistent/docker.sock";
  const Finding finding = check_docker(config, {});
  CHECK(finding.level == Level::bad);
  CHECK(finding.text.find("/nonexistent/docker.sock") != std::string::npos);
  CHECK(finding.fix.find("systemctl start docker") != std::string::npos);
}

TEST_CASE("with an agent its word on Docker and the control plane holds") {
  config::Config config;
  config.control.url = "http://127.0.0.1:1";
  config.control.auth = "token";
  protocol::Report report;
  report.docker_known = true;
  report.docker = "ok 27.3.1 (API 1.47)";
  report.control = "away for 3 min: refused";
  CHECK(check_docker(config, report).level == Level::ok);
  CHECK(check_control(config, report).level == Level::bad);
  report.control = "ok, heard 2 s ago";
  CHECK(check_control(config, report).level == Level::ok);
  report.docker_known = false;
  CHECK(check_docker(config, report).level == Level::bad);
}

TEST_CASE("no control plane is no finding") { CHECK(check_control(config::Config{}, {}).level == Level::ok); }

TEST_CASE("an agent that is not there is bad, with the command that starts it") {
  const AgentSeen seen = check_agent("/nonexistent/agent.sock");
  CHECK(seen.finding.level == Level::bad);
  CHECK(seen.finding.fix.find("systemctl start aura-node") != std::string::npos);
  CHECK_FALSE(seen.report.has_value());
}

TEST_CASE("findings as JSON say whether anything is bad") {
  CHECK(encode_findings({{"disk", Level::warning, "little", "more"}}) ==
        R"({"ok":true,"findings":[{"subject":"disk","level":"warning","text":"little","fix":"more"}]})");
  CHECK(encode_findings({{"disk", Level::bad, "none", "some"}}).starts_with(R"({"ok":false)"));
}

}  // namespace aura::cli
