// DockerEngine's streams: pulls, events and logs that come in pieces, stall, or break.
#include "agent/docker/json_lines.hpp"
#include "agent/docker/reference.hpp"
#include "agent/docker/registry_auth.hpp"
#include "tests/contract/scripted_docker.hpp"
#include "tests/support/fault_log.hpp"

namespace aura::contract {
namespace {

const std::string id(64, 'a');

// Pull messages, then whether the image is there.
ScriptedDocker::Answer pulling(Script messages, bool image_there) {
  return [=](const std::string& request) {
    if (request.find("/images/create") != std::string::npos) return messages;
    return image_there ? answer(200, R"({"Id":"sha256:1"})") : answer(404, R"({"message":"No such image: x:1"})");
  };
}

Result<void> pull(ScriptedDocker& docker, std::vector<protocol::PullProgress>* told = nullptr) {
  const std::string reference = "x:1";
  return docker.run(docker.engine().pull({reference, ""}, [told](const protocol::PullProgress& progress) {
    if (told != nullptr) told->push_back(progress);
  }));
}

std::string event(const std::string& action, const std::string& attributes = "") {
  return R"({"Type":"container","Action":")" + action + R"(","Actor":{"ID":")" + id + R"(","Attributes":{)" +
         attributes + R"(}},"time":1800000000,"timeNano":1800000000000000001})" + "\n";
}

struct Seen {
  int connected = 0;
  std::vector<ports::EngineEvent> events;
  Errc ended = Errc::internal;
};

Seen read_events(ScriptedDocker& docker) {
  Seen seen;
  const auto ended = docker.run(docker.engine().events(
      0, [&] { ++seen.connected; }, [&](const ports::EngineEvent& one) { seen.events.push_back(one); }));
  seen.ended = ended.error().code;
  return seen;
}

std::string frame(char stream, const std::string& payload) {
  return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(payload.size())} + payload;
}

}  // namespace

TEST_CASE("a pull reports bytes and layers, and asks for exactly one tag") {
  ScriptedDocker docker(pulling(chunked({R"({"status":"Pulling from library/x","id":"1"})"
                                         "\n",
                                         R"({"status":"Pulling fs layer","id":"aa"})"
                                         "\n"
                                         R"({"status":"Already exists","id":"bb"})"
                                         "\n",
                                         R"({"status":"Downloading","id":"aa","progressDetail":{"current":40,"total)",
                                         R"(":100}})"
                                         "\n"
                                         R"({"status":"Pull complete","id":"aa"})"
                                         "\r\n"},
                                        true),
                                true));
  std::vector<protocol::PullProgress> told;
  CHECK(pull(docker, &told));
  CHECK(docker.requests()[1] == "POST /v1.41/images/create?fromImage=x&tag=1");
  REQUIRE(told.size() == 5);
  CHECK(told[3] == protocol::PullProgress{"x:1", 40, 100, 1, 2});
  CHECK(told[4] == protocol::PullProgress{"x:1", 100, 100, 2, 2});
}

TEST_CASE("a reference without a tag means latest, and a digest wins over a tag") {
  const auto asked = [](const std::string& reference) {
    ScriptedDocker docker(pulling(chunked({}, true), true));
    CHECK(docker.run(docker.engine().pull({reference, ""}, [](const auto&) {})));
    return docker.requests()[1].substr(std::string("POST /v1.41/images/create").size());
  };
  CHECK(asked("x") == "?fromImage=x&tag=latest");
  CHECK(asked("host:5000/x") == "?fromImage=host%3A5000%2Fx&tag=latest");
  CHECK(asked("host:5000/x:2") == "?fromImage=host%3A5000%2Fx&tag=2");
  CHECK(asked("x:2@sha256:ab") == "?fromImage=x&tag=sha256%3Aab");
}

