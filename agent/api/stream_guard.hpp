// Ends a stream whose reader has lost the right to read it.
#pragma once

#include "agent/api/routes.hpp"

namespace aura::api {

// The same reply; while its body is written, the peer is looked at again after every change of the tailnet and every
// look_again_ms, and its connection ends when `verb` is no longer granted, or after stream_life_ms. A reply without a
// body writer, and one for a local peer, stays as it is.
http::Reply guarded(const View& view, const http::Peer& peer, std::string verb, http::Reply reply);

}  // namespace aura::api
