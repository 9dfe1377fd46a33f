//! ICC profiles (ICC.1:2022): header and tags. Always big-endian.
//!
//! Called by every container that embeds a profile. Tables of curves and the like are given as binary values.

mod makers;
mod tags;
mod types;

use crate::{
    Name, Record, Value,
    bytes::{self, Bytes, Order},
    print::{self, Values, meaning},
};
use types::{date, fixed, round, some, spaced, unsigned_fixed, value};

/// Profiles of one file with a group of their own.
const PROFILES: usize = 100;
/// Tags may share their data, but not make us read the profile more often than this.
const SHARING: usize = 8;
/// Records of a text in several languages and entries of a dictionary looked at.
const ENTRIES: usize = 1000;

/// Puts the tags of one profile. A second profile of a file has groups with a number.
pub fn read(profile: &[u8], record: &mut Record) {
    let data = Bytes::big(profile);
    let Some(len) = data.u32(0).map(|len| len as usize) else { return };
    if len != profile.len() || len < 128 {
        record.warn(format!("Bad length ICC_Profile (length {len})"));
        if len < 128 || profile.len() < len {
            return;
        }
    }
    let count = data.u32(128).unwrap_or(0) as usize;
    if !(1..256).contains(&count) || count * 12 + 132 > profile.len() {
        record.warn(format!("Bad ICC_Profile table ({count} entries)"));
        return;
    }
    let taken = |number: usize| {
        let group = numbered("ICC-header", number);
        record.tags.iter().any(|tag| tag.group == group)
    };
    let number = (1..PROFILES).find(|&number| !taken(number)).unwrap_or(PROFILES);
    let mut profile = Profile { data, number, left: profile.len().saturating_mul(SHARING), record };
    profile.header();
    for entry in 0..count {
        if !profile.entry(132 + 12 * entry) {
            return;
        }
    }
}

fn numbered(group: &'static str, number: usize) -> Name {
    if number > 1 { format!("{group}{number}").into() } else { group.into() }
}

struct Profile<'a> {
    data: Bytes<'a>,
    /// Which profile of the file this is.
    number: usize,
    /// Bytes of tags that may still be read.
    left: usize,
    record: &'a mut Record,
}

/// One of a profile's blocks with fields at fixed places, and the group they belong to.
struct Block<'a> {
    data: Bytes<'a>,
    group: Name,
    record: &'a mut Record,
}

