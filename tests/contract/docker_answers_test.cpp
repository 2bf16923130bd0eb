// What DockerEngine makes of broken, slow and strange answers: unknown is never absent.
#include "tests/contract/scripted_docker.hpp"

#include <algorithm>

namespace aura::contract {
namespace {

const std::string id(64, 'a');

ScriptedDocker::Answer always(Script script) {
  return [script](const std::string&) { return script; };
}

std::string message(const std::string& text) { return "{\"message\":\"" + text + "\"}"; }

}  // namespace

TEST_CASE("an answer that is no JSON, or JSON of another form, is a bad reply") {
  for (const char* body : {"", "garbage", "{\"a\":", "[{\"Id\":7}]", "[{\"Id\":\"short\"}]", "{}", "[1]"}) {
    INFO(body);
    ScriptedDocker docker(always(answer(200, body)));
    CHECK(docker.run(docker.engine().list()).error().code == Errc::bad_reply);
    CHECK(docker.run(docker.engine().inspect(id)).error().code == Errc::bad_reply);
  }
}

TEST_CASE("an answer cut in the middle is unavailable") {
  Script half{{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[]"}};
  ScriptedDocker docker(always(half));
  CHECK(docker.run(docker.engine().list()).error().code == Errc::unavailable);
}

TEST_CASE("an empty listing is a listing") {
  ScriptedDocker docker(always(answer(200, "[]")));
  const auto listed = docker.run(docker.engine().list());
  REQUIRE(listed);
  CHECK(listed->empty());
}

TEST_CASE("a state that is not known is listed as unknown") {
  ScriptedDocker docker(always(answer(200, "[{\"Id\":\"" + id + "\",\"Names\":[\"/x\"],\"State\":\"hovering\"}]")));
  const auto listed = docker.run(docker.engine().list());
  REQUIRE(listed);
  CHECK(listed->at(0).phase == reconcile::Phase::unknown);
}

TEST_CASE("an answer about another container is a bad reply") {
  const std::string other = "{\"Id\":\"" + std::string(64, 'b') +
                            "\",\"State\":{\"Status\":\"running\",\"StartedAt\":\"2026-11-21T10:00:00Z\"}}";
  ScriptedDocker docker(always(answer(200, other)));
  CHECK(docker.run(docker.engine().inspect(id)).error().code == Errc::bad_reply);
}

TEST_CASE("only Docker's own word makes a container absent") {
  const auto code_of = [](int status, const std::string& body) {
    ScriptedDocker docker(always(answer(status, body)));
    return docker.run(docker.engine().inspect(id)).error().code;
  };
  CHECK(code_of(404, message("No such container: " + id)) == Errc::not_found);
  CHECK(code_of(404, message("network x not found")) == Errc::internal);
  CHECK(code_of(404, "<html>404</html>") == Errc::bad_reply);
  CHECK(code_of(500, message("it broke")) == Errc::internal);
  CHECK(code_of(500, message("write /x: no space left on device")) == Errc::no_space);
  CHECK(code_of(503, "") == Errc::unavailable);
  CHECK(code_of(409, message("busy")) == Errc::conflict);
  CHECK(code_of(301, "") == Errc::bad_reply);
}

TEST_CASE("a run that Docker cannot clear away is a conflict of its start, another refusal is not") {
  const auto code_of = [](const std::string& text) {
    ScriptedDocker docker(always(answer(500, message(text))));
    return docker.run(docker.engine().start(id)).error().code;
  };
  CHECK(code_of("task " + id + ": already exists") == Errc::conflict);
  CHECK(code_of("failed to start shim: mkdir /run/containerd/io.containerd.runtime.v2.task/moby/" + id +
                ": file exists: unknown") == Errc::conflict);
  CHECK(code_of("driver failed programming external connectivity: address already in use") == Errc::internal);
}

TEST_CASE("an engine that does not answer is a timeout") {
  ScriptedDocker docker(always(Script{{}, true}));
  CHECK(docker.run(docker.engine().list()).error().code == Errc::timeout);
  CHECK(docker.run(docker.engine().start(id)).error().code == Errc::timeout);
  CHECK(docker.run(docker.engine().stop(id, 0)).error().code == Errc::timeout);
}

TEST_CASE("an answer beyond its size is too_large") {
  ScriptedDocker docker(always(answer(200, std::string(5 << 20, ' '))));
  CHECK(docker.run(docker.engine().inspect(id)).error().code == Errc::too_large);
}

TEST_CASE("what is so already is a success") {
  ScriptedDocker same(always(answer(304, "")));
  CHECK(same.run(same.engine().start(id)));
  CHECK(same.run(same.engine().stop(id, 1)));
  ScriptedDocker gone(always(answer(404, message("No such container: " + id))));
  CHECK(gone.run(gone.engine().remove(id)));
}

TEST_CASE("a container is never named by less than its full id") {
  ScriptedDocker docker(always(answer(204, "")));
  for (const std::string& name : {std::string("web"), id.substr(0, 12), std::string(64, 'A'), id + "/../x"}) {
    INFO(name);
    CHECK(docker.run(docker.engine().start(name)).error().code == Errc::invalid_argument);
    CHECK(docker.run(docker.engine().inspect(name)).error().code == Errc::invalid_argument);
    CHECK(docker.run(docker.engine().kill_seen({name, "2026-11-21T10:00:00Z"})).error().code == Errc::invalid_argument);
  }
  CHECK(docker.requests().empty());
}

TEST_CASE("a stop asks for its grace, and never for an endless one") {
  ScriptedDocker docker(always(answer(204, "")));
  CHECK(docker.run(docker.engine().stop(id, 330)));
  CHECK(docker.requests().back() == "POST /v1.41/containers/" + id + "/stop?t=330");
  CHECK(docker.run(docker.engine().stop(id, -1)));
  CHECK(docker.requests().back() == "POST /v1.41/containers/" + id + "/stop?t=0");
}

TEST_CASE("a container is created as declared, without a restart policy") {
  ScriptedDocker docker(always(answer(201, "{\"Id\":\"" + id + "\",\"Warnings\":[]}")));
  ports::CreateRequest request;
  request.name = "aura-1-web-1";
  request.labels = {"n1", "web", "nonce", "v1:x"};
  request.spec.image = "nginx:1";
  request.spec.mounts = {{"/srv/a", "/a", false}};
  request.spec.ports = {{"127.0.0.1", 8080, 80, "tcp"}};
  request.spec.resources.memory_bytes = 1 << 30;
  request.spec.stop.grace_s = 33;
  request.spec.security.host_namespaces = {"pid"};
  request.secret_mounts = {{"/run/s/token", "/run/secrets/token", false}};
  request.env = {{"A", "b=c"}};
  request.network = "aura-1";
  REQUIRE(docker.run(docker.engine().create(request)).value() == id);
  CHECK(docker.requests().back() == "POST /v1.41/containers/create?name=aura-1-web-1");
  for (const char* part : {R"("RestartPolicy":{"Name":"no"})", R"("Memory":1073741824,"MemorySwap":1073741824)",
                           R"({"Type":"bind","Source":"/srv/a","Target":"/a","ReadOnly":false})",
                           R"({"Type":"bind","Source":"/run/s/token","Target":"/run/secrets/token","ReadOnly":true})",
                           R"("80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}])", R"("Env":["A=b=c"])",
                           R"("PidMode":"host")", R"("SecurityOpt":["no-new-privileges:true"])", R"("Aliases":["web"])",
                           R"("StopTimeout":33)", R"("aura.workload":"web")", R"("Type":"local")"}) {
    INFO(docker.last_body());
    CHECK(docker.last_body().find(part) != std::string::npos);
  }
  CHECK(docker.last_body().find("\"Cmd\"") == std::string::npos);
}

