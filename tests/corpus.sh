#!/bin/bash
# Reads every file of a corpus with `metaextractd extract` and scores the result with the corpus's own score.py.
#   tests/corpus.sh DIR [FORMAT...]
# DIR has files/, oracle/exiftool.jsonl.xz and score.py; FORMATs default to those read in full.
# Exit code 1: a floor (corpus-floors.json) is not reached, a file has no line, or more than 3 files are stopped by a limit,
# of which the CPU time is set to one second here.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/packaging/lib.sh"
corpus=${1:?usage: tests/corpus.sh DIR [FORMAT...]}
[ -f "$corpus/score.py" ] || die "corpus.sh: $corpus has no score.py"
corpus=$(cd "$corpus" && pwd)
shift
formats=("$@")
((${#formats[@]})) || formats=(JPEG TIFF PNG MP3 FLAC PDF)
need_rust
command -v xz >/dev/null || assume_yes=1 packages xz-utils

cargo build --quiet --release --manifest-path "$top/Cargo.toml" -p metaextractd
bin=${CARGO_TARGET_DIR:-$top/target}/release/metaextractd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$corpus"
find files -type f -print0 | sort -z >"$work/paths"
paths=$(tr -cd '\0' <"$work/paths" | wc -c)
export METAEXTRACT_LIMITS__CPU=1s
for form in print raw; do
    option=$([ $form = raw ] && echo --raw || true)
    # Exit code 1 says that some file has no record, which the lines show.
    "$bin" extract $option - <"$work/paths" >"$work/$form.jsonl" || [ $? = 1 ]
    lines=$(wc -l <"$work/$form.jsonl")
    [ "$lines" = "$paths" ] || die "corpus.sh: $lines lines for $paths files"
done
limited=$(grep -c -E '"Warning":"over the limit|"Error":"[^"]*(timed out|memory|CPU)' "$work/print.jsonl" || true)
grep -E '"Warning":"over the limit|"Error":"[^"]*(timed out|memory|CPU)' "$work/print.jsonl" | cut -c1-200 || true
say "$paths files, a line for each; stopped by a limit: $limited"
[ "$limited" -le 3 ] || die "corpus.sh: more than 3 files are stopped by a limit"

python3 - "$top/tests/corpus-floors.json" "$work" "$corpus" "${formats[@]}" <<'PYTHON'
import json, subprocess, sys
floors, work, corpus, formats = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
floors = json.load(open(floors))
ROW = "without maker notes and Composite"
low = []
def score(form, names):
    out = f"{work}/score.json"
    subprocess.run([sys.executable, f"{corpus}/score.py", f"{work}/{form}.jsonl", f"{corpus}/oracle/exiftool.jsonl.xz",
                    "--formats", ",".join(names), "--only", form, "--json", out, "--top", "0"],
                   check=True, stdout=subprocess.DEVNULL)
    return json.load(open(out))
def figures(result):
    row = result["totals"][ROW]
    right = row.get("ok", 0)
    given = right + row.get("wrong", 0) + row.get("extra", 0)
    return {"recall": row["recall"] or 0.0, "precision": row["precision"] or 0.0, "strict": right / given if given else 0.0}
for form in ("print", "raw"):
    for names in [formats] + ([[one] for one in formats] if len(formats) > 1 else []):
        label = "all" if names == formats else names[0]
        got = figures(score(form, names))
        floor = floors.get(label, floors["each"])
        print(f"{form:5} {label:5} " + "  ".join(f"{key} {value:.4f}" for key, value in got.items()))
        low += [f"{form} {label}: {key} {got[key]:.4f} is below {least}" for key, least in floor.items() if got[key] < least]
if low:
    sys.exit("\n".join(["corpus.sh: below the floor:"] + low))
PYTHON
