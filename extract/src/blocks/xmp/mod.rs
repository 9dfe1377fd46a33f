//! XMP packets: RDF/XML in UTF-8, UTF-16 or UTF-32 (ISO 16684-1), read as ExifTool reads them with `-struct`.
//!
//! `walk` goes through the elements (`xml` finds them, `namespaces` names them) and hands each value to `tree`, which
//! puts it where it belongs: a tag, a list item or a field of a structure. `names` has ExifTool's names, `convert` makes typed and printed values by
//! what `tables` know of a property. Called by every container that embeds a packet.

mod convert;
mod names;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    const HEAD: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='T'><rdf:RDF \
        xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' \
        xmlns:d='http://purl.org/dc/elements/1.1/' xmlns:exif='http://ns.adobe.com/exif/1.0/' \
        xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:mm='http://ns.adobe.com/xap/1.0/mm/' \
        xmlns:stRef='http://ns.adobe.com/xap/1.0/sType/ResourceRef#' xmlns:my='http://example.org/my/'";

    fn shown(packet: &[u8]) -> Vec<String> {
        let mut record = Record::new(&Limits::default());
        read(packet, &mut record);
        let tags = record.tags.iter().filter(|tag| tag.name != "XMPToolkit");
        tags.map(|tag| format!("{}={}|{}", tag.key(), tag.raw.plain(), tag.printed().plain())).collect()
    }

    fn tags(body: &str) -> Vec<String> {
        shown(format!("{HEAD}{body}</rdf:Description></rdf:RDF></x:xmpmeta>").as_bytes())
    }

    #[test]
    fn values_read_by_what_is_known_of_them() {
        for (body, expected) in [
            (" xmp:Rating='4'>", "XMP-xmp:Rating=4|4"),
            (
                "><xmp:CreateDate>2024-05-17T10:11:12Z</xmp:CreateDate>",
                "XMP-xmp:CreateDate=2024:05:17 10:11:12Z|2024:05:17 10:11:12Z",
            ),
            ("><exif:FNumber>28/10</exif:FNumber>", "XMP-exif:FNumber=2.8|2.8"),
            (" exif:ExposureTime='1/250'>", "XMP-exif:ExposureTime=0.004|1/250"),
            (" exif:GPSLatitude='51,30.0N'>", "XMP-exif:GPSLatitude=51.5|51 deg 30' 0.00\" N"),
            (" exif:MeteringMode='5'>", "XMP-exif:MeteringMode=5|Multi-segment"),
            (" exif:GPSAltitude='0/0'>", "XMP-exif:GPSAltitude=undef|undef"),
            ("><my:thing>1/2</my:thing>", "XMP-my:Thing=0.5|0.5"),
            ("><my:BIG_THING>a &amp; b</my:BIG_THING>", "XMP-my:BigThing=a & b|a & b"),
        ] {
            assert_eq!(tags(body), [expected], "{body}");
        }
    }

    #[test]
    fn lists_languages_and_structures_are_put_together() {
        let body = "><d:subject><rdf:Bag><rdf:li>a</rdf:li><rdf:li>b</rdf:li></rdf:Bag></d:subject>\
            <d:title><rdf:Alt><rdf:li xml:lang='x-default'>T</rdf:li><rdf:li xml:lang='de-de'>U</rdf:li></rdf:Alt></d:title>\
            <mm:DerivedFrom stRef:instanceID='i' stRef:documentID='d'/>\
            <my:sum rdf:parseType='Resource'><my:x>1</my:x><my:y><rdf:Seq><rdf:li>2</rdf:li></rdf:Seq></my:y></my:sum>";
        assert_eq!(
            tags(body),
            [
                "XMP-dc:Subject=a, b|a, b",
                "XMP-dc:Title=T|T",
                "XMP-dc:Title-de-DE=U|U",
                "XMP-xmpMM:DerivedFrom={InstanceID=i,DocumentID=d}|{InstanceID=i,DocumentID=d}",
                "XMP-my:Sum={X=1,Y=2}|{X=1,Y=2}",
            ]
        );
    }

    #[test]
    fn every_encoding_reads_the_same() {
        let packet = format!("<?xpacket?>{HEAD}><d:source>\u{e4}</d:source></rdf:Description></rdf:RDF></x:xmpmeta>");
        let expected = ["XMP-dc:Source=\u{e4}|\u{e4}"];
        assert_eq!(shown(packet.as_bytes()), expected);
        let units: Vec<u16> = packet.encode_utf16().collect();
        assert_eq!(shown(&units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>()), expected);
        assert_eq!(shown(&units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>()), expected);
        let codes: Vec<u32> = packet.chars().map(u32::from).collect();
        assert_eq!(shown(&codes.iter().flat_map(|code| code.to_be_bytes()).collect::<Vec<_>>()), expected);
        assert_eq!(shown(&codes.iter().flat_map(|code| code.to_le_bytes()).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn what_is_whole_in_a_damaged_packet_is_read() {
        let whole = format!("{HEAD} xmp:Label='l'><d:source>s</d:source><d:relation>r</d:relation>");
        assert_eq!(shown(whole.as_bytes()).len(), 3);
        for end in 0..whole.len() {
            _ = shown(&whole.as_bytes()[..end]);
        }
        let mut many = String::from(HEAD) + ">";
        for number in 0..20_000 {
            many += &format!(
                "<n{number}:a xmlns:n{number}='u{number}'><rdf:Bag><rdf:li>{number}</rdf:li></rdf:Bag></n{number}:a>"
            );
        }
        assert!(shown(many.as_bytes()).len() > 1000);
        let deep = "<a>".repeat(10_000) + &"</a>".repeat(10_000);
        assert!(shown(deep.as_bytes()).len() <= 1);
    }
}
