"""Blocks of metadata for the golden samples that no public tool writes as they are met: blocks.py KIND ARGUMENT..."""

import struct
import sys


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def with_segments(jpeg, *segments):
    """The JPEG with segments (marker, data) right behind its first two bytes."""
    blocks = (struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data for marker, data in segments)
    return jpeg[:2] + b"".join(blocks) + jpeg[2:]


def resource(number, data, name=b""):
    named = bytes([len(name)]) + name
    named += b"\0" * (len(named) % 2)
    return b"8BIM" + struct.pack(">H", number) + named + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)


def unicode(text):
    data = text.encode("utf-16-be")
    return struct.pack(">I", len(data) // 2) + data


def dataset(record, number, data):
    return bytes([0x1C, record, number]) + struct.pack(">H", len(data)) + data


def photoshop(source, path):
    """Every image resource that has tags, and IIM of all records in Latin-1, with an extended length and a bad end."""
    iim = b"".join([
        dataset(1, 0, b"\0\4"), dataset(1, 20, b"\0\x0b"), dataset(1, 60, b"5"), dataset(1, 70, b"20240517"),
        dataset(2, 0, b"\0\4"), dataset(2, 90, b"K\xf6ln"), dataset(2, 25, b"one"), dataset(2, 42, b"01"),
        dataset(2, 60, b"101112-0500"), dataset(2, 75, b"a"), dataset(2, 131, b"P"), dataset(2, 150, b"1A"),
        dataset(2, 221, b"1:2:3:004"), dataset(2, 231, b"first\0\0second"), dataset(2, 25, b"two"),
        b"\x1c\x02\x78\x80\x04" + struct.pack(">I", 7) + b"Caption", dataset(2, 125, bytes(16)),
        dataset(3, 10, b"\0\5\0\0\0\x0720240517\0\x09"), dataset(3, 60, b"\3\4"), dataset(3, 102, b"\1"),
        dataset(7, 10, b"\1"), dataset(8, 10, b"object"), dataset(9, 10, b"\0\0\0\6"), dataset(2, 199, b"unknown"),
        b"\x1c\x02\x05\xff",
    ])
    resources = b"".join([
        resource(0x03ED, struct.pack(">IHHIHH", 0x012C8000, 1, 1, 0x00480000, 2, 2)),
        resource(0x03EE, b"\5Alpha\4Beta"),
        resource(0x0404, iim),
        resource(0x0406, struct.pack(">hhh", 8, 0x101, 1)),
        resource(0x0409, bytes(28) + b"\xff\xd8\xff\xdbthumbnail"),
        resource(0x040A, b"\1"),
        resource(0x040B, b"https://example.org/", b"name"),
        resource(0x040D, struct.pack(">I", 30)),
        resource(0x0419, struct.pack(">I", 45)),
        resource(0x041A, struct.pack(">I", 6) + bytes(16) + unicode("slices") + struct.pack(">I", 2)),
        resource(0x041B, unicode("https://example.org/flow")),
        resource(0x041E, struct.pack(">I", 2) + bytes(8) + unicode("https://a/") + bytes(8) + unicode("https://b/")),
        resource(0x0421, struct.pack(">IB", 1, 1) + unicode("writer") + unicode("reader") + struct.pack(">I", 1)),
        resource(0x0425, bytes(range(16))),
        resource(0x0426, struct.pack(">Hfff", 2, 0.5, -1.25, 0.75)),
        resource(0x0428, struct.pack(">Id", 1, 1.0666)),
        resource(0x0435, struct.pack(">I", 0) + struct.pack(">HHHHHBBB", 2, 1, 2, 3, 4, 0, 50, 1)),
        resource(0x0BB7, b"\4path" + bytes(6)),
        resource(0x1111, b"of no table"),
        b"XXXX" + bytes(16),
    ])
    write(path, with_segments(read(source), (0xED, b"Photoshop 3.0\0" + resources)))


def layer(name, mode, flags, extra):
    padded = bytes([len(name)]) + name
    padded += bytes(-len(padded) % 4)
    tail = struct.pack(">II", 0, 0) + padded + extra
    return struct.pack(">4iH", 0, 0, 16, 24, 0) + b"8BIM" + mode + struct.pack(">4BI", 128, 0, flags, 0, len(tail)) + tail


def layers(source, path):
    """A little-endian TIFF that gets a further directory entry: Photoshop's layers."""
    def block(kind, data):
        return b"8BIM" + kind + struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)

    content = struct.pack(">h", -2)
    content += layer(b"Background", b"norm", 0, b"")
    content += layer(b"Top", b"mul ", 2, block(b"luni", unicode("Top")) + block(b"lclr", bytes([0, 1]) + bytes(6))
                     + block(b"lsct", struct.pack(">I", 1)))
    data = b"Adobe Photoshop Document Data Block\0" + block(b"Layr", content)
    tiff = read(source)
    assert tiff[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, at)
    tiff += bytes(len(tiff) % 2)
    entry = struct.pack("<HHII", 0x935C, 7, len(data), len(tiff))
    directory = struct.pack("<H", count + 1) + tiff[at + 2:at + 2 + 12 * count] + entry + bytes(4)
    write(path, tiff[:4] + struct.pack("<I", len(tiff) + len(data) + len(data) % 2) + tiff[8:] + data
          + bytes(len(data) % 2) + directory)


def fixed(*numbers):
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def texts(*languages):
    records, data = b"", b""
    for code, text in languages:
        encoded = text.encode("utf-16-be")
        records += code + struct.pack(">II", len(encoded), 16 + 12 * len(languages) + len(data))
        data += encoded
    return b"mluc" + bytes(4) + struct.pack(">II", len(languages), 12) + records + data


