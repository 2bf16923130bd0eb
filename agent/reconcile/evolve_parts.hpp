// evolve() by kind of record: declarations, commands and containers each have a file. Not for others to include.
#pragma once

#include "agent/reconcile/record.hpp"

namespace aura::reconcile {

// evolve_declarations.cpp
void evolve_part(State& state, const Record& record, const record::Declared& declared);
void evolve_part(State& state, const Record& record, const record::Withdrawn& withdrawn);
void evolve_part(State& state, const Record& record, const record::Forgotten& forgotten);
void evolve_part(State& state, const Record& record, const record::RemovalHeld& held);
void evolve_part(State& state, const Record& record, const record::SpecProven& proven);
void evolve_part(State& state, const Record& record, const record::SpecRefused& refused);
// Back to what was declared before; containers that were made for `spec_hash` alone are of no use any more.
void take_back(Workload& workload, const std::string& spec_hash, const Declaration& before);

// evolve_apply.cpp
void evolve_part(State& state, const Record& record, const record::ApplyDeclared& declared);
void evolve_part(State& state, const Record& record, const record::ApplyUndone& undone);
// What an apply must know of its images and containers.
void note_image(State& state, const std::string& image);
void note_first_run(State& state, const Record& record, const std::string& workload, const std::string& spec_hash);

// evolve_commands.cpp
void evolve_part(State& state, const Record& record, const record::Accepted& accepted);
void evolve_part(State& state, const Record& record, const record::Refused& refused);
void evolve_part(State& state, const Record& record, const record::Begun& begun);
void evolve_part(State& state, const Record& record, const record::Settled& settled);
void evolve_part(State& state, const Record& record, const record::WantedTaken& taken);
void evolve_part(State& state, const Record& record, const record::Confirmed& confirmed);
void evolve_part(State& state, const Record& record, const record::HoldEnded& ended);
void evolve_part(State& state, const Record& record, const record::SystemAsked& asked);
void evolve_part(State& state, const Record& record, const record::SystemRefused& refused);

// evolve_stops.cpp
void evolve_part(State& state, const Record& record, const record::StopIntended& intended);
void evolve_part(State& state, const Record& record, const record::StopWithdrawn& withdrawn);
void evolve_part(State& state, const Record& record, const record::HookAnswered& answered);
void evolve_part(State& state, const Record& record, const record::FreezeIntended& intended);
void evolve_part(State& state, const Record& record, const record::Thawed& thawed);
void evolve_part(State& state, const Record& record, const record::MemoryHigh& high);
void evolve_part(State& state, const Record& record, const record::MemoryEased& eased);

// evolve_containers.cpp
// nullptr: it is not declared.
Workload* find_workload(State& state, const std::string& name);
void evolve_part(State& state, const Record& record, const record::CreateIntended& intended);
void evolve_part(State& state, const Record& record, const record::Created& created);
void evolve_part(State& state, const Record& record, const record::Adopted& adopted);
void evolve_part(State& state, const Record& record, const record::Gone& gone);
void evolve_part(State& state, const Record& record, const record::RemoveIntended& intended);
void evolve_part(State& state, const Record& record, const record::StartIntended& intended);
void evolve_part(State& state, const Record& record, const record::Running& running);
void evolve_part(State& state, const Record& record, const record::Exited& exited);
void evolve_part(State& state, const Record& record, const record::ImageMissing& missing);
void evolve_part(State& state, const Record& record, const record::ImagePresent& present);
void evolve_part(State& state, const Record& record, const record::ImageUse& use);
void evolve_part(State& state, const Record& record, const record::ImageGone& gone);
void evolve_part(State& state, const Record& record, const record::PullFailed& failed);
void evolve_part(State& state, const Record& record, const record::TroubleMet& met);
void evolve_part(State& state, const Record& record, const record::StuckMet& met);

// The runs of what a target names, as far as the ledger knows them: what a restart must bring to an end.
std::map<std::string, Instance> running_instances(const State& state, const protocol::Target& target);

// The node itself wrote that actor: nobody waits for the outcome at the control plane.
bool is_local_actor(const std::string& actor);

// Everything that keeps a workload from being tried at once: back-off, trouble, crash loop. An operator's start and
// a new spec begin anew.
void clear_restart_state(Workload& workload);

}  // namespace aura::reconcile
