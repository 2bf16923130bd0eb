// The members of every struct and enum that the ledger stores, by name, for json_visit.hpp.
//
// The names are the keys and words of the stored JSON: renaming one here or there makes older records unreadable.
// A member left out would be lost at the next start; tests/unit/store compares the counts with the structs.
#pragma once

#include "agent/reconcile/record.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace aura::protocol {

BOOST_DESCRIBE_ENUM(Verb, start, stop, restart, suspend, resume, reboot, power_off, apply, pull, upgrade, decommission,
                    cancel, hold, release, lock, unlock, adopt, reload, stage, collect)
BOOST_DESCRIBE_ENUM(Target::Kind, node, workload, image, command)
BOOST_DESCRIBE_ENUM(OutcomeKind, succeeded, failed, refused, superseded, expired, cancelled)
BOOST_DESCRIBE_ENUM(Intent, running, stopped)
BOOST_DESCRIBE_ENUM(Severity, info, notice, warning, error)

BOOST_DESCRIBE_STRUCT(Target, (), (kind, name))
BOOST_DESCRIBE_STRUCT(CommandArgs, (),
                      (grace_s, mode, then, workloads, version, for_s, instance, allow_removal, stage, dry_run))
BOOST_DESCRIBE_STRUCT(Command, (), (id, verb, target, generation, expires_in_s, age_s, args, force, reason, actor))
BOOST_DESCRIBE_STRUCT(Evidence, (),
                      (workload, state, exit_code, signal, oom, duration_ms, hook, container_id, started_at))
BOOST_DESCRIBE_STRUCT(Change, (), (workload, field, from, to))
BOOST_DESCRIBE_STRUCT(Outcome, (),
                      (command_id, verb, target, kind, code, detail, node_generation, started_at, finished_at, actor,
                       evidence, changes))
BOOST_DESCRIBE_STRUCT(Event, (),
                      (seq, time, boot_id, boot_ms, kind, severity, workload, command_id, actor, text, data, log_tail))
BOOST_DESCRIBE_STRUCT(Run, (),
                      (container_id, started_at, began, began_why, ended, ended_why, cause, exit_code, signal, oom,
                       child_oom, command_id, actor, attempts, log_tail))
BOOST_DESCRIBE_STRUCT(Wanted, (), (intent, suspended, mode, reason, actor, generation))

}  // namespace aura::protocol

