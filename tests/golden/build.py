"""What no public tool writes for the golden samples, made byte by byte: build.py KIND ARGUMENT...  Called by make.sh."""

import binascii
import struct
import sys
import zlib


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))


def png_file(*chunks, signature=b"\x89PNG\r\n\x1a\n", end=b"IEND"):
    return signature + b"".join(chunk(kind, data) for kind, data in chunks) + chunk(end, b"")


IHDR = (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 3, 0, 0, 1))
IDAT = (b"IDAT", zlib.compress(b"\0\0\1\0\1\0"))


def png(path):
    """Every chunk that is not text."""
    write(path, png_file(
        IHDR,
        (b"gAMA", struct.pack(">I", 45455)),
        (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        (b"sRGB", b"\1"),
        (b"cICP", bytes([9, 16, 0, 1])),
        (b"sBIT", bytes([5, 6, 5])),
        (b"PLTE", bytes(range(12))),
        (b"tRNS", bytes([0, 128, 255])),
        (b"bKGD", b"\1"),
        (b"hIST", struct.pack(">4H", 1, 2, 3, 4)),
        (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
        (b"oFFs", struct.pack(">iiB", 3, 4, 1)),
        (b"sCAL", b"\1" + b"0.5\x000.25"),
        (b"vpAg", struct.pack(">IIB", 10, 20, 0)),
        (b"sTER", b"\1"),
        (b"sPLT", b"palette\0\x08" + bytes(6)),
        (b"pCAL", b"a\0" + bytes(10)),
        (b"tIME", struct.pack(">H5B", 2024, 5, 17, 10, 0, 1)),
        (b"iDOT", bytes(28)),
        (b"zzZz", b"of no table"),
        IDAT,
    ))


def png_texts(path):
    """Text chunks of all kinds, their dates and languages, and profiles in text."""
    raw = b"\nexif\n      26\n" + binascii.hexlify(b"II*\0\x08\0\0\0\1\0\x0f\1\2\0\3\0\0\0Ab\0\0\0\0\0\0") + b"\n"
    write(path, png_file(
        IHDR,
        (b"tEXt", b"Title\0Gr\xfc\xdfe"),
        (b"tEXt", b"comment\0lower case keyword"),
        (b"tEXt", b"Creation Time\0Mon, 1 Jan 2018 12:10:22 EST"),
        (b"tEXt", b"create-date\x002008-10-13T10:18:30-05:00"),
        (b"tEXt", b"date:create\x002018-07-18T17:46:55+02:00"),
        (b"tEXt", b"Warning\0mind the step"),
        (b"tEXt", b"no separator"),
        (b"zTXt", b"Description\0\0" + zlib.compress(b"compressed text")),
        (b"zTXt", b"Damaged\0\0not zlib"),
        (b"iTXt", "Author\0\0\0hi\0\u0932\u0947\u0916\u0915\0\u0938\u093e\u092f".encode()),
        (b"iTXt", "Author\0\0\0EN_us\0Author\0Ann".encode()),
        (b"iTXt", b"My own key\0\1\0fr\0\0" + zlib.compress("c\u0153ur".encode())),
        (b"iTXt", "My own key\0\0\0fr\0\0again".encode()),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet(b"<dc:format>image/png</dc:format>")),
        (b"tEXt", b"Raw profile type exif\0" + raw),
        (b"tEXt", b"Raw profile type strange\0" + raw),
        IDAT,
    ))


def mng(path):
    write(path, png_file(
        (b"MHDR", struct.pack(">7I", 2, 2, 1000, 1, 1, 1, 1)),
        (b"TERM", b"\3\0" + struct.pack(">II", 10, 5)),
        (b"BACK", struct.pack(">3HB", 1, 2, 3, 1)),
        (b"DEFI", struct.pack(">HBBII", 1, 0, 1, 5, 6)),
        IHDR, IDAT, (b"IEND", b""),
        (b"SHOW", struct.pack(">HHB", 1, 1, 0)),
        signature=b"\x8aMNG\r\n\x1a\n", end=b"MEND",
    ))


def jng(path):
    write(path, png_file(
        (b"JHDR", struct.pack(">II8B", 2, 2, 10, 8, 8, 0, 0, 0, 0, 0)),
        (b"JDAT", bytes(20)),
        signature=b"\x8bJNG\r\n\x1a\n",
    ))


def xmp_packet(properties):
    return (b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
            b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/">' + properties +
            b'</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>')


def long_xmp(source, path):
    """A packet and its extension, in two JPEG segments."""
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    main = xmp_packet(b"<xmpNote:HasExtendedXMP>" + guid + b"</xmpNote:HasExtendedXMP>")
    extension = xmp_packet(b"<dc:source>from the extension</dc:source>")
    half = len(extension) // 2
    segments = [b"http://ns.adobe.com/xap/1.0/\0" + main]
    for at, part in ((0, extension[:half]), (half, extension[half:])):
        header = struct.pack(">II", len(extension), at)
        segments.append(b"http://ns.adobe.com/xmp/extension/\0" + guid + header + part)
    data = read(source)
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment for segment in segments)
    write(path, data[:2] + segments + data[2:])


