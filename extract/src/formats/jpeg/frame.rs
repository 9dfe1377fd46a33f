//! The frame header (T.81, B.2.2): size, precision, components and how they are sampled.

use crate::{Record, Value, bytes::Bytes};

/// Puts its tags; false when it is too short to be one.
pub(super) fn read(marker: u8, data: &[u8], record: &mut Record) -> bool {
    let view = Bytes::big(data);
    let (Some(precision), Some(height), Some(width), Some(components)) =
        (view.u8(0), view.u16(1), view.u16(3), view.u8(5))
    else {
        return false;
    };
    record.put("File", "ImageWidth", width);
    record.put("File", "ImageHeight", height);
    record.put_printed("File", "EncodingProcess", marker - 0xc0, process(marker));
    record.put("File", "BitsPerSample", precision);
    record.put("File", "ColorComponents", components);
    if let Some((horizontal, vertical)) = sampling(components, data) {
        let name = crate::blocks::exif::sub_sampling(&format!("{horizontal} {vertical}"));
        record.put_printed("File", "YCbCrSubSampling", format!("{horizontal} {vertical}"), name);
    }
    true
}

fn process(marker: u8) -> Value {
    let name = match marker & 0x0f {
        0x0 => "Baseline DCT, Huffman coding",
        0x1 => "Extended sequential DCT, Huffman coding",
        0x2 => "Progressive DCT, Huffman coding",
        0x3 => "Lossless, Huffman coding",
        0x5 => "Sequential DCT, differential Huffman coding",
        0x6 => "Progressive DCT, differential Huffman coding",
        0x7 => "Lossless, Differential Huffman coding",
        0x9 => "Extended sequential DCT, arithmetic coding",
        0xa => "Progressive DCT, arithmetic coding",
        0xb => "Lossless, arithmetic coding",
        0xd => "Sequential DCT, differential arithmetic coding",
        0xe => "Progressive DCT, differential arithmetic coding",
        _ => "Lossless, differential arithmetic coding",
    };
    name.into()
}

/// How many times more samples the finest of three components has than the coarsest, each way.
fn sampling(components: u8, data: &[u8]) -> Option<(String, String)> {
    if components != 3 || data.len() < 15 {
        return None;
    }
    let factors = [data[7], data[10], data[13]];
    let ratio = |factors: [u8; 3]| {
        let (least, most) = (factors.iter().min()?, factors.iter().max()?);
        (*least > 0).then(|| crate::print::float(f64::from(*most) / f64::from(*least)))
    };
    Some((ratio(factors.map(|f| f >> 4))?, ratio(factors.map(|f| f & 15))?))
}