namespace aura::reconcile {

BOOST_DESCRIBE_ENUM(DependencyNeed, started, healthy, completed)
BOOST_DESCRIBE_ENUM(RestartPolicy, always, on_failure, never)
BOOST_DESCRIBE_ENUM(OnChange, none, restart)
BOOST_DESCRIBE_ENUM(OnDependencyRestart, none, restart)
BOOST_DESCRIBE_ENUM(DisconnectAction, keep, stop, freeze)
BOOST_DESCRIBE_ENUM(Source, file, applied)
BOOST_DESCRIBE_ENUM(Cause, none, command, suspended, node_stopped, replaced, withdrawn, crashed, exited, human,
                    docker_restart, host_reboot, declared, dependency, shutdown, probe, backup, disconnected, memory,
                    decommissioned)
BOOST_DESCRIBE_ENUM(HookState, due, busy, answered, over)

BOOST_DESCRIBE_STRUCT(SecretRef, (), (credential, on_change))
BOOST_DESCRIBE_STRUCT(Mount, (), (source, target, read_only))
BOOST_DESCRIBE_STRUCT(Port, (), (host_address, host_port, container_port, protocol))
BOOST_DESCRIBE_STRUCT(Resources, (), (memory_bytes, cpus, pids, oom_score_adj))
BOOST_DESCRIBE_STRUCT(Security, (),
                      (user, read_only, cap_drop, cap_add, no_new_privileges, init, privileged, host_namespaces))
BOOST_DESCRIBE_STRUCT(StopHook, (), (http_post, bearer, body, exec, timeout_s))
BOOST_DESCRIBE_STRUCT(Stop, (), (signal, grace_s, hook))
BOOST_DESCRIBE_STRUCT(Restart, (),
                      (policy, backoff_first_ms, backoff_max_s, reset_after_s, never_on_exit, give_up_restarts,
                       give_up_within_s))
BOOST_DESCRIBE_STRUCT(Probe, (), (http, tcp, exec, docker, every_s, timeout_s, failures, start_grace_s))
BOOST_DESCRIBE_STRUCT(Disconnect, (), (after_s, action))
BOOST_DESCRIBE_STRUCT(MemoryPolicy, (), (warn_percent, restart_percent))
BOOST_DESCRIBE_STRUCT(WorkloadSpec, (),
                      (image, entrypoint, command, env, secrets, secret_files, mounts, ports, registry_auth, tailnet,
                       depends_on, on_dependency_restart, backup, resources, security, stop, restart, liveness, startup,
                       readiness, disconnect, memory))
BOOST_DESCRIBE_STRUCT(Declaration, (), (name, source, spec, spec_hash))

BOOST_DESCRIBE_STRUCT(Instance, (), (container_id, started_at))
BOOST_DESCRIBE_STRUCT(OwnedContainer, (), (nonce, name, n, spec_hash, id, remove, seen, runs, since, since_boot))
BOOST_DESCRIBE_STRUCT(StopSent, (),
                      (instance, cause, command_id, actor, reason, at, grace_s, hastens, again, epoch, hook,
                       hook_again_at, hook_answer, ordered_at))
BOOST_DESCRIBE_STRUCT(StartSent, (), (container_id, after, cause, command_id, at))
BOOST_DESCRIBE_STRUCT(Exit, (), (instance, code, oom, child_oom, seen, cause, why, at, wall_at))
BOOST_DESCRIBE_STRUCT(Trouble, (), (code, detail, attempts, retry_at))
BOOST_DESCRIBE_STRUCT(Hold, (), (until, actor))
BOOST_DESCRIBE_STRUCT(Replacement, (), (before, first_run_at))
BOOST_DESCRIBE_STRUCT(RefusedSpec, (), (declaration, why))
BOOST_DESCRIBE_STRUCT(Workload, (),
                      (declared, replacing, refused, withdrawn_at, intent, generation, hold, containers, next_n,
                       start_sent, stop_sent, frozen, last_exit, restarts, backoff_step, retry_at, crash_loop,
                       never_again, restarts_total, memory_high, memory_restart_at, image_missing, image_digest,
                       trouble, stuck, runs))
BOOST_DESCRIBE_STRUCT(ApplyItem, (), (before, withdrawn_before, first_run_at))
BOOST_DESCRIBE_STRUCT(Apply, (), (wanted, changes, images, declared, items, undone, undone_at, cancelled))
BOOST_DESCRIBE_STRUCT(SystemAsk, (), (boot_id, epoch, times, at, serial))
BOOST_DESCRIBE_STRUCT(OpenCommand, (),
                      (command, accepted_at, wall_accepted_at, begin_by, begun, begun_boot, done, must_go,
                       image_present, trouble, asked, evidence, apply))
BOOST_DESCRIBE_STRUCT(SettledCommand, (), (command, outcome, confirmed))
BOOST_DESCRIBE_STRUCT(Suspension, (), (mode, reason, actor, command_id, since))
BOOST_DESCRIBE_STRUCT(Decommission, (), (command_id, actor, reason, since, told_seq, trouble))
BOOST_DESCRIBE_STRUCT(Stage, (), (name, reason))
BOOST_DESCRIBE_STRUCT(Node, (),
                      (intent, suspension, generation, node_generation, wanted_generation, hold, locked, fenced_by,
                       cloned, fresh_until, boot_wait_until, silent_since, live_restore, going_down, decommission,
                       stage))
BOOST_DESCRIBE_STRUCT(Limits, (), (open_commands, destructive_per_minute, destructive_burst, withdrawn_kept_ms))
BOOST_DESCRIBE_STRUCT(PulledImage, (), (digest, unused_since))
BOOST_DESCRIBE_STRUCT(State, (),
                      (ledger_id, node_id, cloud_instance_id, seen_instance_id, boot_id, epoch, agent_version, reports,
                       last_time, limits, node, workloads, images, removal_held, open, order, settled, settled_order,
                       events, outbox_bytes, last_event_seq, confirmed_event_seq, events_dropped, destructive_tokens,
                       destructive_at))

}  // namespace aura::reconcile

