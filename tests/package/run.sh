#!/usr/bin/env bash
# The Debian package on a machine that has nothing: a minimal Debian is made in a folder, the newest package of build/
# installed there with its dependencies, and the program used. Needs root, mmdebstrap and Debian's mirror.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
package=${1:-$(ls -t "$here"/build/hone_*.deb | head -1)}
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
echo "a bare Debian in $root"
mmdebstrap --variant=apt --quiet "$suite" "$root"
cp "$package" "$root/hone.deb"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$(dirname "$0")/short.yaml" "$root/short.yaml"
# Its own /proc, mounted where nobody else sees it.
inside() {
  env -i DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    unshare --mount sh -c 'mount --bind /proc "$0/proc" && exec chroot "$0" "$@"' "$root" "$@"
}
inside apt-get update -q > "$root/apt.log" 2>&1 || { tail -20 "$root/apt.log"; exit 1; }
inside apt-get install -yq --no-install-recommends /hone.deb > "$root/apt.log" 2>&1 || { tail -20 "$root/apt.log"; exit 1; }
check() { echo "  $1"; shift; "$@" > "$root/out" 2>&1 || { cat "$root/out"; echo "failed: $*"; exit 1; }; }
check "hone --version" inside hone --version
check "a short training" inside sh -c 'cd /root && hone train /short.yaml'
check "which left a model" test -s "$root/root/runs/short/latest/config.json"
check "its checkpoint samples" inside sh -c 'cd /root && hone sample runs/short/latest 1+2'
check "recipes are there" test -s "$root/usr/share/doc/hone/examples/quickstart.yaml"
check "the licence is there" test -s "$root/usr/share/doc/hone/copyright"
check "bash completes" inside bash -c '. /usr/share/bash-completion/completions/hone
  COMP_WORDS=(hone tra); COMP_CWORD=1; _hone; test "${COMPREPLY[*]}" = train'
for file in zsh/vendor-completions/_hone fish/vendor_completions.d/hone.fish man/man1/hone.1.gz; do
  # apt may be told to leave manual pages out; the package itself is asked.
  check "$file" sh -c "dpkg-deb --contents '$package' | grep -q '/usr/share/$file\$'"
done
check "it goes again" inside apt-get purge -yq hone
check "whole" test ! -e "$root/usr/bin/hone" -a ! -e "$root/usr/share/doc/hone/copyright"
echo "$(basename "$package"): good"