TEST_CASE("a network that exists is not made again, another driver's is a conflict") {
  const auto network = [](const std::string& driver) {
    return always(answer(
        200, "[{\"Name\":\"aura-1-other\",\"Driver\":\"host\"},{\"Name\":\"aura-1\",\"Driver\":\"" + driver + "\"}]"));
  };
  ScriptedDocker ours(network("bridge"));
  CHECK(ours.run(ours.engine().ensure_network({"aura-1", ""})));
  CHECK(std::none_of(ours.requests().begin(), ours.requests().end(),
                     [](const std::string& request) { return request.starts_with("POST"); }));
  ScriptedDocker foreign(network("macvlan"));
  CHECK(foreign.run(foreign.engine().ensure_network({"aura-1", ""})).error().code == Errc::conflict);
  ScriptedDocker racing([](const std::string& request) {
    return request.starts_with("POST") ? answer(409, message("exists")) : answer(200, "[]");
  });
  CHECK(racing.run(racing.engine().ensure_network({"aura-1", ""})));
}

TEST_CASE("the API version is the engine's, but none newer than ours") {
  const auto path_for = [](const std::string& newest, const std::string& oldest) {
    ScriptedDocker docker(
        [=](const std::string& request) {
          if (request == "GET /_ping") return pong(newest);
          if (request == "GET /version") return answer(200, "{\"MinAPIVersion\":\"" + oldest + "\"}");
          return answer(200, "[]");
        },
        true);
    CHECK(docker.run(docker.engine().list()));
    return docker.requests().back();
  };
  CHECK(path_for("1.24", "1.12") == "GET /v1.24/containers/json?all=1");
  CHECK(path_for("1.41", "1.12") == "GET /v1.41/containers/json?all=1");
  CHECK(path_for("1.55", "1.40") == "GET /v1.47/containers/json?all=1");
  CHECK(path_for("1.70", "1.50") == "GET /v1.50/containers/json?all=1");
}

