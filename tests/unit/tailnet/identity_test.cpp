#include "common/tailnet/identity.hpp"
#include "common/tailnet/address.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace aura::tailnet;

namespace {

Device device(const std::string& id) {
  Device one;
  one.id = id;
  one.name = id + ".tn.test";
  one.addresses = {"100.64.0.9"};
  return one;
}

Identity with(std::vector<std::string> values) {
  Identity who;
  who.device = device("n1");
  who.capabilities["aura.dev/cap/node"] = std::move(values);
  return who;
}

}  // namespace

TEST_CASE("only Tailscale's ranges are tailnet addresses, and not tailscaled's own service address") {
  CHECK(is_tailnet_address("100.64.0.1"));
  CHECK(is_tailnet_address("100.127.255.254"));
  CHECK(is_tailnet_address("fd7a:115c:a1e0::1"));
  CHECK_FALSE(is_tailnet_address("100.63.255.255"));
  CHECK_FALSE(is_tailnet_address("100.128.0.0"));
  CHECK_FALSE(is_tailnet_address("100.100.100.100"));
  CHECK_FALSE(is_tailnet_address("10.0.0.1"));
  CHECK_FALSE(is_tailnet_address("fd7a:115c:a1e1::1"));
  CHECK_FALSE(is_tailnet_address("::ffff:100.64.0.1"));
  CHECK_FALSE(is_tailnet_address("control"));
  CHECK_FALSE(is_tailnet_address(""));
}

TEST_CASE("a device from another tailnet, an expired one, one without an id and the node itself are not trusted") {
  const Device self = device("self");
  CHECK(objection(device("other"), self).empty());
  CHECK_FALSE(objection(self, self).empty());
  CHECK_FALSE(objection(Device{}, self).empty());
  Device shared = device("other");
  shared.shared = true;
  CHECK_FALSE(objection(shared, self).empty());
  Device expired = device("other");
  expired.expired = true;
  CHECK_FALSE(objection(expired, self).empty());
}

TEST_CASE("several grants add up") {
  const Granted all =
      granted(with({R"({"verbs":["read"]})", R"({"verbs":["stop","read"]})"}), "aura.dev/cap/node", "verbs");
  CHECK(all.words == std::set<std::string, std::less<>>{"read", "stop"});
  CHECK_FALSE(all.unreadable);
}

TEST_CASE("a grant of another form gives nothing, is told, and does not take what others give") {
  for (const char* odd :
       {R"({"verbs":"stop"})", R"(["stop"])", R"("stop")", "7", R"({"roles":["stop"]})", R"({"verbs":["stop",1]})"}) {
    CAPTURE(odd);
    const Granted all = granted(with({odd, R"({"verbs":["read"]})"}), "aura.dev/cap/node", "verbs");
    CHECK(all.words == std::set<std::string, std::less<>>{"read"});
    CHECK(all.unreadable);
  }
}

TEST_CASE("a capability of another name gives nothing") {
  CHECK(granted(with({R"({"verbs":["read"]})"}), "aura.dev/cap/control", "verbs").words.empty());
}

TEST_CASE("one tag of several is enough, and no tag is none") {
  Device tagged = device("n1");
  tagged.tags = {"tag:a", "tag:b"};
  CHECK(has_any_tag(tagged, {"tag:x", "tag:b"}));
  CHECK_FALSE(has_any_tag(tagged, {"tag:x"}));
  CHECK_FALSE(has_any_tag(tagged, {}));
  CHECK_FALSE(has_any_tag(device("n1"), {"tag:a"}));
}