def icc(path):
    """A small RGB profile: primaries, curves, texts."""
    def xyz(x, y, z):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in (x, y, z)))

    description = b"golden RGB\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(description)) + description + bytes(78),
        b"cprt": b"text\0\0\0\0no rights reserved\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.4361, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7139),
        b"rTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, 563),
        b"tech": b"sig \0\0\0\0CRT ",
        b"view": b"view\0\0\0\0" + struct.pack(">6iI", 65536, 65536, 65536, 0, 0, 0, 1),
    }
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for signature, data in tags.items():
        data += bytes(-len(data) % 4)
        table += signature + struct.pack(">II", at + len(body), len(data))
        body += data
    header = struct.pack(">I4sI4s4s4s6H4s4sI4s4sQI3i4s", at + len(body), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ",
                         2024, 5, 17, 10, 0, 0, b"acsp", b"APPL", 0, b"none", b"none", 0, 1, 63190, 65536, 54061, b"none")
    write(path, header.ljust(128, b"\0") + table + body)


def scramble(source, path, start, end):
    """Inverts the bytes from START to END."""
    data = bytearray(read(source))
    for at in range(int(start), int(end)):
        data[at] ^= 0xff
    write(path, data)


def loop(source, path):
    """A TIFF whose last directory names itself as the next."""
    data = bytearray(read(source))
    first, = struct.unpack_from("<I", data, 4)
    count, = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    write(path, data)


def id3(version, path):
    """Tags of version 2.3 or 2.4 with every kind of frame."""
    from mutagen import id3 as m
    tags = m.ID3()
    tags.version = (2, int(version), 0)
    for frame in (
        m.TIT2(encoding=1, text="Gr\u00fc\u00dfe"), m.TPE1(encoding=3, text=["Ann", "Ben"]), m.TALB(encoding=0, text="An album"),
        m.TRCK(encoding=0, text="3/9"), m.TCON(encoding=0, text="(17)"), m.TLEN(encoding=0, text="12345"),
        m.TDRC(encoding=0, text="2024-05-17T10:00:00"), m.TCMP(encoding=0, text="1"), m.TXXX(encoding=0, desc="MY_OWN KEY", text="x"),
        m.TXXX(encoding=0, desc="", text="nameless"), m.WXXX(encoding=0, desc="shop", url="https://example.org/"),
        m.WOAR(url="https://example.org/artist"), m.COMM(encoding=0, lang="eng", desc="", text="plain"),
        m.COMM(encoding=1, lang="deu", desc="Notiz", text="Gr\u00fc\u00dfe"), m.USLT(encoding=3, lang="fra", desc="", text="la la"),
        m.APIC(encoding=0, mime="image/png", type=3, desc="cover", data=b"\x89PNG not really"),
        m.PRIV(owner="WM/MediaClassPrimaryID", data=bytes(range(16))), m.PRIV(owner="AverageLevel", data=b"\2\0\0\0"),
        m.PRIV(owner="XMP", data=xmp_packet(b"<dc:format>audio/mpeg</dc:format>")),
        m.POPM(email="a@example.org", rating=196, count=7), m.PCNT(count=42), m.MCDI(data=b"disc"),
        m.GEOB(encoding=0, mime="text/plain", filename="a.txt", desc="a file", data=b"hello"),
        m.SYLT(encoding=0, lang="eng", format=2, type=1, desc="song", text=[("la", 1000), ("li", 61500)]),
        m.OWNE(encoding=0, price="EUR1", date="20240517", seller="me"), m.USER(encoding=0, lang="eng", text="terms"),
        m.TIPL(encoding=0, people=[["producer", "Cat"]]), m.RVA2(desc="track", channel=1, gain=-2.5, peak=0.5),
        m.UFID(owner="x", data=b"y"),
    ):
        tags.add(frame)
    if version == "3":
        tags.update_to_v23()
    tags.save(path, v1=2, v2_version=int(version), padding=lambda info: 16)


def sync_safe(number):
    return bytes(number >> shift & 0x7f for shift in (21, 14, 7, 0))


