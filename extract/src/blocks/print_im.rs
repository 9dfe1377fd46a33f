//! Print Image Matching, Epson's block of printing hints: only its version is public.

use crate::{
    Record,
    bytes::{Bytes, Order, latin1},
};

/// Puts the version of a block found in a structure of this byte order.
pub fn read(data: &[u8], order: Order, record: &mut Record) {
    let fits = |order| {
        let count = Bytes { data, order }.u16(14)?;
        (data.len() >= 16 + usize::from(count) * 6).then_some(())
    };
    if !data.starts_with(b"PrintIM") || fits(order).or(fits(Order::Little)).or(fits(Order::Big)).is_none() {
        record.warn("Bad PrintIM data");
        return;
    }
    let version = latin1(&data[8..12]);
    record.put("PrintIM", "PrintIMVersion", version.replace('\0', ""));
}
