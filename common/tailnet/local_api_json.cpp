#include "common/tailnet/local_api_json.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace aura::tailnet {
namespace json = boost::json;
namespace {

Error bad(std::string_view what) { return {Errc::bad_reply, "tailscaled's answer: " + std::string(what)}; }

Result<json::object> parse_object(std::string_view body) {
  boost::system::error_code failed;
  json::value value = json::parse(json::string_view(body.data(), body.size()), failed);
  if (failed) return bad("no JSON: " + failed.message());
  if (!value.is_object()) return bad("no JSON object");
  return std::move(value.get_object());
}

// Names and texts come from others and go to logs and terminals: no control character gets in.
std::string clean(const json::string& text) {
  std::string out(text.data(), text.size());
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

// Typed members of one object; the first that has another type than asked for is remembered in `wrong`.
class Members {
 public:
  Members(const json::object& object, std::string& wrong) : object_(object), wrong_(wrong) {}

  std::string text(std::string_view key) const {
    const json::value* found = find(key);
    if (found == nullptr) return {};
    if (const json::string* text = found->if_string()) return clean(*text);
    return fail(key), std::string();
  }

  bool flag(std::string_view key) const {
    const json::value* found = find(key);
    if (found == nullptr) return false;
    if (const bool* flag = found->if_bool()) return *flag;
    return fail(key), false;
  }

  // A whole number other than 0.
  bool set(std::string_view key) const {
    const json::value* found = find(key);
    if (found == nullptr) return false;
    if (const std::int64_t* number = found->if_int64()) return *number != 0;
    return found->is_uint64() || (fail(key), false);
  }

  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> result;
    const json::value* found = find(key);
    if (found == nullptr) return result;
    const json::array* array = found->if_array();
    if (array == nullptr) return fail(key), result;
    for (const json::value& value : *array) {
      const json::string* text = value.if_string();
      if (text == nullptr) return fail(key), std::vector<std::string>();
      result.push_back(clean(*text));
    }
    return result;
  }

  const json::object& object(std::string_view key) const {
    static const json::object none;
    const json::value* found = find(key);
    if (found == nullptr) return none;
    if (const json::object* object = found->if_object()) return *object;
    return fail(key), none;
  }

 private:
  const json::value* find(std::string_view key) const {
    const json::value* found = object_.if_contains(json::string_view(key.data(), key.size()));
    return found != nullptr && found->is_null() ? nullptr : found;
  }
  void fail(std::string_view key) const {
    if (wrong_.empty()) wrong_ = key;
  }

  const json::object& object_;
  std::string& wrong_;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string name_of(std::string dns_name) {
  if (dns_name.ends_with('.')) dns_name.pop_back();
  return lower(std::move(dns_name));
}

// Go's zero time stands for "never" in Node.KeyExpiry.
std::optional<WallMs> expiry_of(const std::string& time) {
  const auto at = parse_rfc3339(time);
  return at && *at > 0 ? at : std::nullopt;
}

// ipnstate.PeerStatus.
Device peer_device(const Members& peer) {
  Device device;
  device.id = peer.text("ID");
  device.name = name_of(peer.text("DNSName"));
  device.addresses = peer.texts("TailscaleIPs");
  device.tags = peer.texts("Tags");
  device.key_expiry = expiry_of(peer.text("KeyExpiry"));
  device.expired = peer.flag("Expired");
  device.shared = peer.flag("ShareeNode") || peer.set("AltSharerUserID");
  device.online = peer.flag("Online");
  device.direct_address = peer.text("CurAddr");
  device.relay = peer.text("Relay");
  device.active = peer.flag("Active");
  return device;
}

// tailcfg.Node; its addresses are prefixes of one address each.
Device node_device(const Members& node) {
  Device device;
  device.id = node.text("StableID");
  device.name = name_of(node.text("Name"));
  for (const std::string& prefix : node.texts("Addresses")) {
    device.addresses.push_back(prefix.substr(0, prefix.find('/')));
  }
  device.tags = node.texts("Tags");
  device.key_expiry = expiry_of(node.text("KeyExpiry"));
  device.expired = node.flag("Expired");
  device.shared = node.set("Sharer");
  device.online = node.flag("Online");
  return device;
}

// ipn.State.
std::optional<State> state_of(std::string_view word) {
  if (word == "Running") return State::running;
  if (word == "Starting" || word == "NoState") return State::starting;
  if (word == "NeedsLogin" || word == "InUseOtherUser") return State::needs_login;
  if (word == "NeedsMachineAuth") return State::needs_approval;
  if (word == "Stopped") return State::stopped;
  return std::nullopt;
}

std::string suffix_of(const Device& device) { return device.name.substr(device.short_name().size()); }

bool is_called(const Device& device, const std::string& name) {
  if (device.name.empty()) return false;
  if (device.name == name || device.short_name() == name) return true;
  return std::find(device.addresses.begin(), device.addresses.end(), name) != device.addresses.end();
}

}  // namespace

Result<Status> decode_status(std::string_view body) {
  auto object = parse_object(body);
  if (!object) return object.error();
  std::string wrong;
  const Members members(*object, wrong);
  const auto state = state_of(members.text("BackendState"));
  if (!state) return bad("BackendState is not one that is known");
  Status status;
  status.state = *state;
  status.version = members.text("Version");
  status.tun = members.flag("TUN");
  status.self = peer_device(Members(members.object("Self"), wrong));
  // Those of the device are empty until it has been connected once.
  if (status.self.addresses.empty()) status.self.addresses = members.texts("TailscaleIPs");
  status.health = members.texts("Health");
  if (!wrong.empty()) return bad(wrong + " has the wrong type");
  return status;
}

Result<std::optional<Device>> decode_device(std::string_view body, std::string_view name) {
  auto object = parse_object(body);
  if (!object) return object.error();
  std::string wrong;
  const Members members(*object, wrong);
  const std::string wanted = name_of(std::string(name));
  const Device self = peer_device(Members(members.object("Self"), wrong));
  std::optional<Device> found;
  int best = -1;
  // A whole name or an address beats a first label, which devices of several tailnets may have: then our own's counts.
  const auto consider = [&](Device device) {
    if (!is_called(device, wanted)) return;
    const bool exact = wanted != device.short_name() || device.name == wanted;
    const int rank = exact ? 2 : suffix_of(device) == suffix_of(self) ? 1 : 0;
    if (rank <= best) return;
    best = rank;
    found = std::move(device);
  };
  consider(self);
  for (const auto& [key, value] : members.object("Peer")) {
    if (const json::object* peer = value.if_object()) consider(peer_device(Members(*peer, wrong)));
  }
  if (!wrong.empty()) return bad(wrong + " has the wrong type");
  return found;
}

Result<Identity> decode_identity(std::string_view body) {
  auto object = parse_object(body);
  if (!object) return object.error();
  std::string wrong;
  const Members members(*object, wrong);
  Identity identity;
  identity.device = node_device(Members(members.object("Node"), wrong));
  identity.login = Members(members.object("UserProfile"), wrong).text("LoginName");
  for (const auto& [name, values] : members.object("CapMap")) {
    auto& kept = identity.capabilities[std::string(name)];
    if (values.is_null()) continue;
    if (!values.is_array()) return bad("CapMap has the wrong type");
    for (const json::value& value : values.get_array()) kept.push_back(json::serialize(value));
  }
  if (!wrong.empty()) return bad(wrong + " has the wrong type");
  if (identity.device.id.empty()) return bad("the device has no StableID");
  return identity;
}

std::optional<std::vector<std::string>> decode_words(std::string_view value, std::string_view member) {
  auto object = parse_object(value);
  if (!object) return std::nullopt;
  if (object->if_contains(json::string_view(member.data(), member.size())) == nullptr) return std::nullopt;
  std::string wrong;
  auto words = Members(*object, wrong).texts(member);
  if (!wrong.empty()) return std::nullopt;
  return words;
}

}  // namespace aura::tailnet
