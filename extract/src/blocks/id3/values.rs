//! The data of ID3v2 frames as values.

use super::{
    frames::Kind,
    genres,
    text::{self, Encoding},
};
use crate::{
    Name, Record, Value,
    blocks::xmp,
    bytes::{Bytes, Order, until_nul, utf8, utf16, windows_1252},
    fields::lookup,
    print,
};

/// Kinds of pictures; FLAC has the same.
pub(crate) static PICTURE_TYPES: &[(u64, &str)] = &[
    (0, "Other"),
    (1, "32x32 PNG Icon"),
    (2, "Other Icon"),
    (3, "Front Cover"),
    (4, "Back Cover"),
    (5, "Leaflet"),
    (6, "Media"),
    (7, "Lead Artist"),
    (8, "Artist"),
    (9, "Conductor"),
    (10, "Band"),
    (11, "Composer"),
    (12, "Lyricist"),
    (13, "Recording Studio or Location"),
    (14, "Recording Session"),
    (15, "Performance"),
    (16, "Capture from Movie or Video"),
    (17, "Bright(ly) Colored Fish"),
    (18, "Illustration"),
    (19, "Band Logo"),
    (20, "Publisher Logo"),
];

static TIMED_TEXT_TYPES: &[(u64, &str)] = &[
    (0, "Other"),
    (1, "Lyrics"),
    (2, "Text Transcription"),
    (3, "Movement/part Name"),
    (4, "Events"),
    (5, "Chord"),
    (6, "Trivia/\"pop-up\" Information"),
    (7, "Web Page URL"),
    (8, "Image URL"),
];

static CHANNELS: &[(u64, &str)] = &[
    (0, "Other"),
    (1, "Master"),
    (2, "Front-right"),
    (3, "Front-left"),
    (4, "Back-right"),
    (5, "Back-left"),
    (6, "Front-centre"),
    (7, "Back-centre"),
    (8, "Subwoofer"),
];

/// A frame whose data is whole and plain.
pub(super) struct Frame<'a> {
    pub(super) group: &'static str,
    /// The group of the block's version, which user-defined tags have.
    pub(super) own_group: &'static str,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) id: &'a [u8],
    pub(super) data: &'a [u8],
}