impl Profile<'_> {
    fn block<'a>(&'a mut self, group: &'static str, data: &'a [u8]) -> Block<'a> {
        Block { data: Bytes::big(data), group: numbered(group, self.number), record: self.record }
    }

    fn header(&mut self) {
        let data = self.data.data;
        let mut header = self.block("ICC-header", data);
        header.maker(4, "ProfileCMMType");
        header.convert("ProfileVersion", 8, |data, at| {
            let version = data.i16(at)?;
            Some((version.into(), format!("{}.{}.{}", version >> 8, (version & 0xf0) >> 4, version & 0x0f)))
        });
        header.worded(12, "ProfileClass", tags::CLASSES);
        header.text(16, 4, "ColorSpaceData");
        header.text(20, 4, "ProfileConnectionSpace");
        header.put("ProfileDateTime", date(&header.data, 24));
        header.text(36, 4, "ProfileFileSignature");
        header.worded(40, "PrimaryPlatform", tags::PLATFORMS);
        header.convert("CMMFlags", 44, |data, at| {
            let flags = data.u32(at)?;
            let embedded = if flags & 1 == 0 { "Not Embedded" } else { "Embedded" };
            let free = if flags & 2 == 0 { "Independent" } else { "Not Independent" };
            Some((flags.into(), format!("{embedded}, {free}")))
        });
        header.maker(48, "DeviceManufacturer");
        header.text(52, 4, "DeviceModel");
        header.convert("DeviceAttributes", 56, attributes);
        header.named(64, "RenderingIntent", tags::INTENTS);
        header.put("ConnectionSpaceIlluminant", fixed(&header.data, 68, 3).map(Value::Text));
        header.maker(80, "ProfileCreator");
        header.convert("ProfileID", 84, |data, at| {
            let id = data.slice(at, 16)?;
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            Some((Value::Text(spaced(id.iter())), if id == [0; 16] { "0".into() } else { hex }))
        });
    }

    /// One entry of the table; `false` where it points beyond the profile.
    fn entry(&mut self, at: usize) -> bool {
        let (Some(tag), Some(offset), Some(len)) =
            (signature(&self.data, at), self.data.u32(at + 4), self.data.u32(at + 8))
        else {
            return false;
        };
        let block = blocks(tag);
        let name = tags::name(tag);
        if block.is_none() && name.is_none() {
            return true;
        }
        let whole = self.data;
        let Some(data) = whole.slice(offset as usize, len as usize) else {
            self.record.warn("Bad ICC_Profile table (truncated)");
            return false;
        };
        let Some(left) = self.left.checked_sub(data.len()) else { return false };
        self.left = left;
        match (block, name) {
            (Some((name, kind, ..)), _) if !kind.is_empty() && !data.starts_with(kind.as_bytes()) => {
                self.record.warn(format!("Invalid ICC {name} data"));
            }
            (Some((_, _, group, read)), _) => read(&mut self.block(group, data)),
            (None, Some(name)) if data.len() > 4 && data.starts_with(b"mluc") => self.languages(name, data),
            (None, Some(name)) => self.value(name, data),
            (None, None) => {}
        }
        true
    }

    fn value(&mut self, name: &'static str, data: &[u8]) {
        let group = numbered("ICC_Profile", self.number);
        let value = value(&Bytes::big(data));
        if matches!(name, "CharTarget" | "ProfileCopyright") {
            // These read up to a NUL, whatever their type.
            let text = value.map_or_else(|| bytes::utf8(bytes::until_nul(data)), |_| text(data));
            match text.len() > 128 && name == "CharTarget" {
                true => self.record.put(group, name, Value::bytes(text.as_bytes())),
                false => self.record.put(group, name, text),
            }
            return;
        }
        let Some(value) = value else {
            self.record.put(group, name, Value::bytes(data));
            return;
        };
        match name {
            "Technology" => put_worded(self.record, group, name, value.plain(), tags::TECHNOLOGIES),
            "PerceptualRenderingIntentGamut" | "SaturationRenderingIntentGamut" => {
                put_worded(self.record, group, name, value.plain(), "prmg=Perceptual Reference Medium Gamut");
            }
            _ => self.record.put(group, name, value),
        }
    }

    /// A text in several languages: that of the United States under the plain name, others with their codes.
    fn languages(&mut self, name: &'static str, data: &[u8]) {
        let data = Bytes::big(data);
        let (Some(count), Some(size)) = (data.u32(8), data.u32(12)) else { return };
        if data.data.len() < 28 || size < 12 {
            return;
        }
        let group = numbered("ICC_Profile", self.number);
        for index in 0..(count as usize).min(ENTRIES) {
            let at = index.saturating_mul(size as usize).saturating_add(16);
            if self.record.is_full() {
                return;
            }
            let text = data
                .slice(at, size as usize)
                .and_then(|_| data.slice(data.u32(at + 8)? as usize, data.u32(at + 4)? as usize));
            let Some(text) = text else {
                self.record.warn(format!("Corrupted {name} data"));
                return;
            };
            let code = data.slice(at, 4).unwrap_or_default();
            let code = code.iter().all(u8::is_ascii_alphabetic).then(|| bytes::utf8(code));
            let code = code.map(|code| format!("{}-{}", code[..2].to_lowercase(), code[2..].to_uppercase()));
            let name = match code.filter(|code| code != "en-US") {
                Some(code) => format!("{name}-{code}").into(),
                None => Name::from(name),
            };
            self.record.put(group.clone(), name, bytes::utf16(text, Order::Big));
        }
    }
}

