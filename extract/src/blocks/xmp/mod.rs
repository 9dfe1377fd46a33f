//! XMP packets: RDF/XML in UTF-8, UTF-16 or UTF-32 (ISO 16684-1), read as ExifTool reads them with `-struct`.
//!
//! `walk` goes through the elements (`xml` finds them, `namespaces` names them) and hands each value to `tree`, which
//! puts it where it belongs: a tag, a list item or a field of a structure. `convert` makes typed and printed values by
//! what `tables` know of a property. Called by every container that embeds a packet.

mod convert;
mod namespaces;
mod tables;
mod tree;
mod walk;
mod xml;

use std::borrow::Cow;

use crate::{Record, bytes};

/// Puts the tags of one packet. Nothing in a damaged packet stops it; what is whole is read.
pub fn read(packet: &[u8], record: &mut Record) {
    let text = decode(packet);
    let mut tree = tree::Tree::default();
    walk::walk(&text, &mut tree, record);
    tree.put(record);
}

/// The text of a packet. Without a byte order mark the zeros around the first `<` tell the encoding.
fn decode(packet: &[u8]) -> Cow<'_, str> {
    match packet {
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0, 0, 0, b'<', ..] => utf32(packet, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [b'<', 0, 0, 0, ..] => utf32(packet, u32::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0, b'<', ..] => utf16(packet, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [b'<', 0, ..] => utf16(packet, u16::from_le_bytes),
        _ => match std::str::from_utf8(packet) {
            Ok(text) => text.into(),
            Err(_) => bytes::utf8(packet).into(),
        },
    }
}

fn utf16(data: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'_, str> {
    let units = data.as_chunks().0.iter().map(|&bytes| unit(bytes));
    char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect::<String>().into()
}

fn utf32(data: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'_, str> {
    let units = data.as_chunks().0.iter().map(|&bytes| unit(bytes));
    units.map(|code| char::from_u32(code).unwrap_or('?')).collect::<String>().into()
}