TEST_CASE("a login goes to the engine with its registry's host; one that is none is refused and not repeated") {
  const std::string login = R"({"username":"ann","password":"pass>word?"})";
  const auto auth = docker::registry_auth(login, "r.example:5000/x:1");
  REQUIRE(auth);
  CHECK(*auth ==
        "eyJ1c2VybmFtZSI6ImFubiIsInBhc3N3b3JkIjoicGFzcz53b3JkPyIsInNlcnZlcmFkZHJlc3MiOiJyLmV4YW1wbGU6NTAwMCJ9");
  CHECK(docker::registry_auth("", "x:1").value().empty());
  CHECK(docker::registry_of("library/x:1") == "https://index.docker.io/v1/");
  for (const std::string bad : {"secret-word", R"({"username":"secret-word"})", R"({"username":"a","password":7})"}) {
    ScriptedDocker docker(pulling(chunked({}, true), true));
    const auto refused = docker.run(docker.engine().pull({"x:1", bad}, [](const auto&) {}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::invalid_argument);
    CHECK(refused.error().message.find("secret-word") == std::string::npos);
    CHECK(docker.requests().empty());
  }
}

TEST_CASE("an error inside a pull's 200 is typed") {
  const auto code_for = [](const std::string& text) {
    ScriptedDocker docker(pulling(chunked({R"({"status":"Pulling fs layer","id":"aa"})"
                                           "\n",
                                           R"({"errorDetail":{"message":")" + text +
                                               R"("},"error":"x"})"
                                               "\n"},
                                          true),
                                  true));
    return pull(docker).error().code;
  };
  CHECK(code_for("manifest for x:1 not found: manifest unknown") == Errc::not_found);
  CHECK(code_for("pull access denied for x") == Errc::not_found);
  CHECK(code_for("unauthorized: authentication required") == Errc::unauthorized);
  CHECK(code_for("Head https://r/v2/x/manifests/1: no basic auth credentials") == Errc::unauthorized);
  CHECK(code_for("dial tcp 127.0.0.1:5000: connect: connection refused") == Errc::unavailable);
  CHECK(code_for("lookup nowhere.example: no such host") == Errc::unavailable);
  CHECK(code_for("write /x: no space left on device") == Errc::no_space);
  CHECK(code_for("filesystem layer verification failed") == Errc::internal);
}

TEST_CASE("an error before a pull's first message is typed the same way") {
  const auto code_for = [](int status, const std::string& text) {
    ScriptedDocker docker(pulling(answer(status, R"({"message":")" + text + R"("})"), true));
    return pull(docker).error().code;
  };
  CHECK(code_for(500, "Get https://r/v2/: dial tcp: lookup r: no such host") == Errc::unavailable);
  CHECK(code_for(404, "pull access denied for x, repository does not exist") == Errc::not_found);
  CHECK(code_for(404, "some new text") == Errc::not_found);
  CHECK(code_for(500, "some new text") == Errc::internal);
}

TEST_CASE("a pull in which nothing moves is a timeout, also while Docker only tries again") {
  Script silent = chunked({R"({"status":"Pulling fs layer","id":"aa"})"
                           "\n",
                           R"({"status":"Retrying in 5 seconds","id":"aa"})"
                           "\n"},
                          false);
  silent.hold = true;
  ScriptedDocker docker(pulling(silent, true));
  CHECK(pull(docker).error().code == Errc::timeout);
}

