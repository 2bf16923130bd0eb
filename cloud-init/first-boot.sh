#!/bin/sh
# The first boot of a VM, called by cloud-init: joins the tailnet, installs Docker and aura-node, and tells the control plane
# each stage. It may be run again at any time: what stands already is left as it is.
#
# Reads /var/lib/aura-boot/settings (no secrets) and, from /run/aura-boot, auth-key and enrol-code, which are gone afterwards.
# Ends with 0 once the node is as intended; with 1 after a failure, whose reason is in /run/aura-boot/failed.
set -u
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

state=/var/lib/aura-boot
run=/run/aura-boot
spool=$run/spool          # stages that were not told yet, in order
last=$run/last-output     # of the command that ran last
join_deadline_s=300
apt_deadline_s=900
tell_deadline_s=20        # for the last word after a failure
pause_s=3
reason_max=200
phase=provisioning
node_id='' hostname='' control_url='' report_url='' control_auth='' login_server='' tags='' package_url='' package_sha256=''
package_version='' tailscale_uri='' tailscale_suite='' tailscale_component='' ready_deadline_s=900

say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) aura-first-boot: $*"; }
now() { cut -d. -f1 /proc/uptime; }
secret() { cat "$run/$1" 2>/dev/null; }
# One line of plain characters without a secret, as it may stand in JSON.
plain() { tr '\t\r\n' '   ' | tr -cd ' -~' | tr -d '"\134' | sed -f "$run/scrub" | cut -c "1-$reason_max"; }
# Runs a command; what it said stays in $last.
attempt() {
  "$@" >"$last" 2>&1
  attempt_status=$?
  sed -f "$run/scrub" "$last"
  return "$attempt_status"
}
# Its own words for why it failed.
why() { { grep -m 1 -E '^(E:|Error|error|backend error|curl:)' "$last" || grep -v '^ *$' "$last" | tail -n 1; } | plain; }

# -- stages -------------------------------------------------------------------------------------------------------------

agent_up() {
  [ -S /run/aura-node/agent.sock ] || return 1
  timeout 10 aura-node status >/dev/null 2>&1
  [ "$?" -le 1 ]
}

# The address of that device of the tailnet, if it is a control plane.
control_address() {  # HOST
  timeout 10 tailscale status --json 2>/dev/null | python3 -c '
import json, sys
name = sys.argv[1].lower().rstrip(".")
for peer in (json.load(sys.stdin).get("Peer") or {}).values():
    full = peer.get("DNSName", "").lower().rstrip(".")
    known = name in (full, full.split(".")[0], *(peer.get("TailscaleIPs") or []))
    if known and "tag:aura-control" in (peer.get("Tags") or []) and not peer.get("Expired") and not peer.get("ShareeNode"):
        print(peer["TailscaleIPs"][0])
        break' "$1" 2>/dev/null
}

