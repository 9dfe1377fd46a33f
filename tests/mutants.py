"""Breaks the program one line at a time and says which tests notice. Called by mutants.sh."""

import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import signal
import subprocess
import sys
import tomllib

# Lines that are worth a deletion: a wall, a sync, an invalidation, a comparison.
WORTH = re.compile(r"landlock|seccomp|sync_all|inval_| [=!]= | [<>]=? ")
# Lines that do nothing by themselves.
IDLE = re.compile(r"^\s*(//|#\[|use |pub use |mod |fn |pub fn |pub\(\w+\) fn |impl|assert|const |static )|->|=>\s*\{$|^\s*\}")
# Folder -> package.
PACKAGES = {"daemon": "metaextractd", "fs": "metafs", "ctl": "metactl", "extract": "metaextract", "tests": "tests"}
# What is no code of a line, and the brackets of which a line that can go has as many that open as that close.
WORDS = re.compile(r"//.*|\"[^\"]*\"|'.'")
BRACKETS = ("()", "[]", "{}")
# Minutes after which a test that hangs counts as failed: a hang is noticed too.
PATIENCE = 3


class Broken(Exception):
    """The table does not fit the source, or a test fails without any change."""


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def build(tests):
    """Builds what these tests are in and what they run; gives name -> program, or None and what cargo said."""
    programs, wanted, said = {}, {}, ""
    for test in tests:
        folder, program, _ = test.split("::", 2)
        wanted.setdefault(PACKAGES[folder], set()).add(program)
    commands = [["test", "--no-run", "-p", package, *(part for program in sorted(named) for part in target(program))]
                for package, named in sorted(wanted.items())]
    if "tests" in wanted:
        commands.insert(0, ["build", "--bins", "-p", "metaextractd", "-p", "metactl", "-p", "tests"])
    for command in commands:
        built = run(["cargo", *command, "--quiet", "--message-format=json-render-diagnostics"])
        said = built.stdout
        if built.returncode != 0:
            return None, said
        if command[0] == "test":
            for line in filter(lambda line: line.startswith("{"), built.stdout.splitlines()):
                entry = json.loads(line)
                if entry.get("executable") and entry["profile"]["test"]:
                    source = pathlib.Path(entry["target"]["src_path"])
                    program = "lib" if source.name == "lib.rs" else entry["target"]["name"]
                    programs[f"{source.parts[-3]}::{program}"] = (entry["executable"], source.parent.parent)
    return programs, said


def target(program):
    return ["--lib"] if program == "lib" else ["--test", program]


def passes(programs, test, user):
    """Whether a test, `folder::program::name`, passes; it has to be there."""
    folder, program, name = test.split("::", 2)
    if f"{folder}::{program}" not in programs:
        raise Broken(f"no test program {folder}::{program} (of {test}); there are {', '.join(sorted(programs))}")
    executable, directory = programs[f"{folder}::{program}"]
    command = [executable, *([] if name == "*" else [name])]
    command = command if program.startswith("root_") else [*user, *command]
    try:
        done = run(command, cwd=directory, timeout=PATIENCE * 60)
    except subprocess.TimeoutExpired:
        return False
    ran = sum(int(n) for n in re.findall(r"(\d+) passed", done.stdout))
    failed = sum(int(n) for n in re.findall(r"(\d+) failed", done.stdout))
    if done.returncode == 0 and ran == 0 and failed == 0:
        raise Broken(f"no test is named {test}")
    return done.returncode == 0


class Patch:
    def __init__(self, row):
        self.name, self.tests = row["name"], row["tests"]
        self.path = pathlib.Path(row["file"])
        self.old = self.path.read_text()
        if self.old.count(row["from"]) != 1:
            raise Broken(f"{self.name}: {self.path} has {self.old.count(row['from'])} times, not once: {row['from']}")
        self.new = self.old.replace(row["from"], row["to"])
        self.must_build = True


class Deletion:
    def __init__(self, path, number, tests):
        self.path, self.tests = pathlib.Path(path), tests
        self.old = self.path.read_text()
        lines = self.old.splitlines(keepends=True)
        self.line = lines.pop(number).strip()
        self.name = f"{path}:{number + 1}: {self.line}"
        self.new = "".join(lines)
        self.must_build = False


def end_leftovers():
    """Ends what a broken program left running: a worker that no longer sees its daemon end would spin on, below every test after it."""
    built = str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).resolve()) + "/"
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "exe").startswith(built):
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            pass  # It has ended, or is another user's.


