# The story of packaging/quickstart --demo: each line says what was observed and how long it took. Sourced, not run.
# shellcheck shell=bash disable=SC2154  # the variables are parts.sh's

false_steps=0

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# step SENTENCE EXPECTED OBSERVED MILLISECONDS
step() {
  local mark=ok
  if [ "$2" != "$3" ]; then
    mark=FALSE
    false_steps=$((false_steps + 1))
  fi
  printf '%-5s %-74s %s%s\n' "$mark" "$1" "observed: $3" "${4:+, $4 ms}"
  [ "$mark" = ok ] || printf '      expected: %s\n' "$2"
}

container_id() { node_field '.workloads[] | select(.name == "web") | .container_id'; }
container_field() { engine GET "/containers/$1/json" | jq -r "$2"; }
outcome_of() { jq -r '.outcome.outcome // .outcome.kind // "none"' <<<"$1"; }

# The number of the next die or start event of a container, as the engine's clock says, in milliseconds.
event_ms() {
  jq -n --argjson nano "$1" '$nano / 1000000 | floor'
}

# Kills PID 1 of the workload and reads from the engine's own events when it runs again.
crash_and_back_ms() {
  local id=$1 pid since killed events
  pid=$(container_field "$id" .State.Pid)
  since=$(date +%s.%N)
  killed=$(now_ms)
  kill -KILL "$pid"
  until_true 20 new_run "$id" "$2" || return 1
  events=$(engine GET "/events?since=$since&until=$(date +%s.%N)&filters=$(jq -rn --arg id "$id" \
    '{container: [$id], event: ["start"]} | tojson | @uri')")
  echo $(($(event_ms "$(jq -s '.[0].timeNano' <<<"$events")") - killed))
}
new_run() { [ "$(container_field "$1" .State.StartedAt)" != "$2" ] && [ "$(container_field "$1" .State.Running)" = true ]; }

# The same image started by hand, for comparison.
bare_start_ms() {
  local id before
  id=$(engine POST "/containers/create?name=aura-quickstart-probe" -H 'Content-Type: application/json' \
    -d "$(jq -n --arg image "$image" '{Image: $image, Cmd: ["/bin/sleep", "60"]}')" | jq -r .Id)
  before=$(now_ms)
  engine POST "/containers/$id/start"
  echo $(($(now_ms) - before))
  engine DELETE "/containers/$id?force=1" -o /dev/null
}

# Sends a command, waits for its outcome and prints "OUTCOME MILLISECONDS".
send_and_wait() {
  local before reply
  before=$(now_ms)
  reply=$(control send "$node" "$@" --wait --json 2>/dev/null) || true
  echo "$(outcome_of "$reply") $(($(now_ms) - before))"
}

command_step() { # SENTENCE STATE-AFTERWARDS SEND-ARGUMENTS…
  local sentence=$1 state=$2 outcome took running
  shift 2
  read -r outcome took < <(send_and_wait "$@")
  running=$(container_field "$(container_id)" .State.Status)
  step "$sentence" "succeeded, container $state" "$outcome, container $running" "$took"
}

heard() { control nodes --json | jq -e --arg node "$node" '.nodes[] | select(.node_id == $node) | select(.heard_s_ago != null)'; }

stopping_begun() { [ "$(node_field '.suspension.mode')" = stop ] && web_is stopping; }
settled() { control events --json --tail 200 --node "$node" | jq -es --arg id "$1" \
  '[.. | objects | select(.kind? == "command_settled" and .command_id? == $id)] | length > 0'; }
settled_count() {
  control events --json --tail 500 --node "$node" | jq -s --arg id "$1" \
    '[.. | objects | select(.kind? == "command_settled" and .command_id? == $id)] | length'
}

suspend_with_a_death() {
  local id before
  id=quickstart-suspend-1
  before=$(now_ms)
  control send "$node" suspend --reason "payment failed" --id "$id" >/dev/null
  until_true 10 stopping_begun || true
  kill -KILL "$node_pid"
  wait "$node_pid" 2>/dev/null || true
  step "the agent is killed with SIGKILL in the middle of a suspension" "gone" "$(kill -0 "$node_pid" 2>/dev/null && echo alive || echo gone)"
  run_node
  until_true 40 settled "$id" || true
  step "after its restart the suspension ends in exactly one outcome" "1 outcome" "$(settled_count "$id") outcome" "$(($(now_ms) - before))"
  step "and the workload is stopped" "exited" "$(container_field "$(container_id)" .State.Status)"
}

run_demo() {
  local id started back bare
  say "" "The story, on Docker $(engine GET /version | jq -r .Version):"
  until_true 20 heard || true
  step "aura-control hears the node's heartbeat" "heard" "$(heard >/dev/null && echo heard || echo silence)"
  id=$(container_id)
  started=$(container_field "$id" .State.StartedAt)
  back=$(crash_and_back_ms "$id" "$started") || back=never
  bare=$(bare_start_ms)
  step "PID 1 of the workload is killed; it runs again (a bare start takes $bare ms)" "running" \
    "$(container_field "$id" .State.Status)" "$back"
  until_true 10 web_is running || true
  command_step "stop: hook, signal, grace; data and container stay" exited stop workload:web
  command_step "start" running start workload:web
  started=$(container_field "$id" .State.StartedAt)
  command_step "restart: another instance runs" running restart workload:web
  step "it is another instance" "another" "$([ "$(container_field "$id" .State.StartedAt)" != "$started" ] && echo another || echo "the same")"
  suspend_with_a_death
  command_step "resume" running resume
  if [ "$false_steps" -gt 0 ]; then
    say "" "$false_steps step(s) were not true. The agent's last lines:"
    tail -n 20 "$work/node.log"
    exit 1
  fi
  say "" "All of it was true."
}
