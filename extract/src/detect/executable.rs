//! Programs, libraries, object files and scripts.

use super::{Look, Named, be, le};
use crate::Name;

/// Anything that a system could run or link.
pub(super) fn executable(look: &mut Look<'_, '_>) -> Option<Named> {
    let size = look.head.len();
    match look.head.get(..4)? {
        [b'M', b'Z', ..] if size >= 0x40 => return windows(look),
        b"\xca\xfe\xba\xbe" if size > 12 => return fat(look),
        b"\xfe\xed\xfa\xce" | b"\xfe\xed\xfa\xcf" if size > 16 => return Some(mach(look, be(look.head, 12, 4))),
        b"\xce\xfa\xed\xfe" | b"\xcf\xfa\xed\xfe" if size > 16 => return Some(mach(look, le(look.head, 12, 4))),
        b"Joy!" if look.is(b"Joy!peff") && size > 12 => return Some(program(look, "Classic MacOS executable", "")),
        b"\x7fELF" if size >= 16 => return Some(elf(look)),
        _ => {}
    }
    if look.is(b"!<arch>\n") {
        return Some(archive(look));
    }
    script(look)
}

fn program(look: &Look<'_, '_>, file_type: &'static str, extension: &'static str) -> Named {
    look.name(file_type).with_extension(extension)
}

/// DOS and Windows, by the second header.
fn windows(look: &mut Look<'_, '_>) -> Option<Named> {
    let at = le(look.head, 60, 4)?;
    let header = look.read(at, 64);
    let (file_type, extension) = match header {
        [b'N', b'E', ..] if le(header, 12, 2)? & 0x80 != 0 => ("Win16 DLL", "DLL"),
        [b'N', b'E', ..] => ("Win16 EXE", "EXE"),
        [b'P', b'E', ..] => {
            // Machines with 64 in their name: IA-64, Alpha AXP 64, x86-64, ARM64.
            let is_64 = matches!(le(header, 4, 2)?, 0x200 | 0x284 | 0x8664 | 0xaa64 | 0x5064 | 0x6264);
            match (le(header, 22, 2)? & 0x2000 != 0, is_64) {
                (true, true) => ("Win64 DLL", "DLL"),
                (true, false) => ("Win32 DLL", "DLL"),
                (false, true) => ("Win64 EXE", "EXE"),
                (false, false) => ("Win32 EXE", "EXE"),
            }
        }
        [b'L', b'E', ..] => ("Virtual Device Driver", "386"),
        _ => ("DOS EXE", "exe"),
    };
    Some(program(look, file_type, extension))
}

/// Mach-O for several processors, or Java byte code, which has the same mark.
fn fat(look: &mut Look<'_, '_>) -> Option<Named> {
    if be(look.head, 4, 4)? > 30 {
        let named = look.name("Java bytecode").with_mime("application/java-byte-code");
        return Some(named.with_extension("class"));
    }
    let named = program(look, "Mach-O fat binary executable", "");
    let first = look.read(be(look.head, 16, 4)?, 16);
    let kind = match first.get(..4)? {
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] => be(first, 12, 4)?,
        [0xce | 0xcf, 0xfa, 0xed, 0xfe] => le(first, 12, 4)?,
        b"!<ar" => return Some(named.over_with("Mach-O fat static library", "A")),
        _ => return Some(named),
    };
    Some(match kind {
        1 => named.over_with("Mach-O fat object file", "O"),
        6 => named.over_with("Mach-O fat dynamic link library", "DYLIB"),
        8 => named.over_with("Mach-O fat dynamic bound bundle", "DYLIB"),
        9 => named.over_with("Mach-O fat dynamic link library stub", "DYLIB"),
        _ => named,
    })
}

fn mach(look: &Look<'_, '_>, kind: Option<u64>) -> Named {
    let named = program(look, "Mach-O executable", "");
    match kind {
        Some(1) => named.over_with("Mach-O object file", "O"),
        Some(6) => named.over_with("Mach-O dynamic link library", "DYLIB"),
        Some(8) => named.over_with("Mach-O dynamic bound bundle", "DYLIB"),
        Some(9) => named.over_with("Mach-O dynamic link library stub", "DYLIB"),
        _ => named,
    }
}

fn elf(look: &Look<'_, '_>) -> Named {
    let named = program(look, "ELF executable", "");
    let kind = if look.head[5] == 1 { le(look.head, 16, 2) } else { be(look.head, 16, 2) };
    match kind {
        Some(1) => named.over_with("ELF object file", "O"),
        Some(3) => named.over_with("ELF shared library", "SO"),
        _ => named,
    }
}

/// An archive of object files; one of Mach-O files says so.
fn archive(look: &mut Look<'_, '_>) -> Named {
    let named = program(look, "Static library", "A");
    let mut at = 8;
    for _ in 0..10 {
        let header = look.read(at, 60).to_vec();
        if header.get(58..) != Some(b"`\n") {
            break;
        }
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.trim_end().parse::<u64>().ok();
        // BSD keeps long names before the content.
        let name =
            header.strip_prefix(b"#1/").and_then(|rest| number(&rest[..13])).filter(|len| *len <= 256).unwrap_or(0);
        let content = look.read(at + 60 + name, 28);
        if content.len() < 28 {
            break;
        }
        if matches!(content, [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..]) {
            return named.over_with("Mach-O static library", "A");
        }
        let digits = header[48..58].iter().take_while(|b| b.is_ascii_digit()).count();
        let Some(size) = number(&header[48..48 + digits]) else { break };
        at += 60 + size + (size & 1);
    }
    named
}

/// A script with a line that names its interpreter in a `bin` directory.
fn script(look: &Look<'_, '_>) -> Option<Named> {
    let start = &look.head[..look.head.len().min(64)];
    let rest = super::trim_start(start.strip_prefix(b"#!")?).strip_prefix(b"/")?;
    let path = &rest[..rest.iter().take_while(|b| !matches!(b, b'\t'..=b'\r' | b' ')).count()];
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    // The longest match: the last `bin/` that a word follows.
    let at =
        (0..path.len()).rev().find(|at| path[*at..].starts_with(b"bin/") && path.get(at + 4).is_some_and(is_word))?;
    let word = &path[at + 4..];
    let mut name = String::from_utf8_lossy(&word[..word.iter().take_while(|b| is_word(b)).count()]).into_owned();
    if name == "env" {
        let languages = ["perl", "python", "ruby", "php"];
        let words = || start.split(|b| !is_word(b));
        let named = words().find_map(|word| languages.iter().find(|language| language.as_bytes() == word));
        name = named.map_or(name, |language| (*language).to_owned());
    }
    let extension = match name.as_str() {
        "perl" => "pl",
        "python" => "py",
        "ruby" => "rb",
        "php" => "php",
        name if name.ends_with("sh") => "sh",
        _ => "",
    };
    Some(Named {
        file_type: Name::from(format!("{name} script")),
        extension: extension.into(),
        mime: Name::from(format!("text/x-{name}")),
    })
}
