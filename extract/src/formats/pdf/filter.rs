//! The filters of streams (ISO 32000-1, 7.4) as far as metadata, tables and object streams need them.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::object::{Dict, Object, unhex};

/// What cannot be decoded, in ExifTool's words.
pub(super) type Warning = String;

/// The names of a stream's filters, in the order of decoding.
pub(super) fn names(dict: &Dict) -> Vec<&[u8]> {
    match dict.get(b"Filter") {
        Some(Object::Name(name)) => vec![name],
        Some(Object::Array(items)) => items
            .iter()
            .map(|item| match item {
                Object::Name(name) => name.as_slice(),
                _ => b"",
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Undoes all filters of a stream. No step gives more than `limit` bytes.
pub(super) fn decode(dict: &Dict, mut data: Vec<u8>, limit: u64) -> Result<Vec<u8>, Warning> {
    let none = Dict::default();
    for (index, name) in names(dict).into_iter().enumerate() {
        let parameters = match dict.get(b"DecodeParms") {
            Some(Object::Dict(parameters)) if index == 0 => parameters,
            Some(Object::Array(items)) => match items.get(index) {
                Some(Object::Dict(parameters)) => parameters,
                _ => &none,
            },
            _ => &none,
        };
        data = match name {
            b"FlateDecode" | b"Fl" => unpredict(inflate(&data, limit)?, parameters)?,
            b"LZWDecode" | b"LZW" => {
                let early = parameters.number(b"EarlyChange") != Some(0);
                unpredict(lzw(&data, early, limit).ok_or("LZW decompress error")?, parameters)?
            }
            b"ASCIIHexDecode" | b"AHx" => unhex(data.split(|b| *b == b'>').next().unwrap_or_default()),
            b"ASCII85Decode" | b"A85" => ascii_85(&data)?,
            // Images are compressed by what reads them; Crypt is undone before.
            b"Crypt" | b"Identity" | b"DCTDecode" | b"JPXDecode" => data,
            other => return Err(format!("Unsupported Filter /{}", String::from_utf8_lossy(other))),
        };
    }
    Ok(data)
}

fn inflate(data: &[u8], limit: u64) -> Result<Vec<u8>, Warning> {
    let mut out = Vec::new();
    let mut decoder = ZlibDecoder::new(data).take(limit.saturating_add(1));
    decoder.read_to_end(&mut out).map_err(|_| "Error inflating stream")?;
    if out.len() as u64 > limit {
        return Err("Stream too large".into());
    }
    Ok(out)
}

/// Undoes the prediction of PNG (10 to 15) and TIFF (2, whole bytes only).
fn unpredict(data: Vec<u8>, parameters: &Dict) -> Result<Vec<u8>, Warning> {
    let predictor = parameters.number(b"Predictor").unwrap_or(1);
    if predictor < 2 {
        return Ok(data);
    }
    let value = |key: &[u8], default: u64| parameters.number(key).unwrap_or(default).clamp(1, 1 << 20) as usize;
    let (colors, bits, columns) = (value(b"Colors", 1), value(b"BitsPerComponent", 8), value(b"Columns", 1));
    let pixel = (colors * bits).div_ceil(8);
    let row = (colors.saturating_mul(bits)).saturating_mul(columns).div_ceil(8);
    match predictor {
        2 if bits == 8 => Ok(tiff_rows(data, pixel, row)),
        10..=15 => png_rows(&data, pixel, row),
        _ => Err(format!("FlateDecode Predictor {predictor} currently not supported")),
    }
}

fn tiff_rows(mut data: Vec<u8>, pixel: usize, row: usize) -> Vec<u8> {
    for line in data.chunks_mut(row) {
        for index in pixel..line.len() {
            line[index] = line[index].wrapping_add(line[index - pixel]);
        }
    }
    data
}

fn png_rows(data: &[u8], pixel: usize, row: usize) -> Result<Vec<u8>, Warning> {
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    for line in data.chunks(row + 1).filter(|line| line.len() > row) {
        let start = out.len();
        let (kind, line) = (line[0], &line[1..]);
        for (index, &byte) in line.iter().enumerate() {
            let left = if index >= pixel { out[start + index - pixel] } else { 0 };
            let up = if start >= row { out[start + index - row] } else { 0 };
            let corner = if index >= pixel && start >= row { out[start + index - pixel - row] } else { 0 };
            let predicted = match kind {
                0 => 0,
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => return Err(format!("Unsupported PNG filter {kind}")),
            };
            out.push(byte.wrapping_add(predicted));
        }
    }
    Ok(out)
}

/// Of three neighbours the one nearest to left + up - corner (PNG, 9.4).
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i32::from);
    let guess = a + b - c;
    let (to_a, to_b, to_c) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        up
    } else {
        corner
    }
}

/// LZW as TIFF has it: codes of 9 to 12 bits, high bit first.
fn lzw(data: &[u8], early: bool, limit: u64) -> Option<Vec<u8>> {
    // Each sequence is a piece of the output: where it starts and how long it is.
    let mut table: Vec<(usize, usize)> = Vec::with_capacity(4096);
    let mut out = Vec::new();
    let (mut bits, mut held, mut count) = (9, 0_u32, 0_u32);
    let mut last: Option<(usize, usize)> = None;
    for &byte in data {
        held = held << 8 | u32::from(byte);
        count += 8;
        if count < bits {
            continue;
        }
        count -= bits;
        let code = (held >> count & ((1 << bits) - 1)) as usize;
        match code {
            256 => {
                table.clear();
                (bits, last) = (9, None);
                continue;
            }
            257 => return Some(out),
            _ => {}
        }
        let start = out.len();
        let piece = match code {
            0..=255 => {
                out.push(code as u8);
                (start, 1)
            }
            // A known sequence, or the one that this very code makes: the last one and its own first byte.
            _ => {
                let (from, len) = match table.get(code - 258) {
                    Some(&sequence) => sequence,
                    None if code - 258 == table.len() => last.map(|(from, len)| (from, len + 1))?,
                    None => return None,
                };
                for index in from..from + len {
                    let byte = *out.get(index)?;
                    out.push(byte);
                }
                (start, len)
            }
        };
        if out.len() as u64 > limit {
            return None;
        }
        if let Some((from, len)) = last
            && table.len() < 4096 - 258
        {
            // Sequences lie one after the other: this one continues into the piece just written.
            table.push((from, len + 1));
        }
        last = Some(piece);
        let size = 258 + table.len() + usize::from(early);
        bits = match size {
            0..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
    }
    None
}

/// Base 85: five characters make four bytes.
fn ascii_85(data: &[u8]) -> Result<Vec<u8>, Warning> {
    let mut out = Vec::with_capacity(data.len() / 5 * 4);
    let (mut value, mut count) = (0_u32, 0_usize);
    for &byte in data {
        match byte {
            b'!'..=b'u' => {
                value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    out.extend_from_slice(&value.to_be_bytes());
                    (value, count) = (0, 0);
                }
            }
            b'z' if count == 0 => out.extend_from_slice(&[0; 4]),
            b'~' => break,
            byte if byte.is_ascii_whitespace() || byte == 0 => {}
            b'z' => return Err("ASCII85Decode error 2".into()),
            _ => return Err("ASCII85Decode error 3".into()),
        }
    }
    if count > 1 {
        for _ in count..5 {
            value = value.wrapping_mul(85).wrapping_add(84);
        }
        out.extend_from_slice(&value.to_be_bytes()[..count - 1]);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_85_as_in_the_standard() {
        assert_eq!(ascii_85(b"87cUR D]i,\"Ebo80~>").as_deref(), Ok(&b"Hello World!"[..]));
        assert_eq!(ascii_85(b"z!!~>").as_deref(), Ok(&[0_u8, 0, 0, 0, 0][..]));
    }

    #[test]
    fn lzw_example_of_the_standard() {
        // ISO 32000-1, 7.4.4.2: 45 45 45 45 45 65 45 45 45 66.
        let packed = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        assert_eq!(lzw(&packed, true, 100), Some(vec![45, 45, 45, 45, 45, 65, 45, 45, 45, 66]));
        assert_eq!(lzw(&packed, true, 5), None);
        assert_eq!(lzw(&packed[..5], true, 100), None);
    }

    #[test]
    fn png_prediction() {
        let data = [2, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1, 1];
        assert_eq!(png_rows(&data, 1, 3), Ok(vec![1, 2, 3, 2, 3, 4, 5, 6, 7]));
    }
}
