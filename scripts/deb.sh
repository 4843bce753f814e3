#!/usr/bin/env bash
# deb.sh [PROGRAM]: packs target/release/dann, or PROGRAM in its place, as a Debian package into target/debian. As root on Debian
# or Ubuntu it is installed, tried and removed again. Where there is no cargo-deb, or a dann is installed, it says that it skips.
set -euo pipefail
cd "$(dirname "$0")/.."
program=target/release/dann
made=target/package

skip() {
    echo "skipped: $1" >&2
    exit 0
}

cargo deb --version >/dev/null 2>&1 || skip "no Debian package: there is no cargo-deb (cargo install --locked cargo-deb)"
if [ $# -gt 0 ]; then
    mkdir -p target/release
    [ "$1" -ef "$program" ] || cp "$1" "$program"
fi
[ -x "$program" ] || cargo build --release --locked
rm -rf "$made" target/debian
mkdir -p "$made"
scripts/notices.sh "$made/LICENSES-PACKAGES.txt"
"$program" man --out "$made/man"
for shell in bash zsh fish; do
    "$program" completions "$shell" > "$made/dann.$shell"
done
cargo deb --no-build --quiet
package=$(ls target/debian/dann_*.deb)
echo "$package"

command -v dpkg >/dev/null || skip "the package is not tried: there is no dpkg"
[ "$(id -u)" -eq 0 ] || skip "the package is not tried: only root can install it"
! command -v dann >/dev/null || skip "the package is not tried: dann is installed already ($(command -v dann))"
listed=$(dpkg-deb --contents "$package")
for file in usr/bin/dann usr/share/man/man1/dann-train.1.gz usr/share/bash-completion/completions/dann \
    usr/share/doc/dann/LICENSE-MIT usr/share/doc/dann/LICENSE-APACHE usr/share/doc/dann/copyright \
    usr/share/doc/dann/LICENSES-PACKAGES.txt; do
    grep -q "\./$file$" <<<"$listed" || { echo "error: $package: expected $file, found none" >&2; exit 1; }
done
apt-get update -q >/dev/null || true
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "./$package" >/dev/null
trap 'DEBIAN_FRONTEND=noninteractive apt-get remove -y -q dann >/dev/null' EXIT
expected="dann $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)"
found=$(/usr/bin/dann --version)
[ "$found" = "$expected" ] || { echo "error: expected $expected, found $found" >&2; exit 1; }
if command -v man >/dev/null && [ -e /usr/share/man/man1/dann.1.gz ]; then
    page=$(man dann)
    grep -q "Domain-adversarial" <<<"$page" || { echo "error: man dann: expected the manual, found $page" >&2; exit 1; }
fi
echo "$package was installed and answers \"$found\""
