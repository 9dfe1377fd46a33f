#!/bin/bash
# Makes the golden samples with public tools: tests/golden/make.sh [DIR] (default: where this script lies).
# Samples are committed, so this runs only to add one. Then `UPDATE=1 cargo test -p metaextract --test golden`
# writes the .expected files; read them with care. Needs Debian 12 or newer; missing packages are installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
python=/usr/bin/python3
build() { "$python" "$here/build.py" "$@"; }
build_image() { "$python" "$here/build_images.py" "$@"; }
block() { "$python" "$here/blocks.py" "$@"; }
tag() { exiftool -q -q -overwrite_original "$@"; }

packages=(imagemagick libtiff-tools ffmpeg lame flac qpdf libimage-exiftool-perl python3 python3-mutagen)
missing=()
for package in "${packages[@]}"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
done
if ((${#missing[@]})); then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"/{jpeg,tiff,png,mp3,flac,pdf,txt}
picture() { convert -size "${2:-24x16}" gradient:red-blue -strip "$1"; }
# A quarter of a second of a tone, without the encoder's name and date.
tone() { ffmpeg -v error -y -f lavfi -i "sine=440:duration=0.25" -fflags +bitexact -flags:a +bitexact "$@"; }
# Keeps the first bytes of a file: cut FROM TO LENGTH.
cut_short() { head -c "$3" "$1" >"$2"; }

camera=(
    -IFD0:Make=Acme "-IFD0:Model=Acme One" -IFD0:Orientation#=6 -IFD0:Software=golden -IFD0:Artist="Grüße Öl"
    -IFD0:Copyright="(c) nobody" -IFD0:ImageDescription="A red and blue gradient" -IFD0:XResolution=300
    -IFD0:YResolution=300 -IFD0:ModifyDate="2024:05:17 10:00:00" -IFD0:Rating=4 -IFD0:XPKeywords="one;two"
    -ExifIFD:ExposureTime=1/250 -ExifIFD:FNumber=2.8 -ExifIFD:ISO=400 -ExifIFD:FocalLength=35
    -ExifIFD:DateTimeOriginal="2024:05:17 09:59:58" -ExifIFD:SubSecTimeOriginal=25 -ExifIFD:OffsetTimeOriginal=+02:00
    -ExifIFD:CreateDate="2024:05:17 09:59:58" -ExifIFD:Flash#=25 -ExifIFD:MeteringMode#=5 -ExifIFD:ExposureProgram#=3
    -ExifIFD:ExposureCompensation=-0.67 -ExifIFD:WhiteBalance#=1 -ExifIFD:LensModel="35mm f/2" -ExifIFD:UserComment=hello
    -ExifIFD:SceneType#=1 -ExifIFD:ColorSpace#=1 -ExifIFD:FocalPlaneXResolution=2000 -ExifIFD:LightSource#=10
    -InteropIFD:InteropIndex=R98
    -GPS:GPSLatitude=52.5 -GPS:GPSLatitudeRef=N -GPS:GPSLongitude=13.4 -GPS:GPSLongitudeRef=E -GPS:GPSAltitude=34.5
    -GPS:GPSAltitudeRef#=0 -GPS:GPSDateStamp=2024:05:17 -GPS:GPSTimeStamp=08:00:01.5 -GPS:GPSImgDirection=270.25
    -GPS:GPSImgDirectionRef=T
)
packet=(
    -XMP-dc:Title="A title" -XMP-dc:Title-de="Ein Titel" -XMP-dc:Creator=Ann -XMP-dc:Creator=Ben -XMP-dc:Subject=red
    -XMP-dc:Subject=blue -XMP-xmp:Rating=3 -XMP-xmp:CreatorTool=golden -XMP-photoshop:City=Bern
    -XMP-xmpMM:HistoryAction=saved -XMP-xmpMM:HistoryWhen="2024:05:17 10:00:00+02:00"
    -XMP-iptcExt:LocationShownCity=Bern -XMP-iptcExt:LocationShownCountryName=Switzerland
    -XMP-mwg-rs:RegionName=Face -XMP-mwg-rs:RegionType=Face -XMP-exif:GPSLatitude=52.5 -XMP-xmpRights:Marked=true
)
iptc=(
    -IPTC:ObjectName="A title" -IPTC:Keywords=red -IPTC:Keywords=blue -IPTC:By-line=Ann -IPTC:City=Bern
    -IPTC:DateCreated=2024:05:17 -IPTC:TimeCreated=10:00:00+02:00 -IPTC:Urgency=5 -IPTC:CodedCharacterSet=UTF8
    -IPTC:Caption-Abstract="Grüße"
)

make_jpeg() {
    cd "$out/jpeg"
    picture plain.jpg
    cp plain.jpg exif.jpg && tag "${camera[@]}" -Comment="a comment" "-ThumbnailImage<=plain.jpg" exif.jpg
    cp plain.jpg exif-big-endian.jpg && tag -ExifByteOrder=MM "${camera[@]}" exif-big-endian.jpg
    cp plain.jpg xmp.jpg && tag "${packet[@]}" xmp.jpg
    cp plain.jpg iptc.jpg && tag "${iptc[@]}" -Photoshop:URL=https://example.org/ -Photoshop:PrintScale=1 iptc.jpg
    build icc "$work/rgb.icc"
    cp plain.jpg icc.jpg && tag "-ICC_Profile<=$work/rgb.icc" icc.jpg
    convert plain.jpg -interlace JPEG -sampling-factor 4:2:0 -colorspace CMYK progressive-cmyk.jpg
    build long-xmp plain.jpg long-xmp.jpg
    block photoshop plain.jpg photoshop.jpg
    block profile plain.jpg profile.jpg
    block xmp-forms plain.jpg xmp-forms.jpg
    cp exif.jpg "$work/all.jpg" && tag "${packet[@]}" "${iptc[@]}" "$work/all.jpg"
    cut_short "$work/all.jpg" broken.jpg 1500
    build scramble exif.jpg broken-ifd.jpg 40 70
    build_image segments plain.jpg segments.jpg
    build_image thermal plain.jpg thermal.jpg
}

make_tiff() {
    cd "$out/tiff"
    picture plain.tif
    convert -size 24x16 gradient:red-blue -endian MSB -compress LZW big-endian.tif
    cp plain.tif tagged.tif && tag "${camera[@]}" "${packet[@]}" "${iptc[@]}" tagged.tif
    convert -size 8x8 xc:red xc:green xc:blue -compress Zip -strip "$work/pages.tif" && cp "$work/pages.tif" pages.tif
    convert -size 24x16 gradient: -colorspace gray -depth 1 -compress Group4 fax.tif
    convert -size 40x40 gradient: -depth 16 -define tiff:tile-geometry=16x16 tiled.tif
    build icc "$work/rgb.icc"
    cp plain.tif icc.tif && tag "-ICC_Profile<=$work/rgb.icc" icc.tif
    block layers plain.tif layers.tif
    cut_short tagged.tif broken.tif 900
    build loop plain.tif broken-loop.tif
    build_image conversions conversions.tif
    build_image big-tiff big.tif
}

make_png() {
    cd "$out/png"
    build png chunks.png
    build png-texts texts.png
    build mng animation.mng
    build jng picture.jng
    convert -size 24x16 gradient:red-blue -strip plain.png
    convert -size 24x16 gradient:red-blue -colors 4 -interlace PNG palette.png
    cp plain.png tagged.png
    tag "${camera[@]}" "${packet[@]}" -PNG:Title="A title" -PNG:Comment-de="Grüße" -PNG:CreationTime="2024:05:17 10:00:00+02:00" tagged.png
    build icc "$work/rgb.icc"
    cp plain.png icc.png && tag "-ICC_Profile<=$work/rgb.icc" icc.png
    cp "$out/jpeg/iptc.jpg" "$work/profiles.jpg" && tag -IFD0:Make=Acme "$work/profiles.jpg"
    convert "$work/profiles.jpg" -define png:exclude-chunks=date,time raw-profiles.png
    ffmpeg -v error -y -f lavfi -i "testsrc=size=16x16:rate=4:duration=0.5" -fflags +bitexact -f apng animation.png
    { cat plain.png; echo trailing data; } >trailer.png
    cut_short tagged.png broken.png 700
    build scramble chunks.png broken-chunk.png 60 64
}

make_mp3() {
    cd "$out/mp3"
    tone -b:a 32k -write_xing 0 -id3v2_version 0 no-tags.mp3
    tone "$work/tone.wav"
    lame --quiet -V 6 "$work/tone.wav" vbr.mp3
    lame --quiet -b 32 -m m --tt "A title" --ta "An artist" --ty 2024 --tc "A comment" --tn 3/9 --tg Rock --add-id3v2 lame.mp3 "$work/tone.wav" 2>/dev/null ||
        lame --quiet -b 32 -m m --tt "A title" --ta "An artist" --ty 2024 --tc "A comment" --tn 3/9 --tg Rock --add-id3v2 "$work/tone.wav" lame.mp3
    lame --quiet -b 32 --id3v1-only --tt "A title" --ta "An artist" --tn 7 --tg 17 "$work/tone.wav" id3v1.mp3
    for version in 3 4; do
        cp no-tags.mp3 "id3v2.$version.mp3" && build id3 "$version" "id3v2.$version.mp3"
    done
    build id3v22 no-tags.mp3 id3v2.2.mp3
    build id3-flags no-tags.mp3 id3v2.4-flags.mp3
    cp no-tags.mp3 ape.mp3 && build ape ape.mp3
    build lyrics3 no-tags.mp3 lyrics3.mp3
    { printf 'junk before the first frame'; cat no-tags.mp3; } >junk.mp3
    cut_short id3v2.4.mp3 broken.mp3 300
}

make_flac() {
    cd "$out/flac"
    tone "$work/tone.wav"
    flac --silent -f -8 --no-seektable --no-padding -o plain.flac "$work/tone.wav"
    convert -size 8x8 gradient:red-blue -strip "$work/cover.png"
    cp plain.flac tagged.flac
    metaflac --set-tag="TITLE=A title" --set-tag="ARTIST=Ann" --set-tag="ARTIST=Ben" --set-tag="ALBUM=Grüße" \
        --set-tag="TRACKNUMBER=3" --set-tag="DATE=2024-05-17" --set-tag="GENRE=Test" --set-tag="MY_OWN KEY=x=y" \
        --set-tag="REPLAYGAIN_TRACK_GAIN=-3.21 dB" --set-tag="COMMENT=first" --set-tag="COMMENT=second" \
        --import-picture-from="3|image/png|A cover||$work/cover.png" --add-padding=64 --add-seekpoint=1x tagged.flac
    cp tagged.flac id3.flac && build id3 4 id3.flac
    cut_short tagged.flac broken.flac 420
}

make_pdf() {
    cd "$out/pdf"
    build pdf info.pdf
    cp info.pdf tagged.pdf && tag "${packet[@]}" -PDF:Author="Grüße" tagged.pdf
    qpdf --object-streams=generate --deterministic-id info.pdf object-streams.pdf
    qpdf --linearize --deterministic-id info.pdf linearized.pdf
    qpdf --static-id --encrypt "" owner 128 --use-aes=y -- info.pdf encrypted.pdf
    qpdf --static-id --encrypt user owner 256 -- info.pdf password.pdf
    cut_short tagged.pdf broken.pdf 500
}

make_txt() {
    cd "$out/txt"
    printf 'One line of text\nand a second with Grüße\n' >utf8.txt
    printf 'caf\xe9 au lait\rdeux' >latin1.txt
    printf '\xff\xfeO\0n\0e\0\r\0\n\0' >utf16.txt
    printf 'name;"a;b"\r\n1;2\r\n' >table.csv
    cut_short utf16.txt broken.txt 9
}

make_jpeg
make_tiff
make_png
make_mp3
make_flac
make_pdf
make_txt
find "$out" -type f -size +40k ! -name '*.expected' | while read -r big; do
    echo "over 40 KiB: $big" >&2
    exit 1
done