# Tells one stage with the code, which this does not spend. 0: it was taken, or never will be; 1: try again later.
tell_by_code() {  # STAGE REASON
  code=$(secret enrol-code)
  base=$report_url
  connect=
  if [ -z "$code" ]; then
    say "stage $1 is not told: there is no enrolment code any more"
    return 0
  fi
  if [ -z "$base" ]; then base=$control_url; fi
  if [ -z "$report_url" ] && [ "$control_auth" = tailnet ]; then
    host=${control_url#*://}
    host=${host%%/*}
    connect=$(control_address "${host%:*}")
    if [ -z "$connect" ]; then return 1; fi
    connect="connect-to = \"::$connect:\""
  fi
  # The code goes by a pipe: in a command line everybody could read it.
  answer=$(curl --config - 2>/dev/null <<CURL
url = "$base/v1/nodes/$node_id/stage"
$connect
silent
noproxy = "*"
connect-timeout = 3
max-time = 4
output = "/dev/null"
write-out = "%{http_code}"
header = "Authorization: Bearer $code"
header = "Content-Type: application/json"
data = "{\"stage\":\"$1\",\"reason\":\"$2\"}"
CURL
  ) || return 1
  case $answer in
    2??) return 0 ;;
    408 | 429 | 5?? | 000) return 1 ;;
  esac
  say "the control plane does not take stage $1: it answers $answer"
}

tell_pending() {
  for file in "$spool"/*; do
    [ -f "$file" ] || continue
    { read -r one; read -r its_reason; } <"$file"
    if agent_up; then
      if [ -n "$its_reason" ]; then set -- --reason "$its_reason"; else set --; fi
      timeout 20 aura-node stage "$one" "$@" >/dev/null 2>"$last" || say "stage $one is not told: $(why)"
    else
      tell_by_code "$one" "$its_reason" || return 1
    fi
    rm -f "$file"
  done
}

stage() {  # STAGE [REASON]
  say "stage $1${2:+: $2}"
  told=$((told + 1))
  printf '%s\n%s\n' "$1" "${2:-}" >"$spool/$(printf %03d "$told")"
  tell_pending || true
}

fail() {  # REASON
  reason=$(printf '%s' "$phase: $1" | plain)
  printf '%s\n' "$reason" >"$run/failed"
  stage failed "$reason"
  deadline=$(($(now) + tell_deadline_s))
  until tell_pending || [ "$(now)" -ge "$deadline" ]; do sleep "$pause_s"; done
  exit 1
}

# -- secrets ------------------------------------------------------------------------------------------------------------

# Overwrites a secret wherever cloud-init keeps the user-data, with as many x, since one of the files counts characters.
prepare_scrub() {
  : >"$run/scrub"
  for name in auth-key enrol-code; do
    value=$(secret "$name")
    if [ -n "$value" ]; then printf 's/%s/%s/g\n' "$value" "$(printf %s "$value" | tr -c '\n' x)" >>"$run/scrub"; fi
  done
}
scrub() {
  if [ -s "$run/scrub" ]; then
    find /var/lib/cloud/instances /var/lib/cloud/seed /run/cloud-init -type f -size -4096k 2>/dev/null | while read -r file; do
      if grep -q -a -s -F -f "$run/secrets" "$file"; then sed -i -f "$run/scrub" "$file" 2>/dev/null || true; fi
    done
  fi
}
finish() {
  rm -f "$run/auth-key"
  # A code that was not spent serves the next run; it ends 30 minutes after it was made.
  if [ ! -e "$state/done" ]; then sed -i '/^s\/[0-9a-f]\{32\}\//d' "$run/scrub"; else rm -f "$run/enrol-code"; fi
  sed -n 's/^s\/\([^\/]*\)\/.*/\1/p' "$run/scrub" >"$run/secrets"
  scrub
  rm -f "$run/scrub" "$run/secrets" "$run/new" "$last"
}

# -- packages -----------------------------------------------------------------------------------------------------------

apt_get() {
  DEBIAN_FRONTEND=noninteractive timeout "$apt_deadline_s" apt-get -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@"
}
# The lists have a lock of their own, which apt does not wait for.
update() {
  deadline=$(($(now) + 300))
  until attempt apt_get update -o APT::Update::Error-Mode=any; do
    if [ "$(now)" -ge "$deadline" ]; then return 1; fi
    if ! grep -qE 'lock|Temporary failure|Could not (resolve|connect)|timed out' "$last"; then return 1; fi
    sleep "$pause_s"
  done
}
needs() {  # PROGRAM PACKAGE
  if command -v "$1" >/dev/null; then return 0; fi
  if [ ! -e "$run/updated" ]; then
    update || fail "the package lists cannot be fetched: $(why)"
    : >"$run/updated"
  fi
  attempt apt_get install "$2" || fail "$2 cannot be installed: $(why)"
}
put() {  # PATH, content on stdin; 1 where it was so already
  cat >"$run/new"
  if cmp -s "$run/new" "$1"; then return 1; fi
  mkdir -p "${1%/*}"
  cat "$run/new" >"$1.new" && mv "$1.new" "$1"
}

# -- what a VM needs ----------------------------------------------------------------------------------------------------

# The cloud's metadata service tells the user-data to whoever asks: not to containers, nor to who is not root.
block_metadata() {
  needs nft nftables
  put /etc/aura-boot/metadata.nft <<'NFT' || true
table inet aura_boot
delete table inet aura_boot
table inet aura_boot {
  chain forward {
    type filter hook forward priority -10; policy accept;
    ip daddr 169.254.169.254 reject
    ip6 daddr { fe80::a9fe:a9fe, fd00:ec2::254 } reject
  }
  chain output {
    type filter hook output priority -10; policy accept;
    meta skuid != 0 ip daddr 169.254.169.254 reject
    meta skuid != 0 ip6 daddr { fe80::a9fe:a9fe, fd00:ec2::254 } reject
  }
}
NFT
  put /etc/systemd/system/aura-metadata-block.service <<'UNIT' || true
[Unit]
Description=Keeps containers from the cloud's metadata service
DefaultDependencies=no
# nftables.service flushes everybody's rules when it starts or is reloaded: these come back after it.
After=local-fs.target nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Before=network-pre.target docker.service
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/aura-boot/metadata.nft
ExecReload=/usr/sbin/nft -f /etc/aura-boot/metadata.nft

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  attempt systemctl enable aura-metadata-block.service || fail "the block of the metadata service cannot be set up: $(why)"
  attempt nft -f /etc/aura-boot/metadata.nft || fail "the metadata service cannot be kept from containers: $(why)"
}

joined() { [ "$(timeout 10 tailscale status --json --peers=false 2>/dev/null | sed -n 's/.*"BackendState": *"\([A-Za-z]*\)".*/\1/p')" = Running ]; }

install_tailscale() {
  if command -v tailscaled >/dev/null; then return; fi
  [ -n "$tailscale_uri" ] || fail "tailscale is not installed here, and no apt source was given for it"
  suite=$tailscale_suite
  # shellcheck disable=SC1091
  if [ -z "$suite" ]; then suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}"); fi
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\n' "$tailscale_uri" "$suite"
    if [ -n "$tailscale_component" ]; then printf 'Components: %s\n' "$tailscale_component"; fi
    printf 'Signed-By:\n'
    sed 's/^ *$/./; s/^/ /' "$state/tailscale.asc"
  } | put /etc/apt/sources.list.d/tailscale.sources || true
  rm -f "$run/updated"
  needs tailscaled tailscale
}

