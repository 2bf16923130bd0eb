# The parts that packaging/quickstart starts and ends. Sourced, not run.
# shellcheck shell=bash disable=SC2034,SC2154  # the variables are the quickstart's

bin=$root/build/release/bin
node=demo
image=aura-quickstart-web:1
lock=/run/aura-quickstart.lock
docker_tool=$root/tests/support/docker
work='' docker_socket='' docker_private='' control_pid='' node_pid='' control_url='' image_made=''

say() { printf '%s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

take_lock() {
  exec 9>"$lock"
  flock -n 9 || die "another quickstart runs on this machine (it holds $lock); end it with Ctrl-C first."
}

build_all() {
  "$root/packaging/install-build-deps" --build
  say "building (a few minutes the first time)"
  local log
  log=$(mktemp)
  if ! { (cd "$root" && cmake --preset release) &&
    cmake --build "$root/build/release" --target aura-node aura-control; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "the build failed; the whole log is in $log"
  fi
  rm -f "$log"
}

# -- Docker -----------------------------------------------------------------------------------------------------------

engine() { curl -sS --max-time 30 --unix-socket "$docker_socket" -X "$1" "http://docker$2" "${@:3}"; }

start_docker() {
  work=$(mktemp -d /tmp/aura-quickstart.XXXXXX)
  docker_socket=/var/run/docker.sock
  if [ "$(curl -s --max-time 3 --unix-socket "$docker_socket" http://docker/_ping 2>/dev/null)" != OK ]; then
    say "no Docker answers here: starting a private one"
    docker_private=$work/docker
    docker_socket=$("$docker_tool" up "$docker_private" 9>&-)
  fi
  if [ "$(engine GET "/images/$image/json" -o /dev/null -w '%{http_code}')" != 200 ]; then image_made=yes; fi
  "$docker_tool" image "$docker_socket" "$image" >/dev/null
}

# -- the two programs -------------------------------------------------------------------------------------------------

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Asks up to SECONDS whether a command succeeds; the programs tell nobody else that they are ready.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

control() { "$bin/aura-control" "$@"; }
agent() { "$bin/aura-node" "$@"; }

start_control() {
  control_url=http://127.0.0.1:$(free_port)
  export AURA_CONTROL_URL=$control_url AURA_CONTROL_TOKEN_FILE=$work/control/operator-token
  "$bin/aura-control" serve --listen "${control_url#http://}" --state-dir "$work/control" --heartbeat-s 5 \
    >"$work/control.log" 2>&1 9>&- &
  control_pid=$!
  until_true 10 control nodes || die "aura-control does not answer: $(tail -n 3 "$work/control.log")"
  say "aura-control runs at $control_url"
}

write_files() {
  mkdir -p "$work/workloads" "$work/credentials"
  cat >"$work/agent.toml" <<EOF
[node]
id = "$node"
[control]
url = "$control_url"
auth = "token"
[api]
listen = "none"
[docker]
socket = "$docker_socket"
EOF
  # Takes two seconds to end when asked, so that there is a middle of a suspension to die in.
  cat >"$work/workloads/web.toml" <<EOF
image = "$image"
command = ["/bin/sh", "-c", "trap 'sleep 2; exit 0' TERM; while :; do sleep 3600 & wait \$!; done"]
[stop]
grace_s = 10
EOF
  control enroll "$node" --json | jq -r .code >"$work/credentials/enroll-code"
  chmod -R go-rwx "$work"
}

run_node() {
  AURA_NODE_SOCKET=$work/run/agent.sock
  export AURA_NODE_SOCKET
  "$bin/aura-node" daemon --config "$work/agent.toml" --state-dir "$work/node" --runtime-dir "$work/run" \
    --workloads-dir "$work/workloads" --credentials-dir "$work/credentials" >>"$work/node.log" 2>&1 9>&- &
  node_pid=$!
}

node_field() { agent status --json | jq -er "$1"; }
web_is() { [ "$(node_field '.workloads[] | select(.name == "web") | .state')" = "$1" ]; }

start_node() {
  write_files
  run_node
  until_true 30 web_is running || die "the workload does not run: $(tail -n 5 "$work/node.log")"
  say "aura-node runs, its workload web is up"
}

# -- the end ----------------------------------------------------------------------------------------------------------

end_process() {
  [ -n "$1" ] || return 0
  kill -TERM "$1" 2>/dev/null || return 0
  wait "$1" 2>/dev/null || true
}

# What is ours on Docker carries the node's label, or is the probe of the demo.
remove_containers() {
  local id
  for id in $(engine GET "/containers/json?all=1&filters=$(jq -rn --arg l "aura.node=$node" '{label: [$l]} | tojson | @uri')" |
    jq -r '.[].Id'); do
    engine DELETE "/containers/$id?force=1" -o /dev/null || true
  done
  engine DELETE "/containers/aura-quickstart-probe?force=1" -o /dev/null || true
  engine DELETE "/networks/aura-$(printf %s "$node" | sha256sum | cut -c1-8)" -o /dev/null || true
  if [ -n "$image_made" ]; then engine DELETE "/images/$image" -o /dev/null || true; fi
}

leave_nothing() {
  local status=$?
  # Whatever fails here, also a terminal that is gone: the rest is still taken away.
  set +e
  trap '' INT TERM HUP PIPE
  [ "$mode" = demo ] || say "" "stopping everything"
  end_process "$node_pid"
  end_process "$control_pid"
  if [ -n "$docker_private" ]; then
    "$docker_tool" down "$docker_private" || status=1
  elif [ -n "$docker_socket" ]; then
    remove_containers
  fi
  if [ -n "$work" ]; then rm -rf "$work"; fi
  exit "$status"
}
