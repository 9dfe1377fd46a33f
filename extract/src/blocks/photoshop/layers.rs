//! Photoshop's layers, as TIFF keeps them in ImageSourceData (tag 37724): names, places and looks.
//!
//! Each property is a list with one item a layer.

use super::GROUP;
use crate::{
    Error, Priority, Record, Source, Value,
    bytes::{self, Bytes, Order},
    print::{self, Values, meaning},
};

/// Bytes looked at: the layers' properties stand before their pixels.
const HEAD: u64 = 4 << 20;
/// Layers taken from one image.
const LAYERS: usize = 10_000;

/// Puts the tags of `size` bytes at `at` that begin with `Adobe Photoshop Document Data Block`.
///
/// Errors: what [`Source`] gives. A damaged block is only warned of.
pub fn read_document(source: &mut Source<'_>, at: u64, size: u64, record: &mut Record) -> Result<(), Error> {
    let data = source.block_up_to(at, size.min(HEAD))?;
    let is_large = data.starts_with(b"Adobe Photoshop Document Data V0002\0");
    if !is_large && !data.starts_with(b"Adobe Photoshop Document Data Block\0") {
        record.warn("Invalid Photoshop Document Data");
        return Ok(());
    }
    let order = match data.get(36..40) {
        Some(b"8BIM" | b"8B64") => Order::Big,
        _ => Order::Little,
    };
    let bytes = Bytes { data: &data, order };
    let mut at = 36;
    while let Some(block) = Tagged::at(&bytes, at, is_large) {
        if matches!(&block.kind, b"Layr" | b"Lr16") {
            let content = Bytes { data: data.get(block.start..).unwrap_or_default(), order };
            let len = block.len.min(content.data.len());
            Layers::default().read(&Bytes { data: &content.data[..len], order }, is_large).put(record);
        }
        at = block.next;
    }
    Ok(())
}

/// A block with a signature, a kind of four letters and a length.
struct Tagged {
    kind: [u8; 4],
    start: usize,
    len: usize,
    next: usize,
}

impl Tagged {
    fn at(data: &Bytes<'_>, at: usize, is_large: bool) -> Option<Self> {
        let signature = four(data, at)?;
        let kind = four(data, at.checked_add(4)?)?;
        if !matches!(&signature, b"8BIM" | b"8B64") {
            return None;
        }
        let long = is_large && LONG.iter().any(|long| **long == kind);
        let (len, start) = match long {
            true => (usize::try_from(data.u64(at + 8)?).ok()?, at + 16),
            false => (data.u32(at + 8)? as usize, at + 12),
        };
        let next = start.checked_add(len.checked_next_multiple_of(4)?)?;
        Some(Self { kind, start, len, next })
    }
}

/// Kinds whose length takes eight bytes in large documents.
static LONG: &[&[u8; 4]] = &[
    b"LMsk", b"Lr16", b"Lr32", b"Layr", b"Mt16", b"Mt32", b"Mtrn", b"Alph", b"FMsk", b"lnk2", b"FEid", b"FXid", b"PxSD",
];

/// Four letters, which little-endian files turn round.
fn four(data: &Bytes<'_>, at: usize) -> Option<[u8; 4]> {
    data.u32(at).map(u32::to_be_bytes)
}

/// The lists that grow layer by layer: raw and printed values.
#[derive(Default)]
struct Layers {
    count: u16,
    lists: Vec<(&'static str, Vec<Value>, Vec<Value>)>,
}

impl Layers {
    fn read(mut self, data: &Bytes<'_>, is_large: bool) -> Self {
        let Some(count) = data.i16(0) else { return self };
        self.count = count.unsigned_abs();
        let mut at = 2;
        for layer in 0..usize::from(self.count).min(LAYERS) {
            match self.layer(data, at, layer, is_large) {
                Some(next) => at = next,
                None => break,
            }
        }
        self
    }

    /// One layer's record; where the next begins.
    fn layer(&mut self, data: &Bytes<'_>, at: usize, layer: usize, is_large: bool) -> Option<usize> {
        let rectangle: Option<Vec<_>> = (0..4).map(|side| data.u32(at + 4 * side).map(|n| n.to_string())).collect();
        self.add("LayerRectangles", rectangle?.join(" "), None);
        let channels = usize::from(data.u16(at + 16)?);
        let at = at + 18 + channels * if is_large { 10 } else { 6 };
        if !matches!(&four(data, at)?, b"8BIM") {
            return None;
        }
        let mode = bytes::utf8(&four(data, at + 4)?);
        self.add("LayerBlendModes", mode.clone(), Some(named(BLEND_MODES, &mode)));
        let opacity = 100.0 * f64::from(data.u8(at + 8)?) / 255.0;
        self.add("LayerOpacities", opacity, Some(format!("{}%", opacity.trunc())));
        let hidden = data.u8(at + 10)? & 2;
        self.add("LayerVisible", hidden, Some(if hidden == 0 { "Yes" } else { "No" }.into()));
        let end = (at + 16).checked_add(data.u32(at + 12)? as usize)?;
        let at = (at + 20).checked_add(data.u32(at + 16)? as usize)?;
        let at = at.checked_add(4)?.checked_add(data.u32(at)? as usize)?;
        let len = usize::from(data.u8(at)?);
        self.add("LayerNames", bytes::windows_1252(data.slice(at + 1, len)?), None);
        let mut at = at + (len + 4) / 4 * 4;
        while at + 12 <= end {
            let Some(block) = Tagged::at(data, at, is_large).filter(|block| block.start + block.len <= end) else {
                break;
            };
            self.additional(&block, data, layer);
            at = block.next;
        }
        Some(end)
    }