type Read = fn(&mut Block<'_>);

/// Tags that hold blocks: ExifTool's name, the type they must have, the group, and how to read them.
fn blocks(tag: [u8; 4]) -> Option<(&'static str, &'static str, &'static str, Read)> {
    Some(match &tag {
        b"chrm" => ("Chromaticity", "chrm", "ICC-chrm", chromaticity),
        b"clrt" => ("ColorantTable", "clrt", "ICC-clrt", colorants),
        b"meas" => ("Measurement", "meas", "ICC-meas", measurement),
        b"view" => ("ViewingConditions", "view", "ICC-view", viewing_conditions),
        b"cicp" => ("ColorRepresentation", "", "ICC-cicp", code_points),
        b"meta" => ("Metadata", "dict", "ICC-meta", metadata),
        _ => return None,
    })
}

fn chromaticity(block: &mut Block<'_>) {
    block.put("ChromaticityChannels", block.data.u16(8));
    block.convert("ChromaticityColorant", 10, |data, at| {
        let colorant = data.u16(at)?;
        Some((colorant.into(), named(tags::COLORANTS, &colorant.to_string())))
    });
    let channels = ["ChromaticityChannel1", "ChromaticityChannel2", "ChromaticityChannel3", "ChromaticityChannel4"];
    for (channel, name) in channels.into_iter().enumerate() {
        block.put(name, unsigned_fixed(&block.data, 12 + 8 * channel, 2).map(Value::Text));
    }
}

fn colorants(block: &mut Block<'_>) {
    block.put("ColorantCount", block.data.u32(8));
    let names = [
        ("Colorant1Name", "Colorant1Coordinates"),
        ("Colorant2Name", "Colorant2Coordinates"),
        ("Colorant3Name", "Colorant3Coordinates"),
    ];
    for (number, (name, coordinates)) in names.into_iter().enumerate() {
        let at = 12 + 38 * number;
        block.text(at, 32, name);
        block.put(coordinates, some(3, |axis| block.data.u16(at + 32 + 2 * axis)).map(Value::Text));
    }
}

fn measurement(block: &mut Block<'_>) {
    block.named(8, "MeasurementObserver", tags::OBSERVERS);
    block.put("MeasurementBacking", fixed(&block.data, 12, 3).map(Value::Text));
    block.named(24, "MeasurementGeometry", tags::GEOMETRIES);
    block.convert("MeasurementFlare", 28, |data, at| {
        let flare = round(f64::from(data.u32(at)?));
        Some((Value::Float(flare), format!("{}%", print::float(flare * 100.0))))
    });
    block.named(32, "MeasurementIlluminant", tags::ILLUMINANTS);
}

fn viewing_conditions(block: &mut Block<'_>) {
    block.put("ViewingCondIlluminant", fixed(&block.data, 8, 3).map(Value::Text));
    block.put("ViewingCondSurround", fixed(&block.data, 20, 3).map(Value::Text));
    block.named(32, "ViewingCondIlluminantType", tags::ILLUMINANTS);
}

/// Coding-independent code points (ISO/IEC 23091-2).
fn code_points(block: &mut Block<'_>) {
    let fields = [
        (8, "ColorPrimaries", tags::PRIMARIES),
        (9, "TransferCharacteristics", tags::TRANSFERS),
        (10, "MatrixCoefficients", tags::MATRICES),
        (11, "VideoFullRangeFlag", "0=Limited | 1=Full"),
    ];
    for (at, name, values) in fields {
        if let Some(code) = block.data.u8(at) {
            let printed = named(values, &code.to_string());
            block.record.put_printed(block.group.clone(), name, code, printed);
        }
    }
}

/// A dictionary of names and texts.
fn metadata(block: &mut Block<'_>) {
    let data = block.data;
    let (Some(count), Some(size)) = (data.u32(8), data.u32(12)) else {
        block.record.warn("Invalid ICC meta dictionary");
        return;
    };
    if size < 16 {
        block.record.warn("Invalid ICC meta record size");
        return;
    }
    for entry in 0..(count as usize).min(ENTRIES) {
        let at = entry.saturating_mul(size as usize).saturating_add(16);
        let text = |at: usize| {
            let (start, len) = (data.u32(at)?, data.u32(at + 4)?);
            Some((start, data.slice(start as usize, len as usize)?))
        };
        if block.record.is_full() {
            return;
        }
        let Some(((key_at, key), (value_at, value))) = data.slice(at, 16).and_then(|_| text(at).zip(text(at + 8)))
        else {
            block.record.warn("Truncated ICC meta dictionary");
            return;
        };
        let key = bytes::utf16(key, Order::Big);
        let words = key.split_whitespace().map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        });
        let name: String = words.collect::<String>();
        let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        if key_at > 0 && value_at > 0 && !name.is_empty() {
            let name = print::tag_name(&name);
            block.record.put(block.group.clone(), name, bytes::utf16(value, Order::Big));
        }
    }
}

