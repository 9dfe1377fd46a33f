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

/// Standard base 64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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
    }
}
