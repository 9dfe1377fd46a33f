//! The objects of a PDF (ISO 32000-1, section 7.3) and their parser: bytes in, objects out.
//!
//! The parser knows no file: where the bytes end before the object does it says so, and the caller fetches more.

/// Objects nested deeper than this are not read.
const DEPTH: u32 = 64;

/// Number and generation of an indirect object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ref {
    pub(super) number: u32,
    pub(super) generation: u32,
}

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    /// A number, boolean or keyword, as written.
    Word(Vec<u8>),
    /// A name without its slash, escapes not resolved.
    Name(Vec<u8>),
    /// A string, unescaped, perhaps still encrypted.
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dict(Dict),
    Ref(Ref),
}

/// A dictionary in the order of the file. Of equal keys the first counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dict(pub(super) Vec<(Vec<u8>, Object)>);

impl Dict {
    /// The value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Object> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value of a key as an unsigned number, where it is a direct one.
    pub(super) fn number(&self, key: &[u8]) -> Option<u64> {
        self.get(key)?.number()
    }

    /// The value of a key as a name.
    pub(super) fn name(&self, key: &[u8]) -> Option<&[u8]> {
        match self.get(key)? {
            Object::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The value of a key as a direct dictionary.
    pub(super) fn dict(&self, key: &[u8]) -> Option<&Dict> {
        match self.get(key)? {
            Object::Dict(dict) => Some(dict),
            _ => None,
        }
    }
}

impl Object {
    /// An unsigned whole number.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Word(word) => std::str::from_utf8(word).ok()?.parse().ok(),
            _ => None,
        }
    }
}

/// Why there is no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes end within the object.
    More,
    /// The bytes are no object.
    Bad,
}

/// Reads objects from a slice, one after the other.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    data: &'a [u8],
    at: usize,
    /// Nothing follows the slice: its end ends a word too.
    is_whole: bool,
}

impl<'a> Parser<'a> {
    /// A parser of bytes that others may follow.
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, is_whole: false }
    }

    /// A parser of bytes that nothing follows.
    pub(super) fn whole(data: &'a [u8]) -> Self {
        Self { data, at: 0, is_whole: true }
    }

    /// Where the next byte stands.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The bytes not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    /// Skips white space and comments.
    pub(super) fn skip_space(&mut self) {
        while let Some(&byte) = self.data.get(self.at) {
            match byte {
                b'%' => self.at += self.rest().iter().take_while(|b| !matches!(b, b'\r' | b'\n')).count(),
                byte if is_space(byte) => self.at += 1,
                _ => break,
            }
        }
    }

    /// Skips `bytes` if they come next.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> bool {
        let comes = self.rest().starts_with(bytes);
        if comes {
            self.at += bytes.len();
        }
        comes
    }

    /// An unsigned number that comes next, after white space.
    pub(super) fn digits(&mut self) -> Option<u64> {
        self.skip_space();
        let len = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        let number = std::str::from_utf8(&self.rest()[..len]).ok()?.parse().ok()?;
        self.at += len;
        Some(number)
    }

    /// The next object.
    pub(super) fn object(&mut self) -> Result<Object, Stop> {
        self.nested(0)
    }

    fn nested(&mut self, depth: u32) -> Result<Object, Stop> {
        if depth > DEPTH {
            return Err(Stop::Bad);
        }
        self.skip_space();
        match self.peek()? {
            b'(' => self.literal(),
            b'<' if self.rest().get(1) == Some(&b'<') => self.dict(depth),
            b'<' if self.rest().len() == 1 && !self.is_whole => Err(Stop::More),
            b'<' => self.hex(),
            b'[' => self.array(depth),
            b'/' => {
                self.at += 1;
                self.word().map(|name| Object::Name(name.to_vec()))
            }
            b')' | b']' | b'>' | b'{' | b'}' => Err(Stop::Bad),
            _ => self.word_or_ref(),
        }
    }

    fn peek(&self) -> Result<u8, Stop> {
        let end = if self.is_whole { Stop::Bad } else { Stop::More };
        self.data.get(self.at).copied().ok_or(end)
    }

    /// Regular characters up to a delimiter or white space.
    fn word(&mut self) -> Result<&'a [u8], Stop> {
        let len = self.rest().iter().take_while(|b| is_regular(**b)).count();
        let word = &self.rest()[..len];
        if self.at + len == self.data.len() && !self.is_whole {
            return Err(Stop::More);
        }
        self.at += len;
        Ok(word)
    }

    /// A word, or a reference, which begins as a number does.
    fn word_or_ref(&mut self) -> Result<Object, Stop> {
        let word = self.word()?;
        let start = self.at;
        if !word.is_empty() && word.iter().all(u8::is_ascii_digit) {
            // Whether a reference follows may lie beyond the slice.
            if self.rest().len() < 16 && !self.is_whole {
                return Err(Stop::More);
            }
            if let Some(generation) = self.digits().and_then(|n| u32::try_from(n).ok())
                && self.rest().first().copied().is_some_and(is_space)
            {
                self.skip_space();
                let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
                if self.skip(b"R") && !self.rest().first().copied().is_some_and(is_regular) {
                    return number.map(|number| Object::Ref(Ref { number, generation })).ok_or(Stop::Bad);
                }
            }
            self.at = start;
        }
        Ok(Object::Word(word.to_vec()))
    }

    fn array(&mut self, depth: u32) -> Result<Object, Stop> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.peek()? == b']' {
                self.at += 1;
                return Ok(Object::Array(items));
            }
            items.push(self.nested(depth + 1)?);
        }
    }

    fn dict(&mut self, depth: u32) -> Result<Object, Stop> {
        self.at += 2;
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            match self.peek()? {
                b'/' => self.at += 1,
                b'>' if self.skip(b">>") => return Ok(Object::Dict(Dict(entries))),
                b'>' if self.rest().len() == 1 && !self.is_whole => return Err(Stop::More),
                // Not a key: passed over, as readers of damaged files do.
                _ => {
                    self.nested(depth + 1)?;
                    continue;
                }
            }
            let key = self.word()?.to_vec();
            self.skip_space();
            // A key without value ends the dictionary.
            if self.rest().starts_with(b">>") {
                continue;
            }
            entries.push((key, self.nested(depth + 1)?));
        }
    }

    /// A literal string with its escapes resolved.
    fn literal(&mut self) -> Result<Object, Stop> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(Object::Text(text));
                    }
                }
                b'\\' => {
                    self.escape(&mut text)?;
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Stop> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'0'..=b'7' => {
                let more = self.rest().iter().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let digits = std::iter::once(byte).chain(self.rest()[..more].iter().copied());
                text.push(digits.fold(0_u8, |code, digit| code.wrapping_shl(3) | (digit - b'0')));
                self.at += more;
            }
            b'\r' => {
                self.skip(b"\n");
            }
            b'\n' => {}
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            other => text.push(other),
        }
        Ok(())
    }

    fn hex(&mut self) -> Result<Object, Stop> {
        let end = if self.is_whole { Stop::Bad } else { Stop::More };
        let len = self.rest().iter().position(|b| *b == b'>').ok_or(end)?;
        let text = unhex(&self.rest()[1..len]);
        self.at += len + 1;
        Ok(Object::Text(text))
    }
}

