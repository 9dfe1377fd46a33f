#!/usr/bin/env python3
"""What scale.sh measures with. Python 3.11, standard library only.

  scale.py tree DIR FILES SAMPLES           makes a tree: FILES files, 85 directories for each 1,000 of them
  scale.py ready OUT BIN LOG OPTION...      starts a daemon; seconds until it is ready and until its first answer
  scale.py idle OUT PID                     waits until it sleeps; PSS then, the most before, directories watched
  scale.py asleep OUT PID SECONDS           context switches of all threads and disk I/O meanwhile
  scale.py rescan OUT BIN WALK DIR          five times each: find; statwalk and metactl rescan by turns
  scale.py latency OUT DIR MOUNT SEED       from the close of a new JPEG until its record can be read
  scale.py report DIR FILES                 the table; exit code 1 if a limit is not kept
"""
import json, os, re, shutil, socket, statistics, subprocess, sys, time

from measure import MIB, close_to_visible, got, pss, put

DIRS_PER_THOUSAND = 85
ROUNDS = 5
# Seconds: workers without work are gone after ten, the store sleeps after thirty, a job that has ended is kept for sixty.
SETTLED = 75


def tree(top, files, samples):
    """Five trees of one size. Most files are small texts; every eighth is of a format that we read, with bytes of its
    own; none is younger than another by less than the order they are made in."""
    files = int(files)
    leaves = max(5, files * DIRS_PER_THOUSAND // 1000 // 5 * 5)
    seeds = [(suffix, open(os.path.join(samples, name), "rb").read())
             for suffix, name in ((".jpg", "jpeg/exif.jpg"), (".jpg", "jpeg/iptc.jpg"))]
    number = 0
    for leaf in range(leaves):
        part, rest = divmod(leaf, leaves // 5)
        path = os.path.join(top, f"part{part}", f"group{rest // 100:03}", f"dir{rest % 100:02}")
        os.makedirs(path)
        at = os.open(path, os.O_DIRECTORY)
        for number in range(number, files * (leaf + 1) // leaves):
            note = b"note %d\n" % number
            name, data = f"note {number}.txt", b"" if number % 16 == 0 else note
            if number % 8 == 1:
                suffix, seed = seeds[number // 8 % len(seeds)]
                name, data = f"IMG_{number}{suffix}", seed[:2] + b"\xff\xfe" + bytes((0, len(note) + 2)) + note + seed[2:]
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=at)
            os.write(file, data)
            os.close(file)
            number += 1
        os.close(at)


def ready(out, bins, log, *options):
    """The daemon goes on; its process number is in OUT.pid."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, open(log, "ab") as errors:
        told.bind(out + ".socket")
        told.settimeout(60)
        start = time.monotonic()
        daemon = subprocess.Popen([f"{bins}/metaextractd", *options], stderr=errors,
                                  env={**os.environ, "NOTIFY_SOCKET": out + ".socket"}, start_new_session=True)
        with open(out + ".pid", "w") as f:
            f.write(str(daemon.pid))
        while told.recv(4096) != b"READY=1":
            pass
        is_ready = time.monotonic() - start
        subprocess.run([f"{bins}/metactl", "status", "--json"], check=True, stdout=subprocess.DEVNULL)
        put(out, {"ready": is_ready, "answered": time.monotonic() - start})


def watches(pid):
    """Directories that the kernel watches for a process."""
    count = 0
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        with open(f"/proc/{pid}/fdinfo/{name}") as f:
            count += f.read().count("inotify wd:")
    return count


def activity(pid):
    """Context switches of all threads, bytes read from and written to disks."""
    switches = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as f:
            status = f.read()
        name = re.search(r"^Name:\t(.*)$", status, re.M)[1]
        switches[f"{name} {task}"] = sum(int(n) for n in re.findall(r"ctxt_switches:\t(\d+)", status))
    with open(f"/proc/{pid}/io") as f:
        io = dict(line.split(": ") for line in f.read().splitlines())
    return switches, int(io["read_bytes"]), int(io["write_bytes"])


def asleep(out, pid, seconds):
    before, read_before, written_before = activity(pid)
    time.sleep(int(seconds))
    after, read, written = activity(pid)
    woken = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    put(out, {"seconds": int(seconds), "switches": sum(woken.values()), "by": woken, "read": read - read_before,
              "written": written - written_before, "threads": len(after)})


def rescan(out, bins, walk, directory):
    """One round before, so that all find the kernel's caches as warm."""
    commands = {"find": ["find", directory, "-printf", "%s\\n"], "statwalk": [walk, directory],
                "rescan": [f"{bins}/metactl", "rescan", directory]}
    times = {name: [] for name in commands}
    for names in (["find"], ["statwalk", "rescan"]):
        for number in range(ROUNDS + 1):
            for name in names:
                start = time.monotonic()
                done = subprocess.run(commands[name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                taken = time.monotonic() - start
                if done.returncode:
                    sys.exit(f"{commands[name]} ended with {done.returncode}: {done.stderr.decode()}")
                if number:
                    times[name].append(taken)
                elif name == "statwalk":
                    dirs, files, _ = done.stdout.split()
    put(out, {"dirs": int(dirs), "files": int(files), **times})


def idle(out, pid):
    """Waits until nothing at all is left to do, and measures then; `tidying` is the most until then."""
    begun, tidying = time.monotonic(), 0
    while time.monotonic() - begun < SETTLED or store() != "asleep":
        if time.monotonic() - begun > 900:
            sys.exit("the store does not fall asleep within 15 minutes; metactl status says what it does")
        tidying = max(tidying, pss(pid))
        time.sleep(1)
    put(out, {"pss": pss(pid), "watches": watches(pid), "tidying": tidying})


def store():
    return json.loads(subprocess.check_output(["metactl", "status", "--json"]))["Store"]["Rest"]


def report(work, files):
    files, dirs, status = int(files), got(work, "dirs"), got(work, "status.json")
    small, few, every = got(work, "small.idle"), got(work, "few.idle"), got(work, "every.idle")
    used, start, sleep, walks = got(work, "memory"), got(work, "ready"), got(work, "asleep"), got(work, "rescan")
    took = {name: statistics.median(walks[name]) for name in ("statwalk", "find", "rescan")}
    times = sorted(got(work, "latency"))
    load = os.getloadavg()[0]
    minutes = sleep["seconds"] / 60
    rows = [  # what, limit, measured, unit, how
        ("daemon idle, 20,000 files", 20, small["pss"] / MIB, "MiB", f"smaps_rollup Pss; {small['watches']} watches"),
        (f"daemon idle, {files:,} files", 60, few["pss"] / MIB, "MiB",
         f"smaps_rollup Pss; {few['watches']} of {dirs} directories watched"),
        ("  with all watched", 90, every["pss"] / MIB, "MiB", f"smaps_rollup Pss; {every['watches']} watches"),
        ("all processes, indexing with 4 workers", 300, used["all"] / MIB, "MiB",
         f"most of {used['samples']} sums of Pss; daemon {used['daemon'] / MIB:.0f}, workers {used['workers'] / MIB:.0f}"),
        ("  before it falls asleep", 300, max(few["tidying"], every["tidying"]) / MIB, "MiB", "most of its Pss, each second"),
        ("asleep: wake-ups a minute", 4, sleep["switches"] / minutes, "",
         f"/proc/PID/task/*/status over {sleep['seconds']} s; {sleep['threads']} threads; {sleep['by'] or 'none woke'}"),
        ("asleep: disk I/O", 0, sleep["read"] + sleep["written"], "B", "/proc/PID/io, read_bytes and write_bytes"),
        ("ready after start", 1, start["ready"], "s", f"READY=1; first answer of Status at {start['answered']:.2f} s"),
        (f"rescan of {walks['files']:,} files", 2, took["rescan"] / took["statwalk"], "times",
         f"metactl rescan {took['rescan']:.3f} s, statwalk {took['statwalk']:.3f} s; medians of {ROUNDS}"),
        ("  its peer against find -printf %s", 1, took["statwalk"] / took["find"], "times", f"find {took['find']:.3f} s"),
        ("closed to visible, median", 50, statistics.median(times) * 1000, "ms", f"{len(times)} pictures, one by one"),
        ("closed to visible, p99", 100, times[len(times) * 99 // 100 - 1] * 1000, "ms", f"most {times[-1] * 1000:.1f}"),
        ("files not known", 0, files - status["Files"]["Known"], "",
         f"metactl status; indexed in {got(work, 'index'):.0f} s, {files / got(work, 'index'):.0f} files/s"),
        ("files pending or failed", 0, status["Files"]["Pending"] + status["Files"]["Failed"], "", "metactl status"),
    ]
    print(f"{'what':40} {'limit':>7} {'measured':>10}       {'met':4} how   (load {load:.1f}, {os.cpu_count()} cores)")
    missed = 0
    for what, limit, measured, unit, how in rows:
        missed += measured > limit
        print(f"{what:40} {limit:7} {measured:10.2f} {unit:5} {'no' if measured > limit else 'yes':4} {how}")
    sys.exit(1 if missed else 0)


def main():
    verbs = {"tree": tree, "ready": ready, "asleep": asleep, "rescan": rescan, "report": report,
             "latency": lambda out, directory, mount, seed: put(out, close_to_visible(seed, directory, mount)),
             "idle": idle}
    if len(sys.argv) < 3 or sys.argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