join_tailnet() {
  install_tailscale
  attempt systemctl enable --now tailscaled.service || fail "tailscaled does not start: $(why)"
  deadline=$(($(now) + join_deadline_s))
  # One that is joined already needs a moment after a boot.
  settle=$(($(now) + 15))
  until joined || [ "$(now)" -ge "$settle" ] || timeout 10 tailscale status 2>&1 | grep -qi 'logged out'; do sleep 1; done
  if joined; then
    say "the tailnet is joined already"
    return
  fi
  [ -s "$run/auth-key" ] || fail "the VM is not in the tailnet, and its auth key is used up: run tailscale up with a new one, then aura-first-boot"
  set -- --auth-key="file:$run/auth-key" --hostname="$hostname" --accept-dns=false --timeout=60s
  if [ -n "$login_server" ]; then set -- "$@" --login-server="$login_server"; fi
  if [ -n "$tags" ]; then set -- "$@" --advertise-tags="$tags"; fi
  until attempt timeout 90 tailscale up "$@"; do
    if grep -qiE 'invalid .*key|not valid|expired|already (been )?used|key .*not found|unauthorized|not permitted|not allowed' "$last"; then
      fail "tailscale up: $(why)"
    fi
    if [ "$(now)" -ge "$deadline" ]; then fail "tailscale up did not succeed within $join_deadline_s s: $(why)"; fi
    tell_pending || true
    sleep "$pause_s"
  done
}

install_docker() {
  if [ ! -e /etc/docker/daemon.json ]; then
    put /etc/docker/daemon.json <<'JSON' || true
{"live-restore": true, "log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}
JSON
  fi
  needs dockerd docker.io
}

configure_agent() {
  changed=no
  put /etc/aura-node/agent.toml.d/10-first-boot.toml <"$state/agent.toml" && changed=yes
  # Whoever is enrolled has a key of its own.
  if [ ! -e "$state/done" ] && [ -s "$run/enrol-code" ]; then
    install -d -m 0700 /etc/aura-node/credentials
    (umask 077; put /etc/aura-node/credentials/enroll-code <"$run/enrol-code") && changed=yes
  fi
}

install_agent() {
  if dpkg-query -W -f '${Status}' aura-node 2>/dev/null | grep -q ' installed$'; then
    say "aura-node is installed already"
    if [ "$changed" = yes ]; then attempt systemctl restart aura-node.service || fail "aura-node does not start: $(why)"; fi
    return
  fi
  if [ -z "$package_url" ]; then
    update || fail "the package lists cannot be fetched: $(why)"
    attempt apt_get install "aura-node${package_version:+=$package_version}" || fail "aura-node cannot be installed: $(why)"
    return
  fi
  deb=$run/aura-node.deb
  attempt curl -fsSL --retry 5 --retry-delay 2 --connect-timeout 10 --max-time 300 -o "$deb" "$package_url" ||
    fail "the package cannot be fetched: $(why)"
  echo "$package_sha256  $deb" | sha256sum -c --status || fail "the package that was fetched has another sha256 than it should"
  [ -e "$run/updated" ] || update || say "the package lists cannot be fetched: $(why)"
  attempt apt_get install "$deb" || fail "aura-node cannot be installed: $(why)"
  rm -f "$deb"
}

heard() {
  timeout 10 aura-node status --json 2>/dev/null |
    python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin).get("control", "").startswith("ok"))' 2>/dev/null
}
# Not the status, which is "provisioning" as long as a stage before the last was told by the agent.
ready() { curl -fs --max-time 10 -o /dev/null --unix-socket /run/aura-node/agent.sock http://localhost/health/ready; }
until_running() {
  deadline=$(($(now) + ready_deadline_s))
  until ready && heard; do
    if [ "$(now)" -ge "$deadline" ]; then
      attempt timeout 10 aura-node status >/dev/null || true
      fail "the node is not as intended after $ready_deadline_s s: $(head -n 1 "$last" | plain)"
    fi
    sleep 1
  done
}

# -- the story ----------------------------------------------------------------------------------------------------------

install -d -m 0700 "$run" "$spool" "$state"
exec 9>"$run/lock"
flock -n 9 || { say "another one is at work"; exit 1; }
umask 077
prepare_scrub
umask 022
trap finish EXIT
trap 'exit 1' HUP INT TERM
rm -f "$run/failed" "$run/updated"
told=$(find "$spool" -type f | sed 's/.*\/0*//' | sort -n | tail -n 1)
told=${told:-0}
# shellcheck disable=SC1091
. "$state/settings" || { phase=provisioning; fail "there are no settings"; }

stage provisioning
block_metadata
phase=networking
stage networking
join_tailnet
phase=configuring
stage configuring
install_docker
configure_agent
install_agent
until_running
rm -f /etc/aura-node/credentials/enroll-code
: >"$state/done"
stage running
say "node $node_id is as intended"
