// What the unit aura-node-upgrade@.service wrote of the last upgrade, for the agent to read.
#pragma once

#include "agent/reconcile/observed.hpp"

#include <optional>
#include <string>

namespace aura::host {

// Lines KEY=VALUE: serial, version, installed (yes | no), code, detail; others are ignored. nullopt: not there, above
// 4 KiB, or without a serial and a version.
std::optional<reconcile::UpgradeResult> upgrade_result(const std::string& path);

}  // namespace aura::host