TEST_CASE("an engine too old, or one that does not name its version, is refused") {
  const auto code_for = [](Script ping) {
    ScriptedDocker docker(always(std::move(ping)), true);
    return docker.run(docker.engine().list()).error().code;
  };
  CHECK(code_for(pong("1.23")) == Errc::not_supported);
  CHECK(code_for(pong("2.0")) == Errc::bad_reply);
  CHECK(code_for(pong("")) == Errc::bad_reply);
  CHECK(code_for(answer(200, "OK")) == Errc::bad_reply);
}

TEST_CASE("the version is asked for once, and again after the engine was away") {
  const auto calls = std::make_shared<int>(0);
  ScriptedDocker docker(
      [calls](const std::string& request) {
        if (request == "GET /_ping") return pong(*calls == 0 ? "1.41" : "1.45");
        ++*calls;
        return *calls == 2 ? Script{} : answer(200, "[]");
      },
      true);
  CHECK(docker.run(docker.engine().list()));
  CHECK(docker.run(docker.engine().list()).error().code == Errc::unavailable);
  CHECK(docker.run(docker.engine().list()));
  CHECK(docker.requests().back() == "GET /v1.45/containers/json?all=1");
  CHECK(std::count(docker.requests().begin(), docker.requests().end(), "GET /_ping") == 2);
}

TEST_CASE("ping names the engine's version and the API in use") {
  ScriptedDocker docker(always(pong("1.46")), true);
  const auto version = docker.run(docker.engine().ping());
  REQUIRE(version);
  CHECK(version->version == "27.0.1");
  CHECK(version->api_version == "1.46");
}

TEST_CASE("an image's digest is the one of its own repository") {
  ScriptedDocker docker(
      always(answer(200, R"({"Id":"sha256:1","RepoDigests":["other@sha256:a","ghcr.io/x/y@sha256:b"]})")));
  CHECK(docker.run(docker.engine().image("ghcr.io/x/y:3")).value().digest == "sha256:b");
  CHECK(docker.requests().back() == "GET /v1.41/images/ghcr.io/x/y%3A3/json");
  CHECK(docker.run(docker.engine().image("z")).value().digest == "sha256:a");
}

}  // namespace aura::contract
