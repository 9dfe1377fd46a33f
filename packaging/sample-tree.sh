#!/bin/bash
# Makes a small tree of files with metadata: packaging/sample-tree.sh DIR. Built of the project's own samples.
set -euo pipefail
golden=$(cd "$(dirname "$0")/../tests/golden" && pwd)
dir=${1:?usage: sample-tree.sh DIR}
mkdir -p "$dir"/{Pictures,Scans,Music,Documents}
copy() {
    local to=$1 from
    shift
    for from in "$@"; do
        case $from in *.expected) ;; *) cp "$from" "$dir/$to/" ;; esac
    done
}
copy Pictures "$golden"/jpeg/* "$golden"/png/*
copy Scans "$golden"/tiff/*
copy Music "$golden"/mp3/* "$golden"/flac/*
copy Documents "$golden"/pdf/*
printf 'A plain text.\n' >"$dir/Documents/notes.txt"
