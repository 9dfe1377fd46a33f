#!/usr/bin/env python3
"""What balance.sh makes its files with and measures by. Python 3.11, standard library only.

  balance.py make DIR FILES        PDFs with much metadata, no two alike
  balance.py timed OUT PID COMMAND...  runs it; seconds go to OUT, and when each worker below PID was last busy
  balance.py took OUT TREE             what each file has cost
  balance.py report DIR ROUNDS         the table, of medians; exit code 1 if a limit is not kept
"""
import contextlib, json, os, random, statistics, subprocess, sys, time

# One PDF takes a worker's processor at least so many seconds.
LEAST = 0.001
# Nanoseconds of a processor that only reading takes.
BUSY = 1_000_000
# Two workers are so many times as fast as one, and the last ends within this part of the time after the first.
RATIO, APART = 1.7, 0.05


def pdf(number):
    """Objects without number, each in the cross-reference table, and a packet of XMP with many keywords."""
    chance = random.Random(number)
    keywords = "".join(f"<rdf:li>keyword {number}.{n} {chance.getrandbits(64):x}</rdf:li>"
                       for n in range(chance.randrange(1500, 6000)))
    xmp = ('<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
           '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
           f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>{keywords}</rdf:Bag></dc:subject>'
           '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>').encode()
    pages = chance.randrange(500, 3000)
    kids = " ".join(f"{n} 0 R" for n in range(5, 5 + pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(xmp), xmp),
        f"<< /Title (Number {number}) /Producer (balance.py) >>".encode(),
    ] + [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>"] * pages
    out, places = bytearray(b"%PDF-1.7\n"), []
    for n, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, text)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def make(directory, files):
    os.makedirs(directory)
    for number in range(int(files)):
        with open(f"{directory}/{number:04}.pdf", "wb") as f:
            f.write(pdf(number))


def put(path, value):
    with open(path, "w") as f:
        json.dump(value, f)


def got(*parts):
    with open(os.path.join(*parts)) as f:
        return json.load(f)


def children(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(OSError):
            yield from open(f"/proc/{pid}/task/{task}/children").read().split()


def timed(out, pid, *command):
    """Runs it; seconds, and when each process below `pid` last had a processor for a while, from the start on."""
    ran, last = {}, {}
    start = time.monotonic()
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while run.poll() is None:
        now = time.monotonic() - start
        for child in children(pid):
            with contextlib.suppress(OSError):
                # Nanoseconds on a processor.
                nanos = int(open(f"/proc/{child}/schedstat").read().split()[0])
                # Less than a file takes is what ending takes.
                if nanos - ran.get(child, 0) >= BUSY:
                    ran[child], last[child] = nanos, now
        time.sleep(0.01)
    if run.returncode:
        sys.exit(f"{command}: {run.returncode}")
    put(out, {"seconds": time.monotonic() - start, "ends": list(last.values())})


def answer(*verb):
    text = subprocess.run(["metactl", *verb, "--json"], capture_output=True, check=True, text=True).stdout
    return json.loads(text)


def took(out, tree):
    """What each file took, by the index."""
    whys = [answer("why", f"{tree}/{name}") for name in sorted(os.listdir(tree))]
    put(out, [(why[0] if isinstance(why, list) else why)["Held"]["CPU"] / 1e6 for why in whys])


def report(directory, rounds):
    rounds = range(int(rounds))
    runs = {workers: [got(directory, f"{workers}.{n}") for n in rounds] for workers in (1, 2)}
    seconds = {workers: [run["seconds"] for run in runs[workers]] for workers in runs}
    ratio = statistics.median(one / two for one, two in zip(seconds[1], seconds[2]))
    least = [min(got(directory, "took"))]
    # Of a worker that had a successor the end does not count. One alone has not shared anything.
    last = [sorted(run["ends"])[-2:] for run in runs[2]]
    apart = [(ends[1] - ends[0]) / run["seconds"] if len(ends) == 2 else 1.0 for ends, run in zip(last, runs[2])]
    print("apart:", ", ".join(f"{share:.1%}" for share in apart))
    apart = statistics.median(apart)
    rows = [
        ("the shortest file takes, ms of processor", min(least) * 1e3, LEAST * 1e3, min(least) >= LEAST),
        ("two workers against one", ratio, RATIO, ratio >= RATIO),
        ("last worker's end after the first's, %", apart * 100, APART * 100, apart <= APART),
    ]
    for workers in (1, 2):
        print(f"{workers} worker{'s' * (workers > 1)}: {', '.join(f'{s:.2f} s' for s in seconds[workers])}")
    for what, is_now, limit, is_kept in rows:
        print(f"{what:42} {is_now:8.2f}  limit {limit:6.2f}  {'kept' if is_kept else 'NOT KEPT'}")
    sys.exit(not all(row[3] for row in rows))


if __name__ == "__main__":
    {"make": make, "timed": timed, "took": took, "report": report}[sys.argv[1]](*sys.argv[2:])
