//! The table of mounts, as the kernel writes it (`proc_pid_mountinfo(5)`). Reads nothing itself.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

/// Where the table of this process is.
pub const TABLE: &str = "/proc/self/mountinfo";

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mount {
    /// Unique among those that are there at one time.
    pub number: u64,
    /// The `st_dev` of files on it, major and minor.
    pub device: (u32, u32),
    /// The directory of the file system that is seen at `point`.
    pub root: PathBuf,
    pub point: PathBuf,
    /// As `ext4` or `fuse.sshfs`.
    pub kind: String,
    /// What the file system says it is made from, a device or not.
    pub source: OsString,
    /// The file system's own options, as they stand in the table.
    pub options: Vec<u8>,
}

impl Mount {
    /// The value of an option of the file system, as `upperdir`.
    pub fn option(&self, name: &str) -> Option<PathBuf> {
        let of = |option: &[u8]| Some(unescaped(option.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?));
        self.options.split(|&b| b == b',').find_map(of).map(path)
    }
}

/// The mounts of a table, in its order; lines that are none are left out.
pub fn parse(table: &[u8]) -> impl Iterator<Item = Mount> {
    table.split(|&b| b == b'\n').filter_map(mount)
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|&b| b == b' ');
    let mut word = || words.next();
    let number = text(word()?)?.parse().ok()?;
    word()?;
    let (major, minor) = text(word()?)?.split_once(':')?;
    let device = (major.parse().ok()?, minor.parse().ok()?);
    let (root, point) = (path(unescaped(word()?)), path(unescaped(word()?)));
    // Options of the mount, and then any number of fields up to a lone dash.
    words.by_ref().find(|word| *word == b"-")?;
    let kind = text(words.next()?)?.to_owned();
    let source = OsString::from_vec(unescaped(words.next()?));
    let options = words.next().unwrap_or_default().to_vec();
    Some(Mount { number, device, root, point, kind, source, options })
}

fn text(word: &[u8]) -> Option<&str> {
    std::str::from_utf8(word).ok()
}

fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

/// Blanks, line ends and backslashes stand as `\` and three octal digits.
fn unescaped(mut word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    while let Some((&first, rest)) = word.split_first() {
        let digits = rest.get(..3).filter(|_| first == b'\\');
        let value = digits.and_then(|digits| u8::from_str_radix(text(digits)?, 8).ok());
        bytes.push(value.unwrap_or(first));
        word = if value.is_some() { &rest[3..] } else { rest };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_of_a_line_is_read() {
        let line = br"36 35 98:0 /mnt1 /mnt/my\040disk rw,noatime master:1 propagate_from:2 - ext3 /dev/my\134root rw,upperdir=/a\054b,x";
        let mount = parse(line).next().unwrap();
        let expected = Mount {
            number: 36,
            device: (98, 0),
            root: "/mnt1".into(),
            point: "/mnt/my disk".into(),
            kind: "ext3".into(),
            source: r"/dev/my\root".into(),
            options: br"rw,upperdir=/a\054b,x".to_vec(),
        };
        assert_eq!(mount, expected);
        assert_eq!(mount.option("upperdir"), Some("/a,b".into()));
        assert_eq!((mount.option("upper"), mount.option("x")), (None, None));
        let short = b"36 35 98:0 / /mnt rw - tmpfs none";
        assert_eq!(parse(short).next().map(|mount| mount.options), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_line_is_left_out() {
        let lines =
            ["", "36", "36 35 98 / /mnt rw - ext3 x", "36 35 98:0 / /mnt rw ext3 x rw", "x 35 98:0 / / rw - a b c"];
        lines.iter().for_each(|line| assert_eq!(parse(line.as_bytes()).next(), None, "{line}"));
        assert_eq!(unescaped(br"\04x\\\7"), br"\04x\\\7");
        let here = std::fs::read(TABLE).unwrap();
        assert!(parse(&here).any(|mount| mount.point.as_os_str() == "/"));
    }
}
