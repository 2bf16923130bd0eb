#include "agent/host/cgroup.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace aura;

namespace {

const std::string id(64, 'a');

struct Tree {
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "aura-cgroup-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  void write(const std::string& folder, const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(path + "/" + folder);
    std::ofstream(path + "/" + folder + "/" + file) << text;
  }
  std::string path;
};

}  // namespace

TEST_CASE("the kernel's kills are read with either version of cgroups and either driver of Docker's") {
  const std::string version_1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
  const std::string version_2 = "low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 0\n";
  const Tree tree;
  SECTION("1, cgroupfs") { tree.write("memory/docker/" + id, "memory.oom_control", version_1); }
  SECTION("1, systemd") { tree.write("memory/system.slice/docker-" + id + ".scope", "memory.oom_control", version_1); }
  SECTION("2, cgroupfs") { tree.write("docker/" + id, "memory.events", version_2); }
  SECTION("2, systemd") { tree.write("system.slice/docker-" + id + ".scope", "memory.events", version_2); }
  CHECK(host::oom_kills(tree.path, id) == 3);
}

TEST_CASE("a container that is not there, or a counter that does not count, says nothing") {
  const Tree tree;
  CHECK_FALSE(host::oom_kills(tree.path, id));
  tree.write("memory/docker/" + id, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
  CHECK_FALSE(host::oom_kills(tree.path, id));
  tree.write("docker/" + id, "memory.events", "oom_kill many\n");
  CHECK_FALSE(host::oom_kills(tree.path, id));
}
