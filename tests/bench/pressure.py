#!/usr/bin/env python3
"""What pressure.sh measures with. Python 3.11, standard library only.

  pressure.py thrash FILE PROCESSES         touches pages of a file, until its process group is ended
  pressure.py forget LIST                   takes files out of the kernel's cache; names end with NUL
  pressure.py steady OUT SECONDS            rounds of the same work done in each second
  pressure.py trace OUT PID MOUNT           what happens, every 100 ms, until SIGTERM
  pressure.py report DIR FILES              the table and trace.svg; exit code 1 if a bound is not kept
"""
import hashlib, json, mmap, os, random, re, signal, statistics, sys, time

from measure import MIB, children, got, pss, put

TICK = 0.1
ROUNDS = 8
# Share of the time in which somebody waits for memory, from which on half of the workers have to go.
PRESSURE = 0.10


def thrash(path, processes):
    """In any order, until it is ended: some pages are used again and stay, and are missed when they had to go."""
    file = os.open(path, os.O_RDONLY)
    pages = os.fstat(file).st_size // 4096
    shown = mmap.mmap(file, 0, prot=mmap.PROT_READ)
    shown.madvise(mmap.MADV_RANDOM)
    for _ in range(int(processes) - 1):
        if os.fork() == 0:
            break
    random.seed(os.getpid())
    while True:
        shown[random.randrange(pages) * 4096]


def forget(listed):
    """Whoever reads them next is charged for them."""
    for name in open(listed, "rb").read().split(b"\0")[:-1]:
        file = os.open(name, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def steady(out, seconds):
    """Hashes what lies in memory: about a millisecond each."""
    data, rounds = bytes(1 << 20), []
    for _ in range(int(seconds)):
        end, count = time.monotonic() + 1, 0
        while time.monotonic() < end:
            hashlib.blake2b(data).digest()
            count += 1
        rounds.append(count)
    put(out, rounds)


def waited():
    """Seconds in which some task has waited for memory, since the machine started."""
    with open("/proc/pressure/memory") as f:
        return int(re.search(r"^some .* total=(\d+)", f.read(), re.M)[1]) / 1e6


def results(mount):
    try:
        with open(f"{mount}/status/metrics") as f:
            return sum(map(int, re.findall(r"^metaextract_results_total\{.*\} (\d+)", f.read(), re.M)))
    except OSError:
        return 0


def trace(out, pid, mount):
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    begun, samples = time.monotonic(), []
    before, total = begun, waited()
    while not stop and os.path.exists(f"/proc/{pid}"):
        time.sleep(max(0.0, TICK - (time.monotonic() - before)))
        now, sofar, workers = time.monotonic(), waited(), children(pid)
        share = min(1.0, (sofar - total) / (now - before))
        before, total = now, sofar
        samples.append({"at": now - begun, "clock": now, "pressure": share, "workers": len(workers),
                        "pss": pss(pid) + sum(map(pss, workers)), "files": results(mount)})
    put(out, samples)


def curve(samples, key, most, top, height, scale):
    points = " ".join(f"{sample['at'] * scale + 70:.1f},{top + height - height * sample[key] / most:.1f}" for sample in samples)
    return f'<polyline fill="none" stroke="#205493" stroke-width="1.5" points="{points}"/>'


def draw(path, samples, marks, ceiling):
    """One strip for each figure, above each other, with the same time."""
    rates = [max(0, b["files"] - a["files"]) / TICK for a, b in zip(samples, samples[1:])] + [0]
    samples = [{**sample, "rate": rate, "mib": sample["pss"] / MIB} for sample, rate in zip(samples, rates)]
    scale = 800 / max(1.0, samples[-1]["at"])
    strips = [("pressure", "memory waited for, share of time", 1.0), ("workers", "workers", None),
              ("mib", f"PSS of all, MiB (ceiling {ceiling / MIB:.0f})", None), ("rate", "files/s", None)]
    parts = []
    for number, (key, title, most) in enumerate(strips):
        top, most = 30 + number * 110, most or max(1, max(sample[key] for sample in samples))
        parts.append(f'<text x="70" y="{top - 6}">{title}</text><text x="64" y="{top + 10}" text-anchor="end">{most:.0f}</text>'
                     f'<text x="64" y="{top + 80}" text-anchor="end">0</text>'
                     f'<rect x="70" y="{top}" width="800" height="80" fill="none" stroke="#ccc"/>')
        parts += [f'<line x1="{at * scale + 70:.1f}" x2="{at * scale + 70:.1f}" y1="{top}" y2="{top + 80}" stroke="#c22"/>'
                  for at in marks]
        parts.append(curve(samples, key, most, top, 80, scale))
    parts.append(f'<text x="70" y="470">0 s</text><text x="870" y="470" text-anchor="end">{samples[-1]["at"]:.1f} s; '
                 'red: the pressure begins and ends</text>')
    with open(path, "w") as f:
        f.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 480" font-family="sans-serif" font-size="12">'
                + "".join(parts) + "</svg>\n")


