#!/usr/bin/env python3
"""What spine.sh measures with. Python 3.11, standard library only.

  measure.py timed OUT COMMAND...           runs it; seconds, standard output and error go to OUT.*
  measure.py memory OUT PID                 PSS of a process and its children, every 100 ms until SIGTERM
  measure.py idle OUT PID                   PSS of a process, once
  measure.py cpu OUT PID                    CPU seconds of a process and of its children that have ended
  measure.py direct OUT DUMP LIST           CPU seconds of DUMP over the files of a list that NUL separates
  measure.py latency OUT TREE MOUNT CORPUS  from the close of a new JPEG until its record can be read
  measure.py report DIR                     the table; exit code 1 if a bound is not kept
"""
import json, os, re, resource, shutil, signal, statistics, subprocess, sys, time

MIB = 1 << 20
SAMPLES = 200


def put(path, value):
    with open(path, "w") as f:
        json.dump(value, f)


def got(*parts):
    with open(os.path.join(*parts)) as f:
        return json.load(f)


def timed(out, *command):
    with open(out + ".out", "wb") as stdout, open(out + ".err", "wb") as stderr:
        start = time.monotonic()
        code = subprocess.run(command, stdout=stdout, stderr=stderr).returncode
        put(out, time.monotonic() - start)
    if code:
        shutil.copyfileobj(open(out + ".err"), sys.stderr)
    sys.exit(code)


