#!/usr/bin/env bash
# Installs the Debian packages that hone builds and runs with; with the argument `test` also the proof checkers that the
# tests compare with. `deb`, `deb-test` and `docs` install what `make deb`, `make deb-test` and `make docs` need, and
# nothing else. Does nothing when all are there. The reason for each stands in docs/dependencies.md.
set -euo pipefail
packages=(
  g++ cmake ninja-build ccache pkg-config
  libtorch-dev libblis-openmp-dev libhwy-dev
  libfmt-dev libspdlog-dev nlohmann-json3-dev libyaml-cpp-dev libcli11-dev
  libsqlite3-dev libpcre2-dev libutf8proc-dev libgmp-dev libsnappy-dev libzstd-dev zlib1g-dev
  libflint-dev libflint-arb-dev
  libprotobuf-dev protobuf-compiler libcpp-httplib-dev libcurl4-openssl-dev ca-certificates libcairo2-dev
  bubblewrap libseccomp-dev python3 gcc tcc
  libgtest-dev libgmock-dev libbenchmark-dev
)
# A newer Node.js than Debian's may be there already, and brings its own npm: the two do not mix.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
case "${1:-}" in
  test) packages+=(coq metamath metamath-databases chromium groff zsh fish) ;;
  deb) packages=(dpkg-dev file gzip) ;;
  deb-test) packages=(mmdebstrap) ;;
  docs) packages=(mkdocs python3-pygments) ;;
esac
missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0
root=()
[ "$(id -u)" = 0 ] || root=(sudo)
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -q
"${root[@]}" apt-get install -yq --no-install-recommends "${missing[@]}"
