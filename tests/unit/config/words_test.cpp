#include "agent/config/words.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura::config;

TEST_CASE("sizes are whole numbers with binary or decimal units") {
  CHECK(parse_size("2GiB") == 2LL << 30);
  CHECK(parse_size("512MiB") == 512LL << 20);
  CHECK(parse_size("1KiB") == 1024);
  CHECK(parse_size("500MB") == 500000000);
  CHECK(parse_size("7kB") == 7000);
  CHECK(parse_size("4096") == 4096);
  CHECK(parse_size("4096B") == 4096);
  for (const char* bad : {"", "GiB", "2 GiB", "1.5GiB", "-1MiB", "+1", "2gib", "2G", "9999999999TiB", "0x10"}) {
    INFO(bad);
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("signals are known by their names, with or without SIG") {
  CHECK(normal_signal("SIGTERM") == "SIGTERM");
  CHECK(normal_signal("int") == "SIGINT");
  CHECK(normal_signal("SIGRTMIN+3") == "SIGRTMIN+3");
  CHECK(normal_signal("RTMAX-2") == "SIGRTMAX-2");
  for (const char* bad : {"", "SIG", "15", "SIGFOO", "SIGRTMIN+31", "SIGRTMIN-1", "SIGRTMIN+"}) {
    INFO(bad);
    CHECK_FALSE(normal_signal(bad));
  }
}

TEST_CASE("capabilities are known by their names, with or without CAP_") {
  CHECK(normal_capability("CAP_NET_ADMIN") == "NET_ADMIN");
  CHECK(normal_capability("net_raw") == "NET_RAW");
  CHECK(normal_capability("ALL") == "ALL");
  CHECK_FALSE(normal_capability("NET_ADMINISTRATOR"));
  CHECK_FALSE(normal_capability(""));
}

TEST_CASE("paths lose doubled and last slashes, and dots are refused") {
  CHECK(normal_path("/srv/a") == "/srv/a");
  CHECK(normal_path("//srv///a/") == "/srv/a");
  CHECK(normal_path("/") == "/");
  CHECK(normal_path("/srv/..a") == "/srv/..a");
  for (const char* bad : {"", "srv", "./srv", "/srv/../etc", "/srv/.", "/.."}) {
    INFO(bad);
    CHECK_FALSE(normal_path(bad));
  }
}

TEST_CASE("image references follow the grammar of the registries") {
  const std::string digest(64, 'a');
  for (const std::string& good :
       {std::string("redis"), std::string("redis:7"), std::string("library/redis:7-alpine"),
        std::string("ghcr.io/openclaw/openclaw"), "ghcr.io/openclaw/openclaw@sha256:" + digest,
        "localhost:5000/a/b__c:v1@sha256:" + digest, std::string("[::1]:5000/a"), std::string("a--b/c.d")}) {
    INFO(good);
    CHECK(is_image_reference(good));
  }
  for (const std::string& bad :
       {std::string(""), std::string("Redis"), std::string("redis:"), std::string("redis:-x"), std::string("a b"),
        std::string("redis@sha256:abc"), std::string("/redis"), std::string("redis/"), std::string("a..b/c"),
        std::string("host.io:0/x"), std::string("host.io:99999/x"), std::string("a_-b"), "redis@md5:" + digest,
        "redis:" + std::string(129, 'x'), std::string("http://ghcr.io/x"), std::string("-x.io/y")}) {
    INFO(bad);
    CHECK_FALSE(is_image_reference(bad));
  }
}

TEST_CASE("an image without a registry comes from docker.io") {
  CHECK(image_name("redis:7").registry == "docker.io");
  CHECK(image_name("redis:7").path == "library/redis");
  CHECK(image_name("index.docker.io/redis").path == "library/redis");
  CHECK(image_name("owner/app").path == "owner/app");
  CHECK(image_name("localhost:5000/app:1").registry == "localhost:5000");
  CHECK(image_name("ghcr.io/a/b@sha256:00").path == "a/b");
}

TEST_CASE("addresses of control planes are http or https without credentials in them") {
  const auto url = parse_url("https://Control.Example:8443/base");
  REQUIRE(url);
  CHECK(url->scheme == "https");
  CHECK(url->host == "control.example");
  CHECK(url->port == 8443);
  CHECK(url->path == "/base");
  CHECK(parse_url("http://[::1]:80")->host == "::1");
  CHECK(parse_url("http://10.0.0.1")->port == 0);
  for (const char* bad : {"", "control", "ftp://a", "http://", "http://a:0", "http://a:70000", "http://user@a",
                          "http://a b", "http://a/#x", "http://a\n", "https:/a", "http://[::g]"}) {
    INFO(bad);
    CHECK_FALSE(parse_url(bad));
  }
}

TEST_CASE("only literal addresses of the loopback network are loopback") {
  for (const char* good : {"127.0.0.1", "127.9.9.9", "::1"}) CHECK(is_loopback_address(good));
  for (const char* bad : {"localhost", "0.0.0.0", "::", "128.0.0.1", "127.1", "::ffff:127.0.0.1", "127.0.0.1:80", ""}) {
    INFO(bad);
    CHECK_FALSE(is_loopback_address(bad));
  }
}

TEST_CASE("{tenant} may stand in the name of a credential, any other brace may not") {
  CHECK(is_credential_name("{tenant}-crm.key"));
  CHECK(is_credential_name("{tenant}"));
  CHECK_FALSE(is_credential_name("{node}-key"));
  CHECK_FALSE(is_credential_name("{tenant"));
  CHECK_FALSE(is_credential_name(""));
  CHECK(with_tenant("{tenant}-a-{tenant}", "acme") == "acme-a-acme");
}

TEST_CASE("an address with a port needs brackets around IPv6") {
  CHECK(parse_address_port("127.0.0.1:1055")->port == 1055);
  CHECK(parse_address_port("[::1]:80")->address == "::1");
  for (const char* bad : {"::1:80", "[127.0.0.1]:80", "127.0.0.1", "127.0.0.1:0", "host:80", ":80"}) {
    INFO(bad);
    CHECK_FALSE(parse_address_port(bad));
  }
}

TEST_CASE("a word that is nearly right is recognised, another one is not") {
  const std::vector<std::string> known{"image", "command", "env", "mounts", "ports"};
  CHECK(closest("imgae", known) == "image");
  CHECK(closest("mount", known) == "mounts");
  CHECK_FALSE(closest("volumes", known));
  CHECK_FALSE(closest("x", known));
}
