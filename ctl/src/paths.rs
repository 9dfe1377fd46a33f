//! Paths as a user gives them, as the daemon wants them: bytes, absolute, in their real place.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    io::Read,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Component, Path, PathBuf},
};

use crate::error::{Error, Exit};

/// What one call carries at most, in paths and in bytes of paths.
const CALL: (usize, usize) = (10_000, 4 << 20);

/// The paths meant by `FILE…`, `-` standing for those on standard input. `None` if the only thing given was an empty
/// list there: that means nothing, where no argument may mean everything.
pub(crate) fn all(files: &[OsString]) -> Result<Option<Vec<Vec<u8>>>, Error> {
    let mut given = Vec::new();
    for file in files {
        match file.as_bytes() {
            b"-" => given.extend(standard_input()?),
            _ => given.push(file.clone()),
        }
    }
    if given.is_empty() && !files.is_empty() {
        return Ok(None);
    }
    let mut places = Places::new()?;
    given.iter().map(|file| places.of(Path::new(file))).collect::<Result<_, _>>().map(Some)
}

/// The path meant by one `FILE`.
pub(crate) fn one(file: &OsStr) -> Result<Vec<u8>, Error> {
    Places::new()?.of(Path::new(file))
}

/// Cuts many paths into what fits a call. No path at all is one call.
pub(crate) fn calls(paths: &[Vec<u8>]) -> Vec<&[Vec<u8>]> {
    let mut calls = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, path) in paths.iter().enumerate() {
        if at - from == CALL.0 || bytes > CALL.1 {
            calls.push(&paths[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += path.len();
    }
    calls.push(&paths[from..]);
    calls
}

fn standard_input() -> Result<Vec<OsString>, Error> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text).map_err(|error| Error::system("cannot read standard input", &error))?;
    let paths = text.split(|&b| b == 0).filter(|path| !path.is_empty());
    Ok(paths.map(|path| OsString::from_vec(path.to_vec())).collect())
}

/// Finds the real place of paths; remembers directories, as many files share one.
struct Places {
    here: PathBuf,
    real: HashMap<PathBuf, PathBuf>,
}

impl Places {
    fn new() -> Result<Self, Error> {
        let here = std::env::current_dir()
            .map_err(|error| Error::system("cannot tell the current directory; give absolute paths", &error))?;
        Ok(Self { here, real: HashMap::new() })
    }

    /// The path with symlinks followed in all but its last component: a link is shown as the link it is. One that ends
    /// in a slash, `.` or `..` means the directory behind it.
    fn of(&mut self, path: &Path) -> Result<Vec<u8>, Error> {
        if path.as_os_str().is_empty() {
            return Err(Error::new(Exit::Usage, "an empty path was given", "name a file"));
        }
        let path = self.here.join(path);
        let bytes = path.as_os_str().as_bytes();
        let whole = bytes.ends_with(b"/") || bytes.ends_with(b"/.") || bytes.ends_with(b"/..");
        let place = match (whole, path.parent(), path.file_name()) {
            (false, Some(parent), Some(name)) => self.directory(parent).join(name),
            _ => self.directory(&path),
        };
        Ok(place.into_os_string().into_vec())
    }

    fn directory(&mut self, path: &Path) -> PathBuf {
        if let Some(real) = self.real.get(path) {
            return real.clone();
        }
        let real = real(path);
        self.real.insert(path.to_owned(), real.clone());
        real
    }
}

/// The real path as far as it exists and may be seen, what is beyond by its text alone.
fn real(path: &Path) -> PathBuf {
    let mut beyond = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(real) = existing.canonicalize() {
            return join(real, beyond.into_iter().rev());
        }
        let (Some(parent), Some(last)) = (existing.parent(), existing.components().next_back()) else {
            return join(PathBuf::from("/"), path.components());
        };
        beyond.push(last);
        existing = parent;
    }
}

fn join<'a>(mut path: PathBuf, components: impl Iterator<Item = Component<'a>>) -> PathBuf {
    for component in components {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => _ = path.pop(),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_but_for_the_last() {
        let dir = std::env::temp_dir().join(format!("metactl-paths-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("real/deep")).unwrap();
        let base = dir.canonicalize().unwrap();
        std::os::unix::fs::symlink("real", base.join("link")).unwrap();
        let mut places = Places { here: base.join("real"), real: HashMap::new() };
        let cases = [
            ("a.jpg", "real/a.jpg"),
            ("./a.jpg", "real/a.jpg"),
            ("../link/a.jpg", "real/a.jpg"),
            ("../link", "link"),
            ("../link/", "real"),
            ("../link/.", "real"),
            ("deep/..", "real"),
            ("gone/../b/c.jpg", "real/b/c.jpg"),
            (".", "real"),
        ];
        let found = cases.map(|(given, _)| places.of(Path::new(given)).unwrap());
        std::fs::remove_dir_all(&base).unwrap();
        for ((given, wanted), found) in cases.iter().zip(found) {
            assert_eq!(found, base.join(wanted).into_os_string().into_vec(), "{given}");
        }
        assert_eq!(places.of(Path::new("/")).unwrap(), b"/");
    }

    #[test]
    fn many_paths_go_in_several_calls() {
        let paths = vec![b"/x".to_vec(); 25_000];
        let lens: Vec<usize> = calls(&paths).iter().map(|call| call.len()).collect();
        assert_eq!(lens, [10_000, 10_000, 5_000]);
        assert_eq!(calls(&[]).len(), 1);
    }
}