impl Frame<'_> {
    /// Puts the frame's tags, or says what is wrong with it.
    pub(super) fn put(&self, record: &mut Record) -> Result<(), &'static str> {
        let data = self.data;
        match self.kind {
            Kind::Text => self.value(record, text::decode(data)),
            Kind::Genre => {
                let genre = text::decode(data);
                let printed = genres::print(&genre);
                self.printed(record, genre, printed);
            }
            Kind::Flag => {
                let flag = text::decode(data);
                let printed = match flag.as_str() {
                    "0" => "No".into(),
                    "1" => "Yes".into(),
                    other => format!("Unknown ({other})"),
                };
                self.printed(record, flag, printed);
            }
            Kind::Milliseconds => {
                let seconds = print::number_prefix(&text::decode(data)) / 1000.0;
                self.printed(record, seconds, format!("{} s", print::float(seconds)));
            }
            Kind::Date => self.value(record, Value::DateTime(print::xmp_date(&text::decode(data)))),
            Kind::UserText => self.user_text(record),
            Kind::Url => self.value(record, utf8(until_nul(data))),
            Kind::UserUrl => return self.user_url(record),
            Kind::Comment => return self.comment(record),
            Kind::Terms => return self.terms(record),
            Kind::Counter => self.value(record, counter(data.get(..4).map(|_| data).ok_or("Short")?)),
            Kind::Popularimeter => return self.popularimeter(record),
            Kind::Ownership => self.value(record, ownership(data)),
            Kind::Volume => self.value(record, volume(data).ok_or("Short")?),
            Kind::Volume2 => self.value(record, volume2(data)),
            Kind::Picture => return self.picture(record),
            Kind::Private => self.private(record),
            Kind::Object => return object(data, record),
            Kind::TimedText => return timed_text(data, record),
            Kind::Plain => {
                let start = data.iter().position(|&b| b != 0).unwrap_or(data.len());
                self.value(record, utf8(&data[start..]));
            }
            Kind::Binary => self.value(record, Value::bytes(data)),
        }
        Ok(())
    }

    fn value(&self, record: &mut Record, value: impl Into<Value>) {
        record.put(self.group, self.name, value);
    }

    fn printed(&self, record: &mut Record, raw: impl Into<Value>, printed: String) {
        record.put_printed(self.group, self.name, raw, printed);
    }

    fn in_language(&self, record: &mut Record, language: &[u8], text: String) {
        record.put(self.group, with_language(self.name, language), text);
    }

    fn user_text(&self, record: &mut Record) {
        let mut parts = text::decode_all(self.data).into_iter();
        let (description, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match description.is_empty() {
            true => self.value(record, text),
            false => record.put(self.own_group, user_name(&description), text),
        }
    }

    fn user_url(&self, record: &mut Record) -> Result<(), &'static str> {
        let (&encoding, rest) = self.data.split_first().ok_or("Invalid")?;
        let encoding = Encoding::of(encoding);
        let (description, url) = encoding.split(rest).ok_or("Invalid")?;
        let mut description = encoding.decode(description);
        let url = windows_1252(until_nul(url));
        if description.is_empty() {
            self.value(record, url);
        } else {
            if !description.to_ascii_lowercase().contains("url") {
                description.push_str("_URL");
            }
            record.put(self.own_group, user_name(&description), url);
        }
        Ok(())
    }

    fn comment(&self, record: &mut Record) -> Result<(), &'static str> {
        let [encoding, l0, l1, l2, rest @ ..] = self.data else { return Err("Short") };
        if rest.is_empty() {
            return Err("Short");
        }
        let mut parts = Encoding::of(*encoding).decode_all(rest).into_iter();
        let (description, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let text = if description.is_empty() { text } else { format!("({description}) {text}") };
        self.in_language(record, &[*l0, *l1, *l2], text);
        Ok(())
    }

    fn terms(&self, record: &mut Record) -> Result<(), &'static str> {
        let [encoding, l0, l1, l2, rest @ ..] = self.data else { return Err("Short") };
        self.in_language(record, &[*l0, *l1, *l2], Encoding::of(*encoding).decode(rest));
        Ok(())
    }

    fn popularimeter(&self, record: &mut Record) -> Result<(), &'static str> {
        let (email, rest) = Encoding::Latin.split(self.data).ok_or("Invalid")?;
        let (&rating, count) = rest.split_first().ok_or("Invalid")?;
        let (email, count) = (utf8(email), counter(count));
        self.printed(record, format!("{email} {rating} {count}"), format!("{email} Rating={rating} Count={count}"));
        Ok(())
    }

    /// Encoding, format, type, description, picture.
    fn picture(&self, record: &mut Record) -> Result<(), &'static str> {
        let (&encoding, rest) = self.data.split_first().ok_or("Short")?;
        let encoding = Encoding::of(encoding);
        let old = self.id == b"PIC";
        let (format, rest) = match old {
            true => rest.split_at_checked(3).ok_or("Invalid")?,
            false => Encoding::Latin.split(rest).ok_or("Invalid")?,
        };
        let (&kind, rest) = rest.split_first().ok_or("Invalid")?;
        let (description, picture) = encoding.split(rest).ok_or("Invalid")?;
        let description = encoding.decode_all(description).into_iter().next().unwrap_or_default();
        record.put(self.group, if old { "PictureFormat" } else { "PictureMIMEType" }, utf8(format));
        record.put_printed(self.group, "PictureType", kind, lookup(PICTURE_TYPES, kind.into()));
        record.put(self.group, "PictureDescription", description);
        self.value(record, Value::bytes(picture));
        Ok(())
    }

    /// Owner, NUL, data. The owner names the tag.
    fn private(&self, record: &mut Record) {
        let (owner, data) = Encoding::Latin.split(self.data).unwrap_or((b"", self.data));
        if owner == b"XMP" {
            return xmp::read(data, record);
        }
        let owner = utf8(owner).replace(' ', "").replace('/', "_");
        let fits = (1..=24).contains(&owner.len())
            && owner.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let owner = if fits { owner.as_str() } else { "private" };
        let (name, value): (Name, Value) = match owner {
            "PeakValue" | "AverageLevel" if data.len() == 4 => {
                (owner.to_owned().into(), Bytes::little(data).u32(0).unwrap_or_default().into())
            }
            "WM_WMContentID" => ("WM_ContentID".into(), guid(data)),
            "WM_WMCollectionID" => ("WM_CollectionID".into(), guid(data)),
            "WM_WMCollectionGroupID" => ("WM_CollectionGroupID".into(), guid(data)),
            "WM_MediaClassPrimaryID" | "WM_MediaClassSecondaryID" => (owner.to_owned().into(), guid(data)),
            "WM_Provider" => (owner.to_owned().into(), utf16(data, Order::Little).into()),
            _ => (print::tag_name(owner).into(), Value::bytes(data)),
        };
        record.put(self.own_group, name, value);
    }
}

fn with_language(name: &'static str, language: &[u8]) -> Name {
    match language {
        b"eng" => name.into(),
        [a, b, c] if language.iter().all(u8::is_ascii_alphabetic) => {
            let code: String = [a, b, c].map(|&letter| char::from(letter.to_ascii_lowercase())).iter().collect();
            format!("{name}-{code}").into()
        }
        _ => name.into(),
    }
}