impl Block<'_> {
    fn put(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.record.put(self.group.clone(), name, value);
        }
    }

    fn convert(&mut self, name: &'static str, at: usize, read: fn(&Bytes<'_>, usize) -> Option<(Value, String)>) {
        if let Some((raw, printed)) = read(&self.data, at) {
            self.record.put_printed(self.group.clone(), name, raw, printed);
        }
    }

    fn text(&mut self, at: usize, len: usize, name: &'static str) {
        let text = self.data.data.get(at..).filter(|rest| !rest.is_empty());
        self.put(name, text.map(|rest| bytes::utf8(bytes::until_nul(&rest[..len.min(rest.len())]))));
    }

    fn maker(&mut self, at: usize, name: &'static str) {
        if let Some(text) = self.data.slice(at, 4).map(|text| bytes::utf8(bytes::until_nul(text))) {
            let printed = makers::name(&text).map_or_else(|| format!("Unknown ({text})"), str::to_owned);
            self.record.put_printed(self.group.clone(), name, text, printed);
        }
    }

    fn worded(&mut self, at: usize, name: &'static str, values: Values) {
        if let Some(text) = self.data.slice(at, 4).map(|text| bytes::utf8(bytes::until_nul(text))) {
            put_worded(self.record, self.group.clone(), name, text, values);
        }
    }

    fn named(&mut self, at: usize, name: &'static str, values: Values) {
        if let Some(number) = self.data.u32(at) {
            let printed = named(values, &number.to_string());
            self.record.put_printed(self.group.clone(), name, number, printed);
        }
    }
}

fn put_worded(record: &mut Record, group: Name, name: &'static str, text: String, values: Values) {
    let printed = named(values, &text);
    record.put_printed(group, name, text, printed);
}

fn named(values: Values, text: &str) -> String {
    meaning(values, text).map_or_else(|| format!("Unknown ({text})"), str::to_owned)
}

/// The text of a tag of the types that hold one, up to a NUL.
fn text(data: &[u8]) -> String {
    let skip = if data.starts_with(b"text") { 8 } else { 12 };
    bytes::utf8(bytes::until_nul(data.get(skip..).unwrap_or_default()))
}

fn attributes(data: &Bytes<'_>, at: usize) -> Option<(Value, String)> {
    let (vendor, flags) = (data.u32(at)?, data.u32(at + 4)?);
    let words = [("Reflective", "Transparency"), ("Glossy", "Matte"), ("Positive", "Negative"), ("Color", "B&W")];
    let words = words.iter().enumerate().map(|(bit, (off, on))| if flags >> bit & 1 == 0 { *off } else { *on });
    Some((format!("{vendor} {flags}").into(), words.collect::<Vec<_>>().join(", ")))
}

fn signature(data: &Bytes<'_>, at: usize) -> Option<[u8; 4]> {
    data.slice(at, 4)?.try_into().ok()
}
