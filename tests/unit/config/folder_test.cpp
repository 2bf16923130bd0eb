#include "agent/config/workload_folder.hpp"

#include "agent/store/spec_codec.hpp"
#include "tests/unit/config/scratch.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/stat.h>
#include <unistd.h>

using namespace aura;
using namespace aura::config;
using namespace aura::config::test;
using Catch::Matchers::ContainsSubstring;

namespace {

using Names = std::set<std::string>;

class Folder {
 public:
  Folder() { scratch_.folder("w"); }

  std::string add(const std::string& name, std::string_view text, mode_t mode = 0644) {
    return scratch_.write("w/" + name, text, mode);
  }
  FolderResult load(const SecretDigest& digest = {}, const std::string& tenant = "") const {
    Policy policy;
    policy.mount_roots = {scratch_.path()};
    return load_folder(path(), policy, {{scratch_ / "state"}, tenant}, digest);
  }
  std::string path() const { return scratch_ / "w"; }
  const Scratch& scratch() const { return scratch_; }

 private:
  Scratch scratch_;
};

Names good_names(const FolderResult& result) {
  Names names;
  for (const auto& [name, declaration] : result.set.good) names.insert(name);
  return names;
}

}  // namespace

TEST_CASE("a folder of good files is a complete set with names, source and hash") {
  Folder folder;
  folder.add("web.toml", "image = \"nginx\"");
  folder.add("db.toml", "image = \"redis\"\n[resources]\nmemory = \"64MiB\"");
  folder.add("README.md", "not a workload");
  folder.add(".web.toml", "an editor's");
  const auto result = folder.load();
  INFO(all(result.problems));
  CHECK(result.problems.empty());
  CHECK(result.set.complete);
  CHECK(result.set.broken.empty());
  REQUIRE(good_names(result) == Names{"db", "web"});
  const auto& db = result.set.good.at("db");
  CHECK(db.name == "db");
  CHECK(db.source == reconcile::Source::file);
  CHECK(db.spec.resources.memory_bytes == 64 << 20);
  CHECK(db.spec_hash == store::spec_hash(db.spec, {}));
}

TEST_CASE("a bad file is broken and reported, its neighbours are not") {
  Folder folder;
  folder.add("web.toml", "image = \"nginx\"");
  const auto file = folder.add("bad.toml", "image = \"nginx\"\nport = []\n");
  const auto result = folder.load();
  CHECK(result.set.complete);
  CHECK(good_names(result) == Names{"web"});
  CHECK(result.set.broken == Names{"bad"});
  REQUIRE(result.problems.size() == 1);
  CHECK(to_string(result.problems[0]) == file + ":2: port: unknown key; did you mean \"ports\"?");
}

TEST_CASE("an empty folder is complete, a missing one is not") {
  Folder folder;
  CHECK(folder.load().set.complete);
  CHECK(folder.load().set.good.empty());
  const auto missing = load_folder(folder.path() + "/none", {}, {}, {});
  CHECK_FALSE(missing.set.complete);
  REQUIRE(missing.problems.size() == 1);
  CHECK(to_string(missing.problems[0]) == folder.path() + "/none: does not exist: create the folder");
  const auto file = load_folder(folder.add("web.toml", "image = \"a\""), {}, {}, {});
  CHECK_FALSE(file.set.complete);
}

TEST_CASE("a folder that others may write is refused whole and withdraws nothing") {
  Folder folder;
  folder.add("web.toml", "image = \"nginx\"");
  ::chmod(folder.path().c_str(), 0775);
  const auto result = folder.load();
  CHECK_FALSE(result.set.complete);
  CHECK(result.set.good.empty());
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0].file == folder.path());
  CHECK_THAT(result.problems[0].message,
             ContainsSubstring("the folder may be written by group or others: chmod go-w it"));
}