/// The tag name of a user-defined text by its description.
fn user_name(description: &str) -> String {
    match description {
        "ALBUMARTISTSORT" => return "AlbumArtistSort".into(),
        "ASIN" => return "ASIN".into(),
        _ => {}
    }
    let has_lower = description.bytes().any(|b| b.is_ascii_lowercase());
    let mut letters: Vec<char> = match has_lower {
        true => description.chars().collect(),
        false => description.to_ascii_lowercase().chars().collect(),
    };
    if let (false, Some(first)) = (has_lower, letters.first_mut()) {
        first.make_ascii_uppercase();
    }
    let mut name = String::with_capacity(letters.len());
    let mut index = 0;
    while let Some(&letter) = letters.get(index) {
        name.push(letter);
        index += 1;
        // A letter that was joined to a word does not begin the next joint.
        if let (true, Some([' ' | '_', next])) = (letter.is_ascii_lowercase(), letters.get(index..index + 2))
            && next.is_ascii_lowercase()
        {
            name.push(next.to_ascii_uppercase());
            index += 2;
        }
    }
    print::tag_name(&name)
}

/// A big-endian number of any length.
fn counter(data: &[u8]) -> u64 {
    data.iter().fold(0, |count, &b| count << 8 | u64::from(b))
}

/// Price, date and seller.
fn ownership(data: &[u8]) -> String {
    let mut parts = text::decode_all(data);
    if let Some(part) = parts.get_mut(1)
        && part.len() >= 8
        && part.bytes().take(8).all(|b| b.is_ascii_digit())
    {
        *part = format!("{}:{}:{} {}", &part[..4], &part[4..6], &part[6..8], &part[8..]);
    }
    parts.join(" ")
}

/// Flags of direction, bits of a number, then changes and peaks of each channel.
fn volume(data: &[u8]) -> Option<String> {
    const CHANNELS: [(&str, usize, usize, u8); 6] = [
        ("Right", 0, 2, 0x01),
        ("Left", 1, 3, 0x02),
        ("Back-right", 4, 6, 0x04),
        ("Back-left", 5, 7, 0x08),
        ("Center", 8, 9, 0x10),
        ("Bass", 10, 11, 0x20),
    ];
    let (&flags, rest) = data.split_first()?;
    let (&bits, values) = rest.split_first().filter(|(bits, _)| **bits > 0)?;
    let bytes = usize::from(bits).div_ceil(8);
    let mut out = Vec::new();
    for (name, change, peak, up) in CHANNELS {
        if values.len() < (peak + 1) * bytes {
            break;
        }
        let change = values[change * bytes..][..bytes].iter().fold(0.0, |n, &b| n * 256.0 + f64::from(b));
        let change = if flags & up == 0 { -change } else { change };
        out.push(format!("{:+.1}% {name}", 100.0 * change / (2_f64.powi(bits.into()) - 1.0)));
    }
    Some(out.join(", "))
}

/// Identification, then channel, change and peak of each channel.
fn volume2(data: &[u8]) -> String {
    let (id, mut rest) = Encoding::Latin.split(data).unwrap_or((b"", data.get(1..).unwrap_or_default()));
    let mut out = Vec::new();
    while let [channel, high, low, peak_bits, behind @ ..] = rest {
        let name = match CHANNELS.iter().find(|row| row.0 == u64::from(*channel)) {
            Some((_, name)) => (*name).to_owned(),
            None => format!("Unknown({channel})"),
        };
        let decibels = f64::from(i16::from_be_bytes([*high, *low])) / 512.0;
        out.push(format!("{:+.1}% {name}", 10_f64.powf(decibels / 20.0 + 2.0) - 100.0));
        rest = behind.get(usize::from(*peak_bits).div_ceil(8)..).unwrap_or_default();
    }
    let out = out.join(", ");
    if id.is_empty() { out } else { format!("{out} ({})", utf8(id)) }
}

/// Encoding, type, file name, description, the file.
fn object(data: &[u8], record: &mut Record) -> Result<(), &'static str> {
    let (&encoding, rest) = data.split_first().ok_or("Short")?;
    let encoding = Encoding::of(encoding);
    let (mime, rest) = Encoding::Latin.split(rest).ok_or("Invalid")?;
    let (file, rest) = encoding.split(rest).ok_or("Invalid")?;
    let (description, object) = encoding.split(rest).ok_or("Invalid")?;
    for (name, text) in
        [("GEOB-Mime", utf8(mime)), ("GEOB-File", encoding.decode(file)), ("GEOB-Desc", encoding.decode(description))]
    {
        if !text.is_empty() {
            record.put("ID3v2_3", name, text);
        }
    }
    if mime != b"application/x-c2pa-manifest-store" {
        record.put("ID3v2_3", "GEOB-Data", Value::bytes(object));
    }
    Ok(())
}