def profile(source, path):
    """An ICC profile with tags of every type that is shown, in an APP2 segment."""
    key, value = "media".encode("utf-16-be"), "paper".encode("utf-16-be")
    names = b"".join(name.ljust(32, b"\0") + struct.pack(">3H", 1, 2, 65535) for name in (b"Cyan", b"Magenta", b"Yellow"))
    tags = [
        (b"desc", texts((b"enUS", "Name"), (b"deDE", "Näme"))),
        (b"cprt", b"text\0\0\0\0nobody\0rest"), (b"wtpt", b"XYZ \0\0\0\0" + fixed(0.9505, 1, 1.0891)),
        (b"rTRC", b"curv" + bytes(8)), (b"tech", b"sig \0\0\0\0dcam"), (b"targ", b"text\0\0\0\0" + b"A" * 200),
        (b"meas", b"meas\0\0\0\0" + struct.pack(">I", 1) + fixed(0, 0.5, 1) + struct.pack(">III", 2, 655, 1)),
        (b"view", b"view\0\0\0\0" + fixed(19.6, 20.5, 16.8, 3.9, 4, 3.3) + struct.pack(">I", 2)),
        (b"chrm", b"chrm\0\0\0\0" + struct.pack(">HH6I", 3, 1, 41943, 21627, 19660, 39321, 9830, 3932)),
        (b"clrt", b"clrt\0\0\0\0" + struct.pack(">I", 3) + names), (b"clro", b"clro\0\0\0\0\0\0\0\2\1\0"),
        (b"cicp", b"cicp\0\0\0\0" + bytes([9, 16, 0, 1])), (b"lumi", b"XYZ \0\0\0\0" + fixed(0, 80, 0)),
        (b"chad", b"sf32\0\0\0\0" + fixed(1.0479, 0.0229, -0.0502)), (b"devs", b"ui08\0\0\0\0\1\2\xff"),
        (b"calt", b"dtim\0\0\0\0" + struct.pack(">6H", 2024, 5, 17, 10, 0, 0)), (b"zzzz", b"text\0\0\0\0x"),
        (b"vued", b"desc\0\0\0\0" + struct.pack(">I", 4) + b"view"), (b"mmod", b"mmod\0\0\0\0x"),
        (b"meta", b"dict\0\0\0\0" + struct.pack(">II4I", 1, 16, 32, len(key), 32 + len(key), len(value)) + key + value),
    ]
    table, data = b"", b""
    for tag, content in tags:
        table += tag + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    header = bytes(4) + b"lcms" + bytes([4, 0x30, 0, 0]) + b"mntrRGB XYZ " + struct.pack(">6H", 2024, 5, 17, 10, 0, 0)
    header += b"acspAPPL" + struct.pack(">I", 1) + b"HP  sRGB" + struct.pack(">III", 0, 3, 1) + fixed(0.9642, 1, 0.8249)
    header += b"nope" + bytes(range(16)) + bytes(28)
    whole = struct.pack(">I", 132 + len(table) + len(data)) + header[4:] + struct.pack(">I", len(tags)) + table + data
    write(path, with_segments(read(source), (0xE2, b"ICC_PROFILE\0\1\1" + whole)))


def xmp_forms(source, path):
    """A packet of UTF-16 with the forms RDF allows and those programs get wrong."""
    packet = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><!-- a comment -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="golden"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<r:Description r:about="uuid:1" xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://example.org/not-dublin-core/" xmlns:xmp="http://ns.adobe.com/xap/2.0/"
 xmlns:mm="http://ns.adobe.com/xap/1.0/mm/" xmlns:ref="http://ns.adobe.com/xap/1.0/sType/ResourceRef#"
 xmlns:own="http://example.org/own/" tiff:Orientation="6" e:ExposureTime='1/250' e:FNumber="28/10" e:ShutterSpeedValue="8/1"
 e:GPSLatitude="46,57.5N" e:GPSLongitude="7,26,30W" e:GPSAltitude="5421/10" e:ExposureBiasValue="-2/3" xmp:Rating="4">
<d:title><r:Alt><r:li xml:lang="x-default">A &amp; B</r:li><r:li xml:lang="DE-ch">A und B</r:li></r:Alt></d:title>
<d:subject><r:Bag><r:li>red</r:li><r:li/><r:li><![CDATA[<blue>]]></r:li></r:Bag></d:subject>
<d:identifier r:resource="urn:golden"/><e:Flash r:parseType="Resource"><e:Fired>true</e:Fired><e:Mode>3</e:Mode></e:Flash>
<mm:History><r:Seq><r:li r:parseType="Resource"><own:action>saved</own:action></r:li></r:Seq></mm:History>
<mm:DerivedFrom ref:instanceID="i" ref:documentID="d"/><dc:title>not Dublin Core</dc:title>
<own:THE_VALUE r:parseType="Resource"><r:value>3/4</r:value><own:unit>cm</own:unit></own:THE_VALUE>
<own:list><r:Seq><r:li><r:Description own:a="1"><own:b><r:Bag><r:li>2</r:li></r:Bag></own:b></r:Description></r:li>
<r:li r:parseType="Resource"><own:a>2024-05-17T10:00:00Z</own:a></r:li></r:Seq></own:list>
<own:data r:datatype="http://www.w3.org/2001/XMLSchema#base64Binary">aGVsbG8gd29ybGQ=</own:data>
<own:lost>never closed</r:Description></r:RDF></x:xmpmeta><?xpacket end="w"?>"""
    write(path, with_segments(read(source), (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet.encode("utf-16-be"))))


KINDS = {"photoshop": photoshop, "layers": layers, "profile": profile, "xmp-forms": xmp_forms}

if __name__ == "__main__":
    KINDS[sys.argv[1]](*sys.argv[2:])