TEST_CASE("a file that others may write, or that is no regular file, is refused and named") {
  Folder folder;
  const auto open = folder.add("open.toml", "image = \"a\"", 0646);
  folder.add("group.toml", "image = \"a\"", 0664);
  std::filesystem::create_symlink("/etc/hostname", folder.path() + "/link.toml");
  REQUIRE(::mkfifo((folder.path() + "/pipe.toml").c_str(), 0600) == 0);
  std::filesystem::create_directory(folder.path() + "/dir.toml");
  const auto result = folder.load();
  CHECK(result.set.complete);
  CHECK(result.set.good.empty());
  CHECK(result.set.broken == Names{"dir", "group", "link", "open", "pipe"});
  const std::string text = all(result.problems);
  CHECK_THAT(text, ContainsSubstring(open + ": is refused: the file may be written by group or others"));
  CHECK_THAT(text, ContainsSubstring("link.toml: is refused: it is a symlink"));
  CHECK_THAT(text, ContainsSubstring("pipe.toml: is refused: it is no regular file"));
  CHECK_THAT(text, ContainsSubstring("dir.toml: is refused: it is no regular file"));
}

TEST_CASE("a file or folder of another user is refused and named") {
  if (::geteuid() != 0) return;  // only root can give a file away
  Folder folder;
  const auto file = folder.add("web.toml", "image = \"a\"");
  REQUIRE(::chown(file.c_str(), 12345, 0) == 0);
  CHECK_THAT(all(folder.load().problems),
             ContainsSubstring("the file belongs to user 12345, not to root: chown root it"));
  REQUIRE(::chown(folder.path().c_str(), 12345, 0) == 0);
  CHECK_THAT(all(folder.load().problems), ContainsSubstring("the folder belongs to user 12345, not to root"));
  CHECK_FALSE(folder.load().set.complete);
}

TEST_CASE("a file beyond the size and a workload beyond the number are refused") {
  Folder folder;
  folder.add("big.toml", "image = \"a\"\n#" + std::string(max_workload_file_bytes, 'x'));
  CHECK_THAT(all(folder.load().problems), ContainsSubstring("big.toml: is refused: it is longer than 256 KiB"));
  std::filesystem::remove(folder.path() + "/big.toml");
  for (std::size_t i = 0; i <= max_workloads; ++i)
    folder.add("w" + std::to_string(1000 + i) + ".toml", "image = \"a\"");
  const auto result = folder.load();
  CHECK(result.set.good.size() == max_workloads);
  CHECK(result.set.broken == Names{"w1256"});
  CHECK_THAT(all(result.problems), ContainsSubstring("w1256.toml: is one workload too many: a node takes 256"));
}

TEST_CASE("a file whose name cannot be a workload's is reported and breaks nothing") {
  Folder folder;
  folder.add("Web.toml", "image = \"a\"");
  folder.add("node.toml", "image = \"a\"");
  const auto result = folder.load();
  CHECK(result.set.complete);
  CHECK(result.set.broken.empty());
  CHECK(result.problems.size() == 2);
}

TEST_CASE("the policy and the disk are checked with the line of the item at fault") {
  Folder folder;
  const auto& scratch = folder.scratch();
  const auto file = folder.add("web.toml",
                               "image = \"a\"\nports = [ \"0.0.0.0:80:80\" ]\nmounts = [\n"
                               "  { source = \"/home/x\", target = \"/x\" },\n"
                               "  { source = \"" +
                                   (scratch / "none") +
                                   "\", target = \"/y\" },\n"
                                   "  { source = \"" +
                                   (scratch / "state/a") + "\", target = \"/z\" },\n]\n");
  const auto result = folder.load();
  REQUIRE(result.problems.size() == 4);
  CHECK(result.problems[0].line == 2);
  CHECK(result.problems[0].key == "ports[0]");
  CHECK(result.problems[1].line == 4);
  CHECK_THAT(result.problems[1].message, ContainsSubstring("outside the mount roots"));
  CHECK(result.problems[2].line == 5);
  CHECK_THAT(result.problems[2].message, ContainsSubstring("does not exist: create"));
  CHECK(result.problems[3].line == 6);
  CHECK_THAT(result.problems[3].message, ContainsSubstring("can never be mounted"));
  CHECK(result.problems[3].file == file);
}

