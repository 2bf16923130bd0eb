# shellcheck shell=bash disable=SC2154
# The clean root in which build-deb builds. Sourced by it; uses its say, die, tree, own_arch and work.

root_suite=bookworm
# What is in the root besides what debian/control asks for: the checks of the packages, and what makes builds fast.
root_extras=(lintian qemu-user-static ccache mold)

foreign_arch() { if [ "$own_arch" = amd64 ]; then echo arm64; else echo amd64; fi; }

root_recipe() {
  sed -n '/^Build-Depends:/,/^[^ ]/p' "$tree/packaging/debian/control"
  echo "$root_suite $own_arch ${root_extras[*]}"
  declare -f bootstrap
}

root_folder() { echo "${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/aura-test/build-root-$root_suite-$(root_recipe | sha256sum | cut -c1-12)"; }

# The mirror that this machine itself uses, also for another release than its own.
site_of() { apt-get indextargets --format '$(SITE) $(RELEASE)' | awk -v release="$1" '$2 == release {print $1; exit}'; }

bootstrap() {  # ROOT LOG; whatever of this changes, the root is made anew
  local root=$1 log=$2 own site security
  own=$(. /etc/os-release && echo "$VERSION_CODENAME")
  site=$(site_of "$own") security=$(site_of "$own-security")
  [ -n "$site" ] || die "apt names no mirror for $own: add one to /etc/apt/sources.list.d and run apt-get update."
  local -a sources=("deb $site $root_suite main" "deb $site $root_suite-updates main")
  if [ -n "$security" ]; then sources+=("deb $security $root_suite-security main"); fi
  local get="DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends"
  # The build-dependencies of both architectures, as apt itself resolves them for a cross build.
  timeout 3000 mmdebstrap --mode=root --format=directory --variant=minbase --architectures="$own_arch,$(foreign_arch)" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --include="build-essential,crossbuild-essential-$(foreign_arch),fakeroot,$(IFS=,; echo "${root_extras[*]}")" \
    --customize-hook='mkdir -p "$1/build" "$1/ccache" "$1/recipe/debian"' \
    --customize-hook="copy-in $tree/packaging/debian/control /recipe/debian" \
    --customize-hook="chroot \"\$1\" sh -c '$get build-dep /recipe'" \
    --customize-hook="chroot \"\$1\" sh -c '$get --host-architecture=$(foreign_arch) -P cross,nocheck build-dep /recipe'" \
    "$root_suite" "$root" "${sources[@]}" >"$log" 2>&1
}

make_root() {
  local root log
  root=$(root_folder)
  log=${root%/*}/build-root.log
  mkdir -p "${root%/*}"
  exec 9>"${root%/*}/build-root.lock"
  flock -w 3600 9 || die "another build-deb makes the clean root since an hour: end it and run it again."
  if [ ! -e "$root/.complete" ]; then
    say "making a clean root of $root_suite for $own_arch and $(foreign_arch), once: a few minutes, 1.5 GB in ${root%/*}"
    # Those of older recipes; one that was used today may be in use.
    find "${root%/*}" -maxdepth 1 -name "build-root-$root_suite-*" -mtime +1 -exec rm -rf {} +
    rm -rf "$root"
    bootstrap "$root" "$log" || {
      grep -E '^(E|W|Err):?' "$log" | cut -c1-400 | head -n 5 >&2 || true
      rm -rf "$root"
      die "mmdebstrap could not make the root: mend what it says above and run it again (all of it: $log)."
    }
    touch "$root/.complete"
  fi
  touch "$root"
  exec 9>&-
}

# Runs a command in the folder SUB of DIR, in the root: read-only but for DIR, which is called /build there (so that the
# compiler cache serves every work tree alike), and /tmp; without a network.
run_in_root() {  # DIR SUB COMMAND…
  local dir=$1 sub=$2 cache
  shift 2
  cache=$(ccache -k cache_dir 2>/dev/null || echo "${HOME:-/root}/.cache/ccache")
  mkdir -p "$cache"
  # shellcheck disable=SC2016
  unshare --mount --propagation private --net --ipc --pid --fork --kill-child bash -euc '
    root=$1 dir=$2 sub=$3 cache=$4
    shift 4
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    mount --bind "$dir" "$root/build"
    mount --bind "$cache" "$root/ccache"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/build LANG=C.UTF-8 CCACHE_DIR=/ccache \
      sh -c "cd \"\$1\" && shift && exec \"\$@\"" sh "/build/$sub" "$@"
  ' bash "$(root_folder)" "$dir" "$sub" "$cache" "$@"
}