def judge(mutant, user):
    """The test that noticed, False if none did, None if the change does not compile."""
    mutant.path.write_text(mutant.new)
    try:
        programs, said = build(mutant.tests)
        if programs is None:
            if mutant.must_build:
                raise Broken(f"{mutant.name} does not compile:\n{said}")
            return None
        return next((test for test in mutant.tests if not passes(programs, test, user)), False)
    finally:
        mutant.path.write_text(mutant.old)
        end_leftovers()


def deletions(table, seed):
    """Lines that can be deleted, in an order drawn by the seed: of a line by itself, so that a change elsewhere draws no others."""
    candidates = []
    equivalent = {(row["file"], row["line"]) for row in table.get("equivalent", [])}
    for row in table["deletions"]:
        text = pathlib.Path(row["file"]).read_text().split("#[cfg(test)]\nmod tests {")[0]
        for number, line in enumerate(text.splitlines()):
            code = WORDS.sub("", line)
            whole = all(code.count(opening) == code.count(closing) for opening, closing in BRACKETS)
            if whole and WORTH.search(code) and not IDLE.search(line) and (row["file"], line.strip()) not in equivalent:
                drawn = hashlib.sha256(f"{seed} {row['file']} {line.strip()}".encode()).digest()
                candidates.append((drawn, row["file"], number, row["tests"]))
    return (Deletion(*candidate) for _, *candidate in sorted(candidates))


def main():
    parser = argparse.ArgumentParser(prog="tests/mutants.sh", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the patches and end")
    parser.add_argument("--only", action="append", metavar="NAME", help="this patch; can be given again")
    parser.add_argument("--draw", type=int, metavar="N", help="so many of the patches, drawn by the seed")
    parser.add_argument("--deletions", type=int, default=None, metavar="N", help="so many deletions (30; with --only or --draw none)")
    parser.add_argument("--seed", default="1", help="what is drawn")
    options = parser.parse_args()
    user = shlex.split(os.environ.get("AS_USER", ""))
    table = tomllib.loads(pathlib.Path("tests/mutants.toml").read_text())
    # Those that are not wanted, too: each has to fit the source as it is.
    patches = [Patch(row) for row in table["patch"]]
    if options.list:
        print(*(patch.name for patch in patches), sep="\n")
        return 0
    if options.only:
        unknown = set(options.only) - {patch.name for patch in patches}
        if unknown:
            raise Broken(f"no patch is named {', '.join(sorted(unknown))}; see --list")
        patches = [patch for patch in patches if patch.name in options.only]
    if options.draw is not None:
        patches = random.Random(options.seed).sample(patches, min(options.draw, len(patches)))
    wanted = options.deletions if options.deletions is not None else 0 if options.only or options.draw is not None else 30
    print(f"seed {options.seed}: {len(patches)} patches, {wanted} deletions", flush=True)

    named = sorted({test for patch in patches for test in patch.tests})
    programs, said = build(named)
    if programs is None:
        raise Broken(f"the source as it is does not compile:\n{said}")
    for test in named:
        if not passes(programs, test, user):
            raise Broken(f"{test} fails without any change; mend that first")

    missed = []

    def report(mutant, noticed):
        print(f"{'caught ' if noticed else 'MISSED '} {mutant.name}" + (f"  by {noticed}" if noticed else ""), flush=True)
        if not noticed:
            missed.append(mutant.name)

    for patch in patches:
        report(patch, judge(patch, user))
    done, tried = 0, set(named)
    for deletion in deletions(table, options.seed) if wanted else ():
        noticed = judge(deletion, user)
        # What fails or is too slow by itself notices nothing.
        if noticed and noticed not in tried:
            programs, said = build([noticed])
            if programs is None or not passes(programs, noticed, user):
                raise Broken(f"{noticed} fails without any change; mend that first\n{said}")
            tried.add(noticed)
        if noticed is not None:
            report(deletion, noticed)
            done += 1
        if done == wanted:
            break
    if done < wanted:
        raise Broken(f"only {done} lines could be deleted; name more files in tests/mutants.toml")
    print(f"{len(patches) + done - len(missed)} caught, {len(missed)} missed")
    return 1 if missed else 0


try:
    sys.exit(main())
except Broken as error:
    print(f"mutants.sh: {error}", file=sys.stderr)
    sys.exit(2)