TEST_CASE("a cycle of dependencies is printed and refused in each of its files, those that lead to it stay") {
  Folder folder;
  folder.add("a.toml", "image = \"x\"\ndepends_on = { b = \"started\" }");
  folder.add("b.toml", "image = \"x\"\n\n[depends_on]\nc = \"started\"");
  folder.add("c.toml", "image = \"x\"\ndepends_on = { b = \"started\" }");
  const auto result = folder.load();
  CHECK(good_names(result) == Names{"a"});
  CHECK(result.set.broken == Names{"b", "c"});
  REQUIRE(result.problems.size() == 2);
  CHECK(result.problems[0].line == 4);
  CHECK(result.problems[0].key == "depends_on.c");
  CHECK(result.problems[0].message == "is part of a cycle: b -> c -> b: break it");
  CHECK(result.problems[1].key == "depends_on.b");
}

TEST_CASE("a dependency that nobody declares is refused, one whose file is broken is not") {
  Folder folder;
  folder.add("a.toml", "image = \"x\"\ndepends_on = { none = \"started\" }");
  folder.add("b.toml", "image = \"x\"\ndepends_on = { bad = \"started\" }");
  folder.add("bad.toml", "image = 1");
  const auto result = folder.load();
  CHECK(good_names(result) == Names{"b"});
  CHECK_THAT(all(result.problems),
             ContainsSubstring("a.toml:2: depends_on.none: no workload none is declared: add its file or remove"));
}

TEST_CASE("nobody can wait for the completion of what is always restarted") {
  Folder folder;
  folder.add("always.toml", "image = \"x\"");
  folder.add("once.toml", "image = \"x\"\n[restart]\npolicy = \"on_failure\"");
  folder.add("a.toml", "image = \"x\"\ndepends_on = { once = \"completed\" }");
  folder.add("b.toml", "image = \"x\"\ndepends_on = { always = \"completed\" }");
  const auto result = folder.load();
  CHECK(good_names(result) == Names{"a", "always", "once"});
  CHECK_THAT(all(result.problems), ContainsSubstring("b.toml:2: depends_on.always: waits for always to complete"));
}

TEST_CASE("workloads that contradict each other are both refused, and each names the other") {
  Folder folder;
  const auto data = folder.scratch().folder("data");
  folder.scratch().folder("data/inner");
  const auto mount = [](const std::string& source) {
    return "image = \"x\"\nmounts = [ { source = \"" + source + "\", target = \"/d\" } ]\n";
  };
  folder.add("a.toml", mount(data));
  folder.add("b.toml", mount(data));
  folder.add("c.toml", mount(data + "/inner"));
  folder.add("d.toml", "image = \"x\"\nports = [\"80:80\"]");
  folder.add("e.toml", "image = \"x\"\nports = [\"80:81\"]");
  folder.add("f.toml", "image = \"x\"\nports = [\"80:81/udp\"]");
  const auto result = folder.load();
  INFO(all(result.problems));
  CHECK(good_names(result) == Names{"f"});
  CHECK(result.set.broken == Names{"a", "b", "c", "d", "e"});
  CHECK_THAT(all(result.problems),
             ContainsSubstring("a.toml:2: mounts[0]: mount source " + data + " is mounted writable by workload b too"));
  CHECK_THAT(all(result.problems),
             ContainsSubstring("e.toml:2: ports[0]: host port 80/tcp is published by workload d too"));
}

TEST_CASE("a backup must be declared, no primary itself, and free to run without its primary") {
  Folder folder;
  const auto broken = [&](const std::string& text, const std::string& spare) {
    folder.add("web.toml", "image = \"a\"\n" + text);
    folder.add("spare.toml", "image = \"b\"\n" + spare);
    const auto result = folder.load();
    return result.set.broken.contains("web") ? all(result.problems) : std::string();
  };
  CHECK(broken("backup = \"spare\"", "").empty());
  CHECK_THAT(broken("backup = \"nobody\"", ""),
             ContainsSubstring("web.toml:2") && ContainsSubstring("no workload nobody"));
  CHECK_THAT(broken("backup = \"spare\"", "backup = \"web\""), ContainsSubstring("spare has a backup itself"));
  CHECK_THAT(broken("backup = \"spare\"", "[depends_on]\nweb = \"started\""),
             ContainsSubstring("spare depends on this workload"));
  CHECK_THAT(broken("backup = \"spare\"\n[depends_on]\nspare = \"healthy\"", ""),
             ContainsSubstring("this workload depends on spare"));
}

