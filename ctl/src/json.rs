//! `a{sv}` as JSON: an `ay` is a string, with its base 64 beside it where it is not UTF-8.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use zbus::{OwnedVariant, Variant, wire::Signature};

/// A dictionary as it comes over the bus.
pub(crate) type Dict = BTreeMap<String, OwnedVariant>;

pub(crate) fn object(dict: &Dict) -> Value {
    fields(dict.iter().map(|(key, value)| (key.as_str(), &**value)))
}

fn fields<'a>(entries: impl Iterator<Item = (&'a str, &'a Variant<'a>)>) -> Value {
    let mut object = Map::new();
    for (key, value) in entries {
        match bytes(value) {
            Some(bytes) => {
                object.insert(key.into(), String::from_utf8_lossy(&bytes).into());
                if std::str::from_utf8(&bytes).is_err() {
                    object.insert(format!("{key}Base64"), base64(&bytes).into());
                }
            }
            None => {
                object.insert(key.into(), json(value));
            }
        }
    }
    Value::Object(object)
}

fn json(value: &Variant<'_>) -> Value {
    match value {
        Variant::U8(n) => (*n).into(),
        Variant::Bool(b) => (*b).into(),
        Variant::I16(n) => (*n).into(),
        Variant::U16(n) => (*n).into(),
        Variant::I32(n) => (*n).into(),
        Variant::U32(n) => (*n).into(),
        Variant::I64(n) => (*n).into(),
        Variant::U64(n) => (*n).into(),
        Variant::F64(n) => (*n).into(),
        Variant::Str(text) => text.as_str().into(),
        Variant::ObjectPath(path) => path.as_str().into(),
        Variant::Variant(value) => json(value),
        Variant::Array(items) => items.inner().iter().map(json).collect(),
        Variant::Dict(dict) => fields(dict.iter().filter_map(|(key, value)| match key {
            Variant::Str(key) => Some((key.as_str(), plain(value))),
            _ => None,
        })),
        // Nothing of ours sends these.
        other => format!("{other:?}").into(),
    }
}

/// What a variant holds, however often it is wrapped.
fn plain<'a>(value: &'a Variant<'a>) -> &'a Variant<'a> {
    match value {
        Variant::Variant(value) => plain(value),
        other => other,
    }
}

fn bytes(value: &Variant<'_>) -> Option<Vec<u8>> {
    match plain(value) {
        Variant::Array(items) if items.element_signature() == &Signature::U8 => Some(
            items
                .inner()
                .iter()
                .filter_map(|item| match item {
                    Variant::U8(byte) => Some(*byte),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    }
}

/// The bytes of an entry's `Path`, which stand in `PathBase64` where they are not UTF-8.
pub(crate) fn path(entry: &Value) -> Vec<u8> {
    match entry["PathBase64"].as_str() {
        Some(text) => from_base64(text),
        None => entry["Path"].as_str().unwrap_or_default().into(),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of base 64 as [`base64`] makes it.
fn from_base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.bytes().filter_map(|c| ALPHABET.iter().position(|digit| *digit == c)).map(|digit| digit as u32).collect();
    let bytes = |digits: &[u32]| {
        let bits = digits.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - digits.len()));
        bits.to_be_bytes()[1..digits.len()].to_vec()
    };
    digits.chunks(4).flat_map(bytes).collect()
}

/// Standard base 64 with padding.
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, &b| bits << 8 | u32::from(b)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            out.push(match place <= chunk.len() {
                true => char::from(ALPHABET[(bits >> (18 - 6 * place)) as usize & 63]),
                false => '=',
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text_and_base_64_where_needed() {
        let inner = BTreeMap::from([("In", Variant::from(b"ok".to_vec()))]);
        let dict = Dict::from([
            ("Path".into(), OwnedVariant::try_from(Variant::from(b"/k\xe4se".to_vec())).unwrap()),
            ("Of".into(), OwnedVariant::try_from(Variant::from(inner)).unwrap()),
        ]);
        let wanted = r#"{"Of":{"In":"ok"},"Path":"/k�se","PathBase64":"L2vkc2U="}"#;
        assert_eq!(object(&dict).to_string(), wanted);
        assert_eq!(path(&object(&dict)), b"/k\xe4se");
    }

    #[test]
    fn base_64_leads_back() {
        for bytes in [&b"\xff"[..], b"\xff/", b"\xff/x", b"\0\xfe\xff/", b"/\xe4\n\xf6\t~"] {
            assert_eq!(from_base64(&base64(bytes)), bytes);
        }
    }
}
