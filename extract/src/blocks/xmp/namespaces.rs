//! Prefixes as a packet declares them, to the prefixes ExifTool uses: the usual one of a known namespace, whatever the
//! packet calls it, and one prefix per namespace over the whole packet.

use std::borrow::Cow;

use super::tables;

/// Declarations kept of each kind; further ones are not made use of.
const MOST: usize = 256;

/// The declarations in force while walking a packet.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// Prefix in the packet and prefix meant (`None`: as it stands), innermost last.
    renamed: Vec<(String, Option<String>)>,
    /// Namespaces without a usual prefix, and the prefix they go by.
    own: Vec<(String, String)>,
}

impl Namespaces {
    /// A mark for [`Namespaces::leave`].
    pub(super) fn enter(&self) -> usize {
        self.renamed.len()
    }

    /// Ends the scope of all declarations since `mark`.
    pub(super) fn leave(&mut self, mark: usize) {
        self.renamed.truncate(mark);
    }

    /// Takes note of `xmlns:prefix="uri"`.
    pub(super) fn declare(&mut self, prefix: &str, uri: &str) {
        if self.renamed.len() >= MOST || self.own.len() >= MOST {
            return;
        }
        let known = self.own.iter().find(|(known, _)| known == uri).map(|(_, own)| Cow::Owned(own.clone()));
        let meant =
            known.or_else(|| usual_prefix(uri).map(Cow::Borrowed)).unwrap_or_else(|| self.own_prefix(prefix, uri));
        if meant != prefix {
            let meant = meant.into_owned();
            self.renamed.push((prefix.to_owned(), Some(meant)));
        } else if self.find(prefix).is_some() {
            self.renamed.push((prefix.to_owned(), None));
        }
    }

    /// `prefix:name` with the prefix that is meant.
    pub(super) fn translate<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let meant = name.split_once(':').and_then(|(prefix, local)| Some((self.find(prefix)?, local)));
        meant.map_or(name.into(), |(prefix, local)| format!("{prefix}:{local}").into())
    }

    fn find(&self, prefix: &str) -> Option<&str> {
        self.renamed.iter().rev().find(|(declared, _)| declared == prefix)?.1.as_deref()
    }

    fn own_prefix(&mut self, prefix: &str, uri: &str) -> Cow<'static, str> {
        let taken = |prefix: &str| self.own.iter().any(|(_, own)| own == prefix);
        let mut own = prefix.to_owned();
        if taken(prefix) || tables::is_usual_prefix(prefix) {
            // One more number than prefixes: one is free.
            own = (0..=self.own.len()).map(|n| format!("tmp{n}")).find(|own| !taken(own)).unwrap_or(own);
        }
        self.own.push((uri.to_owned(), own.clone()));
        own.into()
    }
}

/// The usual prefix of a namespace, also where its address is written with a slash too many or too few, or with
/// another version.
fn usual_prefix(uri: &str) -> Option<&'static str> {
    tables::prefix_of(uri)
        .or_else(|| match uri.strip_suffix('/') {
            Some(shorter) => tables::prefix_of(shorter),
            None => tables::prefix_of(&format!("{uri}/")),
        })
        .or_else(|| tables::prefix_of_version(uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_namespaces_go_by_their_usual_prefix() {
        let mut names = Namespaces::default();
        names.declare("a", "http://purl.org/dc/elements/1.1/");
        assert_eq!(names.translate("a:title"), "dc:title");
        names.declare("MP", "http://ns.microsoft.com/photo/1.2");
        assert_eq!(names.translate("MP:x"), "MP:x");
        let mark = names.enter();
        names.declare("a", "http://example.org/a");
        assert_eq!(names.translate("a:title"), "a:title");
        names.leave(mark);
        assert_eq!(names.translate("a:title"), "dc:title");
    }

    #[test]
    fn a_usual_prefix_of_another_namespace_is_not_trusted() {
        let mut names = Namespaces::default();
        names.declare("dc", "http://example.org/1");
        names.declare("xmp", "http://example.org/2");
        assert_eq!(names.translate("dc:title"), "tmp0:title");
        assert_eq!(names.translate("xmp:title"), "tmp1:title");
    }
}
