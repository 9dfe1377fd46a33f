"""What prefetch.sh needs beyond the shell: makes the tree, walks through the view, compares."""

import json
import os
import re
import statistics
import sys
import time

RATIO, WASTE = 36, 0.10


def tree(top, dirs, files, sample):
    """Directories of pictures, each file of its own inode."""
    with open(sample, "rb") as file:
        picture = file.read()
    for number in range(int(dirs)):
        path = os.path.join(top, f"shoot-{number:04}")
        os.makedirs(path)
        for frame in range(int(files)):
            with open(os.path.join(path, f"IMG_{number:04}{frame:02}.jpg"), "wb") as file:
                # Behind the picture's end, so that no two are the same.
                file.write(picture + f"{number} {frame}".encode())


def walk(out, top, tags):
    """Lists the directories in order with all attributes, and reads some files' tags; milliseconds of each directory."""
    times, listed, read = [], 0, 0
    with os.scandir(top) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        began = time.monotonic()
        path = os.path.join(top, name)
        with os.scandir(path) as entries:
            files = sorted((entry.name, entry.stat().st_mtime) for entry in entries)
        listed += len(files)
        for file, _ in files[: int(tags)]:
            with open(os.path.join(path, file, "tags.txt"), "rb") as text:
                read += len(text.read()) > 0
        times.append((time.monotonic() - began) * 1000)
    with open(out, "w") as file:
        json.dump({"times": times, "listed": listed, "read": read}, file)


def used(log):
    """What the daemon says of its caches at its end."""
    with open(log) as file:
        found = re.findall(r"how the caches served.*", file.read())
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", found[-1])}


def report(work, dirs, files, tags):
    runs = {}
    for mode in ["off", "on"]:
        with open(os.path.join(work, f"walk.{mode}")) as file:
            runs[mode] = json.load(file)
        times = runs[mode]["times"]
        all_there = runs[mode]["listed"] == int(dirs) * int(files) and runs[mode]["read"] == int(dirs) * int(tags)
        assert len(times) == int(dirs) and all_there, "not all was there"
        ordered = sorted(times)
        print(
            f"prefetch {mode:3}: median {statistics.median(times):8.2f} ms a directory, "
            f"mean {statistics.mean(times):8.2f}, p90 {ordered[len(times) * 9 // 10]:8.2f}, in all {sum(times) / 1000:.1f} s"
        )
    ratio = statistics.median(runs["off"]["times"]) / statistics.median(runs["on"]["times"])
    caches = used(os.path.join(work, "log.on"))
    # What was still waiting at the end has not been used either.
    waste = 1 - caches["prefetch_hits"] / max(caches["prefetch_fetched"], 1)
    print(f"fetched ahead {caches['prefetch_fetched']}, used {caches['prefetch_hits']}")
    print(f"ratio of the medians {ratio:.0f} (at least {RATIO}), waste {waste:.1%} (at most {WASTE:.0%})")
    off = used(os.path.join(work, "log.off"))
    assert off["prefetch_fetched"] == 0, "it is off"
    return 0 if ratio >= RATIO and waste <= WASTE else 1


if __name__ == "__main__":
    sys.exit({"tree": tree, "walk": walk, "report": report}[sys.argv[1]](*sys.argv[2:]))