namespace aura::reconcile::record {

BOOST_DESCRIBE_STRUCT(LedgerCreated, (), (ledger_id, node_id, cloud_instance_id))
BOOST_DESCRIBE_STRUCT(AgentStarted, (),
                      (epoch, agent_version, reports, fresh_hold, boot_wait, suspended_marker, cloud_instance_id,
                       limits))
BOOST_DESCRIBE_STRUCT(AgentStopped, (), ())
BOOST_DESCRIBE_STRUCT(HostStopping, (), ())
BOOST_DESCRIBE_STRUCT(SystemAsked, (), (command_id, serial))
BOOST_DESCRIBE_STRUCT(SystemRefused, (), (command_id, code, detail, retry_in_ms))
BOOST_DESCRIBE_STRUCT(Fenced, (), (last_epoch))
BOOST_DESCRIBE_STRUCT(Unfenced, (), ())
BOOST_DESCRIBE_STRUCT(FreshWaitOver, (), ())
BOOST_DESCRIBE_STRUCT(BootWaitOver, (), ())
BOOST_DESCRIBE_STRUCT(ControlSilent, (), (since))
BOOST_DESCRIBE_STRUCT(ControlHeard, (), ())
BOOST_DESCRIBE_STRUCT(Declared, (), (declaration))
BOOST_DESCRIBE_STRUCT(Withdrawn, (), (workload))
BOOST_DESCRIBE_STRUCT(Forgotten, (), (workload))
BOOST_DESCRIBE_STRUCT(SpecProven, (), (workload))
BOOST_DESCRIBE_STRUCT(SpecRefused, (), (workload, why))
BOOST_DESCRIBE_STRUCT(RemovalHeld, (), (workloads))
BOOST_DESCRIBE_STRUCT(Accepted, (), (command, must_go, begin_within_ms, begun, limited, applied, changes))
BOOST_DESCRIBE_STRUCT(Refused, (), (command, outcome))
BOOST_DESCRIBE_STRUCT(Begun, (), (command_id))
BOOST_DESCRIBE_STRUCT(Settled, (), (command_id, outcome))
BOOST_DESCRIBE_STRUCT(WantedTaken, (), (wanted))
BOOST_DESCRIBE_STRUCT(Confirmed, (), (event_seq, outcomes))
BOOST_DESCRIBE_STRUCT(ApplyDeclared, (), (command_id))
BOOST_DESCRIBE_STRUCT(ApplyUndone, (), (command_id, why, cancelled))
BOOST_DESCRIBE_STRUCT(HoldEnded, (), (workload))
BOOST_DESCRIBE_STRUCT(CreateIntended, (), (workload, nonce, name, n, spec_hash))
BOOST_DESCRIBE_STRUCT(Created, (), (workload, nonce, id))
BOOST_DESCRIBE_STRUCT(Adopted, (), (workload, container, actor))
BOOST_DESCRIBE_STRUCT(Gone, (), (workload, id))
BOOST_DESCRIBE_STRUCT(RemoveIntended, (), (workload, id))
BOOST_DESCRIBE_STRUCT(StartIntended, (), (workload, start, counted))
BOOST_DESCRIBE_STRUCT(Running, (), (workload, instance))
BOOST_DESCRIBE_STRUCT(StopIntended, (), (workload, stop))
BOOST_DESCRIBE_STRUCT(StopWithdrawn, (), (workload))
BOOST_DESCRIBE_STRUCT(HookAnswered, (), (workload, instance, busy, failed, again_in_ms, answer))
BOOST_DESCRIBE_STRUCT(MemoryHigh, (), (workload, instance, used_bytes, limit_bytes))
BOOST_DESCRIBE_STRUCT(MemoryEased, (), (workload, used_bytes, limit_bytes))
BOOST_DESCRIBE_STRUCT(FreezeIntended, (), (workload, instance))
BOOST_DESCRIBE_STRUCT(Thawed, (), (workload))
BOOST_DESCRIBE_STRUCT(EngineFacts, (), (live_restore))
BOOST_DESCRIBE_STRUCT(Exited, (),
                      (workload, exit, retry_in_ms, crash, never_again, crash_loop, reset_backoff, log_tail))
BOOST_DESCRIBE_STRUCT(ImageMissing, (), (workload))
BOOST_DESCRIBE_STRUCT(ImagePresent, (), (image, digest, pulled))
BOOST_DESCRIBE_STRUCT(ImageUse, (), (image, used))
BOOST_DESCRIBE_STRUCT(ImageGone, (), (image, why))
BOOST_DESCRIBE_STRUCT(PullFailed, (), (image, code, detail, retry_in_ms))
BOOST_DESCRIBE_STRUCT(TroubleMet, (), (workload, code, detail, retry_in_ms))
BOOST_DESCRIBE_STRUCT(StuckMet, (), (workload, detail, retry_in_ms))
BOOST_DESCRIBE_STRUCT(Noted, (), (kind, severity, workload, text, data, log_tail))

}  // namespace aura::reconcile::record
