#include "agent/host/usage.hpp"
#include "tests/unit/host/tree.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace aura;
using testing::Tree;

namespace {

const std::string id(64, 'a');
constexpr int pid = 77;
constexpr const char* headings =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "
    "compressed\n";

void write_version_2(const Tree& tree, const std::string& folder) {
  tree.write(folder, "memory.current", "22200320\n");
  tree.write(folder, "memory.max", "67108864\n");
  tree.write(folder, "memory.stat",
             "anon 94208\nfile 20975616\nkernel 4096\ninactive_file 20000000\nactive_file 4096\n");
  tree.write(folder, "cpu.stat", "usage_usec 909358\nuser_usec 9358\nsystem_usec 900000\nnr_periods 0\n");
  tree.write(folder, "pids.current", "2\n");
  tree.write(folder, "memory.events", "low 0\noom 4\noom_kill 3\n");
  tree.write(
      folder, "io.stat",
      "253:0 rbytes=1000 wbytes=20 rios=1 wios=1 dbytes=7 dios=1\n253:16 rbytes=5 wbytes=6 rios=1 wios=1\n8:0 \n");
}

void write_version_1(const Tree& tree, const std::string& path) {
  tree.write("memory/" + path, "memory.usage_in_bytes", "22200320\n");
  tree.write("memory/" + path, "memory.limit_in_bytes", "67108864\n");
  tree.write("memory/" + path, "memory.stat", "cache 20975616\ninactive_file 1\ntotal_inactive_file 20000000\n");
  tree.write("cpuacct/" + path, "cpuacct.usage", "909358099\n");
  tree.write("pids/" + path, "pids.current", "2\n");
  tree.write("memory/" + path, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  tree.write("blkio/" + path, "blkio.throttle.io_service_bytes_recursive",
             "253:0 Read 1000\n253:0 Write 20\n253:0 Sync 1020\n253:0 Async 0\n253:0 Total 1020\n"
             "253:16 Read 5\n253:16 Write 6\nTotal 1031\n");
}

void write_network(const Tree& tree, const std::string& process, const std::string& interface_lines) {
  tree.write("proc/" + process + "/net", "dev", headings + interface_lines);
}

}  // namespace

TEST_CASE("a container's figures are read with either version of cgroups, wherever its cgroup is") {
  const Tree tree;
  const std::string parent = "customers.slice/docker-" + id + ".scope";
  int known_pid = 0;
  SECTION("1, cgroupfs") { write_version_1(tree, "docker/" + id); }
  SECTION("1, systemd") { write_version_1(tree, "system.slice/docker-" + id + ".scope"); }
  SECTION("1, another parent, controllers that share a folder") {
    known_pid = pid;
    write_version_1(tree, parent);
    tree.write("proc/77", "cgroup",
               "9:name=systemd:/" + parent + "\n8:pids:/" + parent + "\n7:blkio:/" + parent + "\n4:memory:/" + parent +
                   "\n2:cpu,cpuacct:/" + parent + "\n0::/" + parent + "\n");
  }
  SECTION("2, cgroupfs") { write_version_2(tree, "docker/" + id); }
  SECTION("2, systemd") { write_version_2(tree, "system.slice/docker-" + id + ".scope"); }
  SECTION("2, another parent, its process in a cgroup of its own making below") {
    known_pid = pid;
    write_version_2(tree, parent);
    tree.write("proc/77", "cgroup", "0::/" + parent + "/init.scope\n");
  }
  const auto usage = host::usage(tree.roots(), id, known_pid);
  REQUIRE(usage);
  CHECK(usage->memory_bytes == 22'200'320);
  CHECK(usage->inactive_file_bytes == 20'000'000);
  CHECK(usage->working_set_bytes == 2'200'320);
  CHECK(usage->memory_limit_bytes == 67'108'864);
  CHECK(usage->cpu_us == 909'358);
  CHECK(usage->pids == 2);
  CHECK(usage->oom_kills == 3);
  CHECK(usage->block_read_bytes == 1005);
  CHECK(usage->block_write_bytes == 26);
  CHECK_FALSE(usage->network);
}

TEST_CASE("a container that is not there has no figures") {
  const Tree tree;
  CHECK_FALSE(host::usage(tree.roots(), id, 0));
  CHECK_FALSE(host::usage(tree.roots(), id, pid));
  CHECK_FALSE(host::usage(tree.roots(), "", pid));
  tree.write("proc/77", "cgroup", "4:memory:/docker/" + id + "\n");
  CHECK_FALSE(host::usage(tree.roots(), id, pid));
}

TEST_CASE("without a limit of its own a container's limit is 0") {
  const Tree tree;
  SECTION("1") {
    write_version_1(tree, "docker/" + id);
    tree.write("memory/docker/" + id, "memory.limit_in_bytes", "9223372036854771712\n");
  }
  SECTION("2") {
    write_version_2(tree, "docker/" + id);
    tree.write("docker/" + id, "memory.max", "max\n");
  }
  const auto usage = host::usage(tree.roots(), id, 0);
  REQUIRE(usage);
  CHECK(usage->memory_limit_bytes == 0);
}

TEST_CASE("a figure whose file is missing or absurd is 0, the others hold") {
  const Tree tree;
  SECTION("1") {
    tree.write("cpuacct/docker/" + id, "cpuacct.usage", "5000\n");
    tree.write("memory/docker/" + id, "memory.usage_in_bytes", "-3\n");
    tree.write("memory/docker/" + id, "memory.stat", "total_inactive_file\ntotal_inactive_file many\n");
    tree.write("pids/docker/" + id, "pids.current", "99999999999999999999999\n");
    tree.write("blkio/docker/" + id, "blkio.throttle.io_service_bytes", "253:0\n\n253:0 Read\n253:0 Write x\n");
  }
  SECTION("2") {
    tree.write("docker/" + id, "cpu.stat", "usage_usec 5\n");
    tree.write("docker/" + id, "memory.current", "");
    tree.write("docker/" + id, "io.stat", "rbytes=\n253:0 rbytes=-1 wbytes=1e9\n");
    tree.write("docker/" + id, "memory.stat", std::string(300 * 1024, 'x'));
  }
  const auto usage = host::usage(tree.roots(), id, 0);
  REQUIRE(usage);
  CHECK(*usage == ports::ContainerUsage{.cpu_us = 5});
}

TEST_CASE("page cache beyond what is charged leaves a working set of 0, and sums stay at the top") {
  const Tree tree;
  write_version_2(tree, "docker/" + id);
  tree.write("docker/" + id, "memory.current", "4096\n");
  tree.write("docker/" + id, "io.stat", "1:0 rbytes=18446744073709551615\n2:0 rbytes=18446744073709551615\n");
  const auto usage = host::usage(tree.roots(), id, 0);
  REQUIRE(usage);
  CHECK(usage->working_set_bytes == 0);
  CHECK(usage->block_read_bytes == 18446744073709551615ull);
}

TEST_CASE("a container's network is counted without lo, and only in a network of its own") {
  const Tree tree;
  write_version_2(tree, "docker/" + id);
  tree.write("proc/77", "cgroup", "0::/docker/" + id + "\n");
  write_network(
      tree, "77",
      "    lo:      99       1    0    0    0     0          0         0       99       1    0    0    0     0   "
      "    0          0\n"
      "  eth0:     736       8    0    0    0     0          0         0       42       3    0    0    0     0   "
      "    0          0\n"
      "  eth1:1000 8 0 0 0 0 0 0 2000 3 0 0 0 0 0 0\n");
  write_network(tree, "self", "lo: 1 1 0 0 0 0 0 0 1 0 0 0 0 0 0 0\nens3: 5 1 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n");
  const auto own = host::usage(tree.roots(), id, pid);
  REQUIRE((own && own->network));
  CHECK(own->network->receive_bytes == 1736);
  CHECK(own->network->transmit_bytes == 2042);

  SECTION("the namespaces tell that it is the host's") {
    tree.write("proc/77/ns", "net", "");
    std::filesystem::create_directories(tree.path + "/proc/self/ns");
    std::filesystem::create_hard_link(tree.path + "/proc/77/ns/net", tree.path + "/proc/self/ns/net");
  }
  SECTION("the namespaces are not to be seen, the interfaces are the host's") {
    write_network(tree, "77", "ens3: 5 1 0 0 0 0 0 0 6 0 0 0 0 0 0 0\n");
  }
  SECTION("the process is another's by now") { tree.write("proc/77", "cgroup", "0::/user.slice\n"); }
  SECTION("the process is gone") { std::filesystem::remove_all(tree.path + "/proc/77/net"); }
  const auto none = host::usage(tree.roots(), id, pid);
  REQUIRE(none);
  CHECK_FALSE(none->network);
  CHECK(none->memory_bytes == 22'200'320);
}