def pss(pid):
    """Bytes; 0 for a process that has just ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return next((int(line.split()[1]) * 1024 for line in f if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def cpu(pid):
    with open(f"/proc/{pid}/stat") as f:
        ticks = f.read().rsplit(")", 1)[1].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def direct(out, dump, listed):
    with open(listed, "rb") as names:
        # Exit code 123 says that some file could not be read.
        subprocess.run(["xargs", "-0", "-n", "1000", dump], stdin=names, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    put(out, used.ru_utime + used.ru_stime)


def children(pid):
    found = set()
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                found.update(f.read().split())
    except OSError:
        pass  # A thread that ends while it is looked at has no children any more.
    return found


def memory(out, pid):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    most = {"all": 0, "daemon": 0, "workers": 0, "samples": 0}
    try:
        while os.path.exists(f"/proc/{pid}"):
            start = time.monotonic()
            daemon, workers = pss(pid), sum(pss(child) for child in children(pid))
            for key, value in (("all", daemon + workers), ("daemon", daemon), ("workers", workers)):
                most[key] = max(most[key], value)
            most["samples"] += 1
            time.sleep(max(0.0, 0.1 - (time.monotonic() - start)))
    finally:
        put(out, most)


def latency(out, tree, mount, corpus):
    seed = next(os.path.join(at, name) for at, _, names in sorted(os.walk(os.path.join(corpus, "files/jpeg")))
                for name in sorted(names) if 20_000 < os.path.getsize(os.path.join(at, name)) < 200_000)
    directory = next(at for at, _, names in sorted(os.walk(os.path.join(tree, "Pictures"))) if names)
    put(out, close_to_visible(seed, directory, mount))


def close_to_visible(seed, directory, mount):
    """Seconds, SAMPLES times. Each picture has its own bytes; the next is written when the one before was seen."""
    data = open(seed, "rb").read()
    times = []
    for number in range(SAMPLES):
        note = b"written %06d" % number
        picture = os.path.join(directory, f"latency_{number:06d}.jpg")
        record = f"{mount}/files{picture}/record.json"
        with open(picture, "wb") as f:
            f.write(data[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + data[2:])
        closed = time.monotonic()
        while True:
            try:
                with open(record, "rb") as f:
                    whole = f.read().startswith(b"{")
                if whole:
                    break
                sys.exit(f"{record} is not a record")
            except FileNotFoundError:
                pass
            if time.monotonic() - closed > 10:
                sys.exit(f"{record} cannot be read 10 s after its file was closed")
            time.sleep(0.0002)
        times.append(time.monotonic() - closed)
    return times


def differing(shown, extracted):
    """Lines of `extract --json` that are not the same element of `show --json`, and how many lines there are."""
    count = different = 0
    with open(shown, "rb") as a, open(extracted, "rb") as b:
        elements = iter(a)
        for line in b:
            element = next(elements, b"")
            element = element[1:] if count == 0 else element
            count += 1
            if element[:-2] != line[:-1] or element[-2:] not in (b",\n", b"]\n"):
                different += 1
                if different <= 3:
                    print(f"differs: {line[:200]!r}\n         {element[:200]!r}", file=sys.stderr)
        different += sum(1 for _ in elements)
    return count, different


def samples(path):
    """Prometheus text: a dict from name with labels to value."""
    lines = (line.rsplit(" ", 1) for line in open(path) if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def added(work, name):
    """By how much the figures of this name, over all labels, have grown while all files were looked at again."""
    total = lambda path: sum(value for key, value in samples(path).items() if key.split("{")[0] == name)
    return total(f"{work}/after") - total(f"{work}/before")


def hit_rates(work):
    figures = samples(f"{work}/stats")
    rates = []
    for cache in ["records", "listings", "index", "copies"]:
        hits, misses = (figures.get(f'metaextract_cache_{what}_total{{cache="{cache}"}}', 0) for what in ["hits", "misses"])
        if hits + misses:
            rates.append(f"{cache} {hits / (hits + misses):.0%} of {hits + misses:.0f}")
    return ", ".join(rates)


def report(work):
    files = open(f"{work}/all", "rb").read().count(b"\0")
    said = re.search(r"(\d+) image files read", open(f"{work}/exiftool.err").read() + open(f"{work}/exiftool.out").read())
    read = int(said.group(1)) if said else sys.exit("ExifTool did not say how many files it read")
    theirs, ours = read / got(work, "exiftool"), files / got(work, "index")
    # What it would take for all, at its rate.
    all_of_it = files / theirs
    times = sorted(got(work, "latency"))
    used = got(work, "memory")
    count, different = differing(f"{work}/shown", f"{work}/extracted")
    known = got(work, "status.json")["Files"]
    rows = [  # what, value, least, most, more to say
        ("cold index, times ExifTool's rate", ours / theirs, 50, None,
         f"{ours:.0f} against {theirs:.1f} files/s: {files} files in {got(work, 'index'):.2f} s, "
         f"{read} in {got(work, 'exiftool'):.2f} s"),
        ("all processes while indexing, MiB", used["all"] / MIB, None, 200,
         f"daemon {used['daemon'] / MIB:.1f}, workers {used['workers'] / MIB:.1f}; {used['samples']} samples"),
        ("CPU above direct extraction, %", (got(work, "cpu") / got(work, "direct") - 1) * 100, None, 50,
         f"daemon and workers {got(work, 'cpu'):.2f} s, dump of all files {got(work, 'direct'):.2f} s"),
        ("daemon when idle, MiB", got(work, "idle") / MIB, None, 50,
         f"{got(work, 'full') / MIB:.1f} with full caches, when all records were just read"),
        ("closed to readable, ms, median", statistics.median(times) * 1000, None, 100,
         f"p99 {times[len(times) * 99 // 100] * 1000:.1f}, most {times[-1] * 1000:.1f}; {len(times)} pictures"),
        ("known files looked at, times ExifTool's", all_of_it / got(work, "known"), 505, None,
         f"{got(work, 'known'):.2f} s for index of all {files}, ExifTool would take {all_of_it:.0f} s"),
        ("of these read again", added(work, "metaextract_results_total"), None, 0,
         f"looked at {added(work, 'metaextract_crawl_files_total'):.0f}; hits: {hit_rates(work)}"),
        ("known records shown, times ExifTool's", all_of_it / got(work, "show"), 100, None,
         f"{got(work, 'show'):.2f} s for show --json of all"),
        ("records that differ from extract's", different, None, 0, f"of {count}"),
        ("files without a line", files - count, None, 0, f"known {known['Known']}, failed {known['Failed']}"),
    ]
    bad = 0
    for what, value, least, most, more in rows:
        kept = (least is None or value >= least) and (most is None or value <= most)
        bad += not kept
        bound = f"at least {least}" if least is not None else f"at most {most}"
        print(f"{what:40} {value:9.1f}  {bound:13} {'ok' if kept else 'NOT KEPT':8}  {more}")
    sys.exit(1 if bad else 0)


def main():
    verbs = {"timed": timed, "memory": memory, "latency": latency, "report": report, "direct": direct,
             "idle": lambda out, pid: put(out, pss(pid)), "cpu": lambda out, pid: put(out, cpu(pid))}
    if len(sys.argv) < 3 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