TEST_CASE("a pull that ends without the image, breaks off, or talks nonsense has failed") {
  ScriptedDocker early(pulling(chunked({}, true), false));
  CHECK(pull(early).error().code == Errc::unavailable);
  ScriptedDocker broken(pulling(chunked({R"({"status":"Pulling fs layer","id":"aa"})"
                                         "\n"},
                                        false),
                                true));
  CHECK(pull(broken).error().code == Errc::unavailable);
  ScriptedDocker nonsense(pulling(chunked({"nonsense\n"}, true), true));
  CHECK(pull(nonsense).error().code == Errc::bad_reply);
  ScriptedDocker endless(pulling(chunked({std::string(70'000, 'x')}, true), true));
  CHECK(pull(endless).error().code == Errc::bad_reply);
}

TEST_CASE("events split anywhere or several a piece are all told; the end of the stream is unavailable") {
  const std::string all = event("start") + event("die", R"("exitCode":"137")") + event("destroy");
  for (const std::size_t cut : {std::size_t{1}, std::size_t{40}, all.size() / 2, all.size() - 1}) {
    ScriptedDocker docker([&](const std::string&) { return chunked({all.substr(0, cut), all.substr(cut)}, true); });
    const Seen seen = read_events(docker);
    CHECK(seen.connected == 1);
    REQUIRE(seen.events.size() == 3);
    CHECK(seen.events[1].action == "die");
    CHECK(seen.events[1].exit_code == 137);
    CHECK(seen.events[1].container_id == id);
    CHECK(seen.events[1].time_ns == 1'800'000'000'000'000'001);
    CHECK(seen.ended == Errc::unavailable);
  }
}

TEST_CASE("a stream of events that breaks or lies ends with an error") {
  const auto ended_with = [](Script script) {
    ScriptedDocker docker([&](const std::string&) { return script; });
    return read_events(docker).ended;
  };
  CHECK(ended_with(chunked({event("start")}, false)) == Errc::unavailable);
  CHECK(ended_with(chunked({"nonsense\n"}, true)) == Errc::bad_reply);
  CHECK(ended_with(chunked({event("die")}, true)) == Errc::bad_reply);
  CHECK(ended_with(answer(500, R"({"message":"no"})")) == Errc::internal);
}

TEST_CASE("an event beyond any size is left out, the stream goes on, and all is to be looked at anew") {
  testing::FaultLog fault("contract", "an event of Docker larger than 1 MiB",
                          "scripted engine, the event in many pieces");
  const std::string huge = event("start", R"("label":")" + std::string(2 * docker::max_line_bytes, 'x') + R"(")");
  const std::string all = event("create") + huge + event("die", R"("exitCode":"1")");
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{65'536}, all.size()}) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < all.size(); at += piece) pieces.push_back(all.substr(at, piece));
    ScriptedDocker docker([&](const std::string&) { return chunked(pieces, true); });
    const Seen seen = read_events(docker);
    fault.ran();
    REQUIRE(fault.held(seen.events.size() == 2));
    CHECK(fault.held(seen.events[1].action == "die"));
    CHECK(fault.held(seen.connected == 2));
    CHECK(seen.ended == Errc::unavailable);
  }
  ScriptedDocker endless(
      [](const std::string&) { return chunked({std::string(3 * docker::max_line_bytes, ' ')}, true); });
  CHECK(read_events(endless).ended == Errc::unavailable);
  fault.observed("left out, the stream stays open, everything is listed again");
}

TEST_CASE("only kills of that container after its start count") {
  const auto seen_since = [](const std::string& started_at, const std::string& body) {
    ScriptedDocker docker([&](const std::string&) { return answer(200, body); });
    return docker.run(docker.engine().kill_seen({id, started_at}));
  };
  const std::string before = "2027-01-15T08:00:00Z";  // the event is one nanosecond later
  const std::string at = "2027-01-15T08:00:00.000000001Z";
  CHECK(seen_since(before, event("kill")).value().asked);
  CHECK(seen_since(before, event("stop")).value().stopped);
  CHECK(seen_since(before, event("oom")).value().oom_ns != 0);
  CHECK_FALSE(seen_since(before, event("oom")).value().asked);
  CHECK_FALSE(seen_since(at, event("kill")).value().asked);
  CHECK_FALSE(seen_since(before, event("start")).value().asked);
  CHECK_FALSE(seen_since(before, "").value().asked);
  CHECK_FALSE(seen_since("0001-01-01T00:00:00Z", event("kill")).value().asked);
  CHECK(seen_since(before, "nonsense").error().code == Errc::bad_reply);
}

TEST_CASE("logs lose their frames wherever they are cut, and a TTY has none") {
  const auto read = [](bool tty, std::vector<std::string> pieces) {
    ScriptedDocker docker([&](const std::string& request) {
      if (request.find("/logs?") != std::string::npos) return chunked(pieces, true);
      return answer(200, std::string(R"({"Config":{"Tty":)") + (tty ? "true" : "false") + "}}");
    });
    std::string text;
    const auto ended = docker.run(docker.engine().logs(id, {}, [&](std::string_view piece) {
      text += piece;
      return true;
    }));
    return ended ? text : std::string(to_string(ended.error().code));
  };
  const std::string all = frame(1, "one\n") + frame(2, "two\n");
  CHECK(read(false, {all}) == "one\ntwo\n");
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    INFO(cut);
    CHECK(read(false, {all.substr(0, cut), all.substr(cut)}) == "one\ntwo\n");
  }
  CHECK(read(false, {"raw text where frames should be"}) == "bad_reply");
  CHECK(read(true, {"raw text"}) == "raw text");
}

TEST_CASE("a reader of logs that has enough ends them with success") {
  ScriptedDocker docker([](const std::string& request) {
    if (request.find("/logs?") == std::string::npos) return answer(200, R"({"Config":{"Tty":true}})");
    Script endless = chunked({"enough"}, false);
    endless.hold = true;
    return endless;
  });
  ports::ContainerEngine::LogRequest follow;
  follow.follow = true;
  CHECK(docker.run(docker.engine().logs(id, follow, [](std::string_view) { return false; })));
}

}  // namespace aura::contract
