"""JPEG and TIFF golden samples that no public tool writes: build_images.py KIND ARGUMENT...  Called by make.sh."""

import struct
import sys

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, DOUBLE = 1, 2, 3, 4, 5, 7, 10, 12
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SRATIONAL: 8, DOUBLE: 8}
FORMS = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "II", SRATIONAL: "ii", DOUBLE: "d"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def encode(order, kind, values):
    if isinstance(values, bytes):
        return values
    values = [value if isinstance(value, tuple) else (value,) for value in values]
    return b"".join(struct.pack(order + FORMS[kind], *value) for value in values)


def directory(order, at, entries, following=0, big=False):
    """A directory at AT with its values behind it."""
    count, pointer, inline = ("Q", "Q", 8) if big else ("H", "I", 4)
    head = struct.pack(order + count, len(entries))
    values_at = at + len(head) + len(entries) * (4 + 2 * inline) + inline
    values = b""
    for tag, kind, data in sorted(entries, key=lambda entry: entry[0]):
        data = encode(order, kind, data)
        head += struct.pack(order + "HH" + pointer, tag, kind, len(data) // SIZES[kind])
        if len(data) <= inline:
            head += data.ljust(inline, b"\0")
        else:
            head += struct.pack(order + pointer, values_at + len(values))
            values += data + b"\0" * (len(data) % 2)
    return head + struct.pack(order + pointer, following) + values


def tiff(order, entries, below):
    """A TIFF structure; BELOW maps tags of pointers to the entries of their directories."""
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    pointers = [(tag, LONG, [0]) for tag in below]
    at = len(data) + len(directory(order, 8, entries + pointers))
    parts, pointers = [], []
    for tag, inner in below.items():
        pointers.append((tag, LONG, [at]))
        parts.append(directory(order, at, inner))
        at += len(parts[-1])
    return data + directory(order, 8, entries + pointers) + b"".join(parts)


MAIN = [
    (0x00FE, LONG, [0]), (0x0100, SHORT, [4]), (0x0101, SHORT, [2]), (0x0102, SHORT, [8, 8, 8]), (0x0103, SHORT, [1]),
    (0x0106, SHORT, [2]), (0x010F, ASCII, b"Acme   \0"), (0x0124, LONG, [5]), (0x0125, LONG, [0]), (0x0153, SHORT, [1, 2, 9]),
    (0x0192, SHORT, [2]), (0x0193, LONG, [0x23]), (0x0212, SHORT, [2, 1]), (0x8298, ASCII, b"Ann  \0Ben \0"),
    (0x9C9B, BYTE, "Grüße\0".encode("utf-16-le")), (0xBC01, BYTE, bytes.fromhex("24c3dd6f034efe4bb1853d77768dc90c")),
    (0xC4A5, UNDEFINED, b"PrintIM\0" + b"0300" + b"\0" * 4), (0xC616, BYTE, [0, 1, 2]),
    (0xC630, RATIONAL, [(24, 1), (70, 1), (28, 10), (4, 1)]), (0xC65D, BYTE, bytes(range(16))),
    (0xC71B, ASCII, b"2024-05-17T10:00:00+02:00\0"), (0xC764, SRATIONAL, [(24000, 1001)]),
    (0xC772, RATIONAL, [(2, 1), (28, 10)]), (0xC7A7, BYTE, bytes(range(16))), (0xFC00, ASCII, b"unknown\0"),
    (0xFDEB, ASCII, b"Owner's Name: somebody\0"),
    (0xC740, UNDEFINED, struct.pack(">I IIII 4x IIII", 2, 1, 0, 0, 4, 99, 0, 0, 0)),
    (0x87AF, SHORT, [1, 1, 0, 4, 1024, 0, 1, 1, 3072, 0, 1, 32632, 3073, 34737, 6, 0, 2057, 34736, 1, 0]),
    (0x87B0, DOUBLE, [6378137.0]), (0x87B1, ASCII, b"UTM 32|\0"),
]
CAMERA = [
    (0x829A, RATIONAL, [(1, 250)]), (0x829D, RATIONAL, [(95, 100)]), (0x8827, SHORT, [100, 200]), (0x9000, UNDEFINED, b"0300"),
    (0x9101, UNDEFINED, bytes([1, 2, 3, 0])), (0x9201, SRATIONAL, [(8, 1)]), (0x9202, RATIONAL, [(4, 1)]),
    (0x9204, SRATIONAL, [(-2, 3)]), (0x9206, RATIONAL, [(1, 0)]), (0x9209, SHORT, [0x99]), (0x920A, RATIONAL, [(35, 1)]),
    (0x9286, UNDEFINED, b"UNICODE\0" + "größer".encode("utf-16-be")), (0x9290, ASCII, b"25  \0"),
    (0xA20C, UNDEFINED, struct.pack("<HH4sIIII", 2, 1, b"A\0B\0", 1, 10, 2, 10)), (0xA300, UNDEFINED, b"\3"),
    (0xA302, UNDEFINED, bytes([0, 2, 0, 2, 0, 1, 1, 2])), (0xA432, RATIONAL, [(50, 1), (50, 1), (0, 0), (0, 0)]),
    (0xA462, UNDEFINED, struct.pack("<14I2H", *([1, 10] * 7), 3, 4)), (0xA40D, SHORT, [0x0102]),
]
PLACE = [
    (0, BYTE, [2, 3, 0, 0]), (1, ASCII, b"S\0"), (2, RATIONAL, [(33, 1), (51, 1), (59999, 1000)]), (3, ASCII, b"E\0"),
    (4, RATIONAL, [(151, 1), (12, 1), (0, 1)]), (5, BYTE, [1]), (6, RATIONAL, [(5, 2)]),
    (7, RATIONAL, [(23, 1), (59, 1), (591234567, 10000000)]),
    (0x1B, UNDEFINED, b"ASCII\0\0\0GPS"), (0x1D, ASCII, b"2024-05-17\0"), (0x1F, RATIONAL, [(3, 1)]),
]


def conversions(path):
    """Values whose printed form takes more than a name."""
    write(path, tiff("<", MAIN, {0x8769: CAMERA, 0x8825: PLACE}))


def big_tiff(path):
    entries = [(0x0100, SHORT, [4]), (0x0101, SHORT, [2]), (0x0102, SHORT, [8, 8, 8]), (0x010E, ASCII, b"A BigTIFF\0")]
    write(path, b"II+\0" + struct.pack("<HHQ", 8, 0, 16) + directory("<", 16, entries, big=True))


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def segments(source, path):
    """All kinds of application segments before those of a plain JPEG."""
    images = struct.pack(">IIIHH", 0x20030000, 5000, 0, 0, 0) + struct.pack(">IIIHH", 0x00010001, 300, 6000, 0, 0)
    entries = [(0xB000, UNDEFINED, b"0100"), (0xB001, LONG, [2]), (0xB002, UNDEFINED, images)]
    multi = b"MM\0*" + struct.pack(">I", 8) + directory(">", 8, entries)
    ducky = struct.pack(">HHI HHI", 1, 4, 60, 2, 8, 2) + "hi".encode("utf-16-be") + b"\0\0"
    parts = [
        segment(0xE0, b"JFXX\0\x13\1\1\xff\0\0"),
        segment(0xE0, b"AVI1\1" + bytes(9)),
        segment(0xE2, b"MPF\0" + multi),
        segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0"),
        segment(0xEA, b"UNICODE\0" + "größer".encode("utf-16-be")),
        segment(0xEC, b"Ducky" + ducky),
        segment(0xEC, b"[picture info]\r\nTimeDate=915148800\r\nShutter=4000\r\nFNumber=F2.8\r\nFlash=1\r\nQ=82\r\n\0"),
        segment(0xED, b"Adobe_CM" + struct.pack(">H", 2)),
        segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0x8000, 0, 1)),
        segment(0xEF, b"Q 95"),
        segment(0xFE, "Grüße\0\0".encode()),
        b"\xff",
    ]
    data = read(source)
    write(path, data[:2] + b"".join(parts) + data[2:])