TEST_CASE("a primary and its backup never write to the same mount") {
  Folder folder;
  folder.scratch().folder("data");
  const std::string mount = "[[mounts]]\nsource = \"" + (folder.scratch() / "data") + "\"\ntarget = \"/data\"\n";
  folder.add("web.toml", "image = \"a\"\nbackup = \"spare\"\n" + mount);
  folder.add("spare.toml", "image = \"b\"\n" + mount);
  const auto result = folder.load();
  CHECK(result.set.broken.contains("web"));
  CHECK_THAT(all(result.problems), ContainsSubstring("is mounted writable by workload spare too"));
}

TEST_CASE("the digest of a secret is in the hash only where its change restarts the workload") {
  Folder folder;
  folder.add("web.toml",
             "image = \"x\"\nsecrets = { A = \"quiet\", B = { credential = \"loud\", on_change = \"restart\" } }");
  std::string value = "one";
  std::set<std::string> asked;
  const SecretDigest digest = [&](const std::string& credential) -> std::optional<std::string> {
    asked.insert(credential);
    return value;
  };
  const std::string before = folder.load(digest).set.good.at("web").spec_hash;
  CHECK(asked == Names{"loud"});
  CHECK(folder.load(digest).set.good.at("web").spec_hash == before);
  value = "two";
  CHECK(folder.load(digest).set.good.at("web").spec_hash != before);
}

TEST_CASE("a missing credential whose change restarts makes the file broken, so that nothing is replaced for it") {
  Folder folder;
  folder.add("web.toml", "image = \"x\"\n[secrets.B]\ncredential = \"loud\"\non_change = \"restart\"");
  const auto result = folder.load([](const std::string&) { return std::nullopt; });
  CHECK(result.set.broken == Names{"web"});
  CHECK_THAT(all(result.problems), ContainsSubstring("web.toml:2: secrets.B: there is no credential loud"));
}

TEST_CASE("{tenant} in the name of a credential is the node's tenant") {
  Folder folder;
  folder.add("crm.toml",
             "image = \"crm\"\nregistry_auth = \"{tenant}-registry\"\n"
             "secrets = { KEY = \"{tenant}-crm-key\", PLAIN = \"plain\" }\n"
             "secret_files = { token = { credential = \"{tenant}-{tenant}\", on_change = \"restart\" } }\n"
             "[stop.hook]\nhttp_post = \"http://127.0.0.1:80/\"\nbearer = \"{tenant}-hook\"\n");
  std::vector<std::string> asked;
  const auto note = [&asked](const std::string& credential) {
    asked.push_back(credential);
    return "digest";
  };
  const auto result = folder.load(note, "acme");
  INFO(all(result.problems));
  REQUIRE(good_names(result) == Names{"crm"});
  const auto& spec = result.set.good.at("crm").spec;
  CHECK(spec.registry_auth == "acme-registry");
  CHECK(spec.stop.hook->bearer == "acme-hook");
  CHECK(spec.secrets.at("KEY").credential == "acme-crm-key");
  CHECK(spec.secrets.at("PLAIN").credential == "plain");
  CHECK(spec.secret_files.at("token").credential == "acme-acme");
  CHECK(asked == std::vector<std::string>{"acme-acme"});
}

TEST_CASE("{tenant} on a node without a tenant is a problem that names key, line and remedy") {
  Folder folder;
  folder.add("crm.toml", "image = \"crm\"\n[secrets]\nKEY = \"{tenant}-crm-key\"\n");
  const auto result = folder.load();
  CHECK(result.set.broken == Names{"crm"});
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems[0].key == "secrets.KEY");
  CHECK(result.problems[0].line == 3);
  CHECK_THAT(result.problems[0].message, ContainsSubstring("set node.tenant in agent.toml"));
  CHECK(folder.load({}, std::string(63, 'a') + std::string(60, 'b')).set.broken == Names{"crm"});
}