    /// Additional information that some layers have: those before without it get an empty item.
    fn additional(&mut self, block: &Tagged, data: &Bytes<'_>, layer: usize) -> Option<()> {
        let content = Bytes { data: data.slice(block.start, block.len)?, order: data.order };
        let (name, raw, printed) = match &block.kind {
            b"luni" => {
                let len = (content.u32(0)? as usize).checked_mul(2)?;
                let text = content.data.get(4..)?;
                ("LayerUnicodeNames", Value::Text(bytes::utf16(&text[..len.min(text.len())], data.order)), None)
            }
            b"lclr" => {
                let color = content.u16(0)?;
                ("LayerColors", color.into(), Some(named(COLORS, &color.to_string())))
            }
            b"lsct" => {
                let section = content.u32(0)?;
                ("LayerSections", section.into(), Some(named(SECTIONS, &section.to_string())))
            }
            b"shmd" => ("LayerModifyDates", modified(&content), None),
            _ => return None,
        };
        self.pad(name, layer);
        self.add(name, raw, printed);
        Some(())
    }

    fn pad(&mut self, name: &'static str, layers: usize) {
        while self.lists.iter().find(|(known, ..)| *known == name).map_or(0, |(_, raw, _)| raw.len()) < layers {
            match name {
                "LayerSections" => self.add(name, 0_u32, Some("Layer".into())),
                "LayerColors" => self.add(name, "", Some("Unknown ()".into())),
                _ => self.add(name, "", None),
            }
        }
    }

    fn add(&mut self, name: &'static str, raw: impl Into<Value>, printed: Option<String>) {
        let raw = raw.into();
        let printed = printed.map_or_else(|| raw.clone(), Value::Text);
        match self.lists.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, raws, all)) => {
                raws.push(raw);
                all.push(printed);
            }
            None => self.lists.push((name, vec![raw], vec![printed])),
        }
    }

    fn put(mut self, record: &mut Record) {
        record.put(GROUP, "LayerCount", self.count);
        let layers = usize::from(self.count).min(LAYERS);
        for name in ["LayerUnicodeNames", "LayerColors", "LayerSections", "LayerModifyDates"] {
            if self.lists.iter().any(|(known, ..)| *known == name) {
                self.pad(name, layers);
            }
        }
        for (name, mut raw, mut printed) in self.lists {
            let (raw, printed) = match raw.len() {
                1 => (raw.remove(0), printed.remove(0)),
                _ => (Value::List(raw), Value::List(printed)),
            };
            record.put_tag(GROUP.into(), name.into(), raw, Some(printed), Priority::NORMAL);
        }
    }
}

fn named(values: Values, text: &str) -> String {
    meaning(values, text).map_or_else(|| format!("Unknown ({text})"), str::to_owned)
}

/// The time in a layer's metadata, which is found by its name; empty when there is none.
fn modified(data: &Bytes<'_>) -> Value {
    let found = data.data.windows(13).position(|window| matches!(window, b"layerTimedoub" | b"layerTimebuod"));
    match found.and_then(|at| data.f64(at + 13)).filter(|seconds| seconds.is_finite() && seconds.abs() < 1e11) {
        Some(seconds) => Value::DateTime(format!("{}+00:00", print::unix_time(seconds as i64))),
        None => "".into(),
    }
}

static COLORS: Values = "0=None | 1=Red | 2=Orange | 3=Yellow | 4=Green | 5=Blue | 6=Violet | 7=Gray";
static SECTIONS: Values = "0=Layer | 1=Folder (open) | 2=Folder (closed) | 3=Divider";
static BLEND_MODES: Values = "\
    pass=Pass Through | norm=Normal | diss=Dissolve | dark=Darken | mul =Multiply | idiv=Color Burn | \
    lbrn=Linear Burn | dkCl=Darker Color | lite=Lighten | scrn=Screen | div =Color Dodge | lddg=Linear Dodge | \
    lgCl=Lighter Color | over=Overlay | sLit=Soft Light | hLit=Hard Light | vLit=Vivid Light | lLit=Linear Light | \
    pLit=Pin Light | hMix=Hard Mix | diff=Difference | smud=Exclusion | fsub=Subtract | fdiv=Divide | hue =Hue | \
    sat =Saturation | colr=Color | lum =Luminosity";