/// Encoding, language, kind of time stamps, type, description, then texts each with its time.
fn timed_text(data: &[u8], record: &mut Record) -> Result<(), &'static str> {
    let [encoding, l0, l1, l2, stamps, kind, rest @ ..] = data else { return Err("Short") };
    let encoding = Encoding::of(*encoding);
    let language = [*l0, *l1, *l2].map(|letter| letter.to_ascii_lowercase());
    let (description, mut rest) = encoding.split(rest).ok_or("Invalid")?;
    record.put_printed("ID3", "SynchronizedLyricsType", *kind, lookup(TIMED_TEXT_TYPES, (*kind).into()));
    let name = with_language("SynchronizedLyricsDescription", &language);
    record.put("ID3", name, encoding.decode(description));
    let (mut raw, mut printed) = (Vec::new(), Vec::new());
    while let Some((text, behind)) = encoding.split(rest)
        && let Some((time, behind)) = behind.split_first_chunk()
    {
        let (text, time) = (encoding.decode(text), u32::from_be_bytes(*time));
        let (raw_stamp, stamp) = match *stamps {
            2 => (format!("[{:.3}]", f64::from(time) / 1000.0), clock(time)),
            1 => (format!("[{time:04}]"), format!("[{time:04}]")),
            _ => (format!("[{time:04}?]"), format!("[{time:04}?]")),
        };
        raw.push(Value::Text(format!("{raw_stamp}{text}")));
        printed.push(Value::Text(format!("{stamp}{text}")));
        rest = behind;
    }
    if !raw.is_empty() {
        let name = with_language("SynchronizedLyricsText", &language);
        record.put_printed("ID3", name, Value::List(raw), Value::List(printed));
    }
    Ok(())
}

/// A time in milliseconds as `[MM:SS.ss]`, with hours where there are any.
fn clock(milliseconds: u32) -> String {
    let (hours, rest) = (milliseconds / 3_600_000, milliseconds % 3_600_000);
    let seconds = format!("{:05.2}", f64::from(rest % 60_000) / 1000.0);
    let (minutes, seconds) = match seconds.as_str() {
        "60.00" => (rest / 60_000 + 1, "00.00"),
        other => (rest / 60_000, other),
    };
    let (hours, minutes) = (hours + minutes / 60, minutes % 60);
    match hours {
        0 => format!("[{minutes:02}:{seconds}]"),
        _ => format!("[{hours}:{minutes:02}:{seconds}]"),
    }
}

/// A Microsoft identifier; other lengths stay bytes.
fn guid(data: &[u8]) -> Value {
    let bytes = Bytes::little(data);
    let parts = (data.len() == 16).then(|| Some((bytes.u32(0)?, bytes.u16(4)?, bytes.u16(6)?))).flatten();
    let Some((a, b, c)) = parts else { return utf8(data).into() };
    let tail: String = data[8..].iter().map(|b| format!("{b:02X}")).collect();
    format!("{a:08X}-{b:04X}-{c:04X}-{}-{}", &tail[..4], &tail[4..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_defined_names_follow_exiftools_rule() {
        for (description, name) in [
            ("REPLAYGAIN_TRACK_GAIN", "ReplaygainTrackGain"),
            ("MusicBrainz Album Id", "MusicBrainzAlbumId"),
            ("compatible_brands", "CompatibleBrands"),
            ("a_b_c", "AB_c"),
            ("ASIN", "ASIN"),
            ("iTunes_CDDB_1", "ITunes_CDDB_1"),
            ("\u{e4}", "Tag"),
        ] {
            assert_eq!(user_name(description), name);
        }
    }

    #[test]
    fn times_volumes_and_identifiers_print() {
        assert_eq!(clock(84_030), "[01:24.03]");
        assert_eq!(clock(59_999), "[01:00.00]");
        assert_eq!(clock(3_661_000), "[1:01:01.00]");
        assert_eq!(volume(&[3, 16, 0x2e, 0x14, 0x2e, 0x14, 0, 0, 0, 0]).as_deref(), Some("+18.0% Right, +18.0% Left"));
        assert_eq!(volume2(b"x\0\x01\x02\0\0"), "+12.2% Master (x)");
        let guid_text = "3B2A1908-5D4C-7F6E-8091-A2B3C4D5E6F7";
        let bytes = [8, 0x19, 0x2a, 0x3b, 0x4c, 0x5d, 0x6e, 0x7f, 0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7];
        assert_eq!(guid(&bytes).plain(), guid_text);
    }
}