def report(work, files):
    samples, files = got(work, "trace"), int(files)
    begin, end = (got(work, name) - samples[0]["clock"] + samples[0]["at"] for name in ("begin", "end"))
    status, small = got(work, "status.json"), got(work, "small.json")
    ceiling = status["Memory"]["Ceiling"]
    draw(f"{work}/trace.svg", samples, (begin, end), ceiling)
    for sample in samples[::5]:
        print(f"{sample['at']:6.1f} s  pressure {sample['pressure']:4.0%}  workers {sample['workers']}  "
              f"PSS {sample['pss'] / MIB:6.1f} MiB  {sample['files']} files")
    calm = max((sample["workers"] for sample in samples if sample["at"] < begin), default=0)
    pressed = next((sample["at"] for sample in samples if sample["at"] >= begin and sample["pressure"] >= PRESSURE), None)
    fallen = next((sample["at"] for sample in samples if pressed and sample["at"] > pressed and sample["files"] < files * 0.9
                   and sample["workers"] <= calm // 2), None)
    back = next((sample["at"] for sample in samples if sample["at"] > end and sample["workers"] >= 1), None)
    during = [sample["workers"] for sample in samples if pressed and pressed + 2 <= sample["at"] < end]
    # By pairs, one right after the other.
    alone, beside = ([statistics.mean(got(work, f"steady.{how}.{round}")) for round in range(ROUNDS)]
                     for how in ("alone", "beside"))
    lost = statistics.median(1 - b / a for a, b in zip(alone, beside)) * 100
    rows = [  # what, value, least, most, more to say
        ("workers before the pressure", calm, 1, None, ""),
        ("pressure that was made, most, %", max(sample["pressure"] for sample in samples) * 100, PRESSURE * 100, None, ""),
        ("workers halved after, s", fallen - pressed if fallen else None, None, 2, f"most two seconds later: {max(during, default=0)}"),
        ("workers back after, s", back - end if back else None, None, 60, ""),
        ("PSS of all, most, MiB", max(sample["pss"] for sample in samples) / MIB, None, ceiling / MIB, f"of {len(samples)} samples"),
        ("files without a result", files - sum(status["Files"][key] for key in ("Indexed", "Partial", "Failed")), None, 0, ""),
        ("steady work beside it, % lost", lost, None, 5,
         f"{statistics.mean(alone):.0f} rounds/s alone, {statistics.mean(beside):.0f} beside; {ROUNDS} pairs"),
        ("in 256 MB: files without a result", files - sum(small["Files"][key] for key in ("Indexed", "Partial", "Failed")), None, 0, ""),
        ("in 256 MB: processes killed", got(work, "killed"), None, 0, f"limit met {got(work, 'failcnt')} times"),
    ]
    bad = 0
    for what, value, least, most, more in rows:
        kept = value is not None and (least is None or value >= least) and (most is None or value <= most)
        bad += not kept
        bound = f"at least {least:.0f}" if least is not None else f"at most {most:.0f}"
        shown = "never" if value is None else f"{value:.1f}"
        print(f"{what:36} {shown:>9}  {bound:13} {'ok' if kept else 'NOT KEPT':8}  {more}")
    sys.exit(1 if bad else 0)


def main():
    verbs = {"thrash": thrash, "forget": forget, "steady": steady, "trace": trace, "report": report,
             "now": lambda out: put(out, time.monotonic())}
    if len(sys.argv) < 3 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