def id3v22(source, path):
    def frame(name, data):
        return name + struct.pack(">I", len(data))[1:] + data

    frames = b"".join((
        frame(b"TT2", b"\1\xff\xfeA\0 \0t\0"), frame(b"TP1", b"\0An artist"), frame(b"TCO", b"\0(8)Jazz"),
        frame(b"TCP", b"\x000"), frame(b"TRK", b"\x001/5"), frame(b"TLE", b"\x0012345"),
        frame(b"COM", b"\0engiTunNORM\0 0000"), frame(b"ULT", b"\0XXX\0words"), frame(b"TXX", b"\0ORIGIN\0here"),
        frame(b"PIC", b"\0JPG\4back\0\xff\xd8"), frame(b"RVA", b"\3\x10\x2e\x14\x2e\x14\0\0\0\0"), frame(b"CNT", b"\0\0\0\x09"),
        frame(b"WXX", b"\0home\0https://example.org/"), frame(b"POP", b"a@example.org\0\x36\0\0\0\1"), frame(b"ZZZ", b"?"),
    ))
    write(path, b"ID3\2\0\0" + sync_safe(len(frames) + 8) + frames + bytes(8) + read(source))


def id3_flags(source, path):
    """Version 2.4 with extended header, footer, and frames unsynchronized, compressed, grouped, encrypted."""
    def frame(name, flags, data):
        return name + sync_safe(len(data)) + struct.pack(">H", flags) + data

    packed = zlib.compress(b"\0compressed")
    frames = b"".join((
        frame(b"TIT2", 0x02, b"\1\xff\0\xfeA\0"), frame(b"TALB", 0x09, sync_safe(11) + packed),
        frame(b"TPE1", 0x40, b"\7\0grouped"), frame(b"TCOM", 0x04, b"secret"), frame(b"TDAT", 0, b"\x001705"),
        frame(b"TIT3", 0x01, sync_safe(9) + b"\0too long"), frame(b"TENC", 0, b"\x09strange"),
    ))
    extended = sync_safe(6) + b"\1\0"
    header = b"\4\0\x50" + sync_safe(len(extended + frames))
    write(path, b"ID3" + header + extended + frames + b"3DI" + header + read(source))


def ape(path):
    from mutagen import apev2
    tags = apev2.APEv2()
    tags["Title"] = "Gr\u00fc\u00dfe"
    tags["Artist"] = ["Ann", "Ben"]
    tags["REPLAYGAIN_TRACK_GAIN"] = "-1.00 dB"
    tags["Cover Art (Front)"] = apev2.APEValue(b"cover.png\0\x89PNG", apev2.BINARY)
    tags.save(path)


def lyrics3(source, path):
    def field(name, text):
        return name + b"%05d" % len(text) + text

    block = b"LYRICSBEGIN" + field(b"IND", b"00") + field(b"LYR", b"[00:01]la") + field(b"ETT", b"A long title")
    v1 = b"TAG" + b"A title".ljust(30, b"\0") + bytes(60) + b"2024" + b"A comment".ljust(28, b"\0") + b"\0\5\x11"
    enhanced = b"TAG+" + b"A longer title".ljust(60, b"\0") + bytes(120) + b"\2" + b"Own".ljust(30, b"\0") + b"000:01000:02"
    write(path, read(source) + block + b"%06d" % len(block) + b"LYRICS200" + enhanced + v1)


def pdf(path):
    """Two pages, an information dictionary with all kinds of strings, and an update of it at the end."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) /PageMode /UseOutlines >>",
        b"<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>",
        b"<< /Title (A \\(nested\\) t\\151tle) /Author <FEFF0041006E006E> /Keywords (one, two) /Producer (golden)"
        b" /CreationDate (D:20240517100000+02'00') /Trapped /False /Own#20Key (own) >>",
    ]
    data, offsets = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(data)
    data += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer\n<< /Size 6 /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table
    at = len(data)
    data += b"5 0 obj\n<< /Title (The newer title) /Author (Ben) /ModDate (D:20240518) >>\nendobj\n"
    update = len(data)
    data += b"xref\n5 1\n%010d 00000 n \ntrailer\n<< /Size 6 /Root 1 0 R /Info 5 0 R /Prev %d >>\n" % (at, table)
    write(path, data + b"startxref\n%d\n%%%%EOF\n" % update)


KINDS = {
    "png": png, "png-texts": png_texts, "mng": mng, "jng": jng, "long-xmp": long_xmp, "icc": icc, "scramble": scramble,
    "loop": loop, "id3": id3, "id3v22": id3v22, "id3-flags": id3_flags, "ape": ape, "lyrics3": lyrics3, "pdf": pdf,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
