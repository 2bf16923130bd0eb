#include "agent/host/cgroup.hpp"
#include "tests/unit/host/tree.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace aura;
using testing::Tree;

namespace {

const std::string id(64, 'a');

}  // namespace

TEST_CASE("the kernel's kills are read with either version of cgroups and either driver of Docker's") {
  const std::string version_1 = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
  const std::string version_2 = "low 0\nhigh 0\nmax 12\noom 2\noom_kill 3\noom_group_kill 0\n";
  const Tree tree;
  SECTION("1, cgroupfs") { tree.write("memory/docker/" + id, "memory.oom_control", version_1); }
  SECTION("1, systemd") { tree.write("memory/system.slice/docker-" + id + ".scope", "memory.oom_control", version_1); }
  SECTION("2, cgroupfs") { tree.write("docker/" + id, "memory.events", version_2); }
  SECTION("2, systemd") { tree.write("system.slice/docker-" + id + ".scope", "memory.events", version_2); }
  CHECK(host::oom_kills(tree.roots(), id, 0) == 3);
}

TEST_CASE("a container that is not there, or a counter that does not count, says nothing") {
  const Tree tree;
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 0));
  tree.write("memory/docker/" + id, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 0));
  tree.write("docker/" + id, "memory.events", "oom_kill many\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 0));
}

TEST_CASE("the kernel's kills are read under another cgroup parent, where the process is known") {
  const Tree tree;
  tree.write("memory/customers/" + id, "memory.oom_control", "oom_kill 4\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 0));
  tree.write("proc/77", "cgroup", "9:memory:/customers/" + id + "\n0::/\n");
  CHECK(host::oom_kills(tree.roots(), id, 77) == 4);
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 78));
}

TEST_CASE("a process that is not the container's leads to nothing of another's") {
  const Tree tree;
  const std::string other(64, 'b');
  tree.write("memory/customers/" + other, "memory.oom_control", "oom_kill 4\n");
  tree.write("proc/77", "cgroup", "9:memory:/customers/" + other + "\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 77));
  CHECK_FALSE(host::Cgroup(tree.roots(), id, 77).pid_is_its());
}

TEST_CASE("no path leads out of the folder of cgroups") {
  const Tree tree;
  tree.write("elsewhere/" + id, "memory.oom_control", "oom_kill 4\n");
  tree.write("memory", "x", "");
  tree.write("proc/77", "cgroup", "9:memory:/../elsewhere/" + id + "\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), id, 77));
  tree.write("memory/docker/a/b", "memory.oom_control", "oom_kill 4\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), "a/b", 0));
  tree.write("memory/docker", "memory.oom_control", "oom_kill 4\n");
  CHECK_FALSE(host::oom_kills(tree.roots(), "", 0));
}