def thermal(source, path):
    """The records of thermal cameras: FLIR's, in two segments, and InfiRay's."""
    camera = bytearray(0x470)
    struct.pack_into(">H", camera, 0, 2)
    struct.pack_into(">fffff", camera, 0x20, 0.95, 2.0, 293.15, 294.15, 295.15)
    struct.pack_into(">f", camera, 0x3C, 50.0)
    struct.pack_into(">f", camera, 0x5C, 1428.5)
    camera[0xD4:0xD8] = b"Acme"
    struct.pack_into(">IIh", camera, 0x384, 1715940000, 250, -120)
    palette = bytearray(0x70 + 6)
    palette[0], palette[6:9], palette[0x50:0x54] = 2, b"\1\2\3", b"Iron"
    place = struct.pack("<I4s2s2s4xddf28xf2s2s2s2xfff16s", 1, b"2200", b"N\0", b"E\0", 52.5, 13.4, 34.5, 1.5, b"K\0", b"T\0",
                        b"M\0", 1.0, 2.0, -1.0, b"WGS84")
    texts = bytes(12) + b'.0.label text "Place"\n.0.value unicode "Gr\\00fc\\00dfe"\n'
    tools = struct.pack(">H10x", 2) + struct.pack(">HHHHHH24xHH4s", 0x30, 0, 4, 0, 0, 1, 10, 20, "S1".encode("utf-16-be"))
    tools = tools.ljust(12 + 0x30, b"\0")
    records = [(0x20, bytes(camera)), (0x22, bytes(palette)), (0x2B, place), (0x23, texts), (0x21, tools)]
    table, body = b"", b""
    start = 0x40 + 0x20 * len(records)
    for kind, data in records:
        table += struct.pack(">HHIIII12x", kind, 0, 0, 0, start + len(body), len(data))
        body += data
    block = b"FFF\0Acme".ljust(0x14, b"\0") + struct.pack(">III", 100, 0x40, len(records))
    block = block.ljust(0x40, b"\0") + table + body
    half = len(block) // 2
    infiray = [
        (0xE2, b"\1\0\0\0IJPEG\0" + bytes(70)), (0xE3, bytes(50)), (0xE3, bytes(20)),
        (0xE5, struct.pack("<fffff", 25.5, 2.0, 0.95, 0.5, 20.0) + bytes(20)),
        (0xE7, struct.pack("<BIIBBf", 1, 2, 3, 4, 5, 36.6).ljust(32, b"\0")),
    ]
    parts = [segment(0xE1, b"FLIR\0\1" + bytes([number, 1]) + data) for number, data in enumerate((block[:half], block[half:]))]
    parts += [segment(marker, data) for marker, data in infiray]
    data = read(source)
    write(path, data[:2] + b"".join(parts) + data[2:])


KINDS = {"conversions": conversions, "big-tiff": big_tiff, "segments": segments, "thermal": thermal}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
