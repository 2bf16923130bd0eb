#include "agent/host/machine.hpp"
#include "tests/unit/host/tree.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura;

TEST_CASE("a credential is found by its name, however systemd names its file", "[host]") {
  testing::Tree tree;
  tree.write("", "plain", "one\n");
  tree.write("", "aura-node.imported", "two");
  tree.write("", "aura-node_of-a-folder", "three\n\n");
  tree.write("", "aura-node-encrypted_sealed", "four");
  CHECK(host::credential(tree.path, "plain") == "one");
  CHECK(host::credential(tree.path, "imported") == "two");
  CHECK(host::credential(tree.path, "of-a-folder") == "three\n");
  CHECK(host::credential(tree.path, "sealed") == "four");
}

TEST_CASE("a credential of that very name goes before one of a folder", "[host]") {
  testing::Tree tree;
  tree.write("", "aura-node_key", "folder");
  CHECK(host::credential(tree.path, "key") == "folder");
  tree.write("", "key", "own");
  CHECK(host::credential(tree.path, "key") == "own");
}

TEST_CASE("no credential is read where there is none, nor from outside the folder", "[host]") {
  testing::Tree tree;
  tree.write("", "key", "own");
  CHECK_FALSE(host::credential(tree.path, "other"));
  CHECK_FALSE(host::credential(tree.path + "/sub", "../key"));
  CHECK_FALSE(host::credential(tree.path, ""));
  CHECK_FALSE(host::credential("", "key"));
}