/// Hexadecimal digits as bytes; anything else is passed over, a missing last digit is 0.
pub(super) fn unhex(digits: &[u8]) -> Vec<u8> {
    let mut nibbles = digits.iter().filter_map(|b| char::from(*b).to_digit(16)).map(|n| n as u8);
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    while let Some(high) = nibbles.next() {
        bytes.push(high << 4 | nibbles.next().unwrap_or(0));
    }
    bytes
}

/// White space of a PDF.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Object, Stop> {
        Parser::whole(text.as_bytes()).object()
    }

    #[test]
    fn objects_of_all_kinds() {
        let word = |text: &str| Object::Word(text.into());
        let text = |text: &str| Object::Text(text.into());
        assert_eq!(parse("-1.50"), Ok(word("-1.50")));
        assert_eq!(parse("12 0 R"), Ok(Object::Ref(Ref { number: 12, generation: 0 })));
        assert_eq!(
            parse("[1 0 R 5 /A(b)]"),
            Ok(Object::Array(vec![
                Object::Ref(Ref { number: 1, generation: 0 }),
                word("5"),
                Object::Name("A".into()),
                text("b"),
            ]))
        );
        assert_eq!(
            parse(
                r"(a\(b(c)\)\101\8\
d\n)"
            ),
            Ok(text("a(b(c))A8d\n"))
        );
        assert_eq!(parse("<48 65 6C6c 7>"), Ok(text("Hellp")));
        let Ok(Object::Dict(dict)) = parse("<</A/B/C(d)%no\n/E<</F 1>>/A 2>>") else { panic!("a dictionary") };
        assert_eq!(dict.get(b"A"), Some(&Object::Name("B".into())));
        assert_eq!(dict.dict(b"E").and_then(|e| e.number(b"F")), Some(1));
    }

    #[test]
    fn every_cut_wants_more_or_is_bad() {
        let text = b"<</A[1 2 0 R(x)]/B<</C<00ff>>>/D/E/F 1.5>> ";
        for len in 0..text.len() - 1 {
            assert_eq!(Parser::new(&text[..len]).object(), Err(Stop::More), "{len}");
        }
        assert!(Parser::new(text).object().is_ok());
        assert_eq!(parse(&"[".repeat(100_000)), Err(Stop::Bad));
    }
}
