//! The tree against a plain map: what a walk finds is what the files say, however it is cut into requests.

use std::collections::{BTreeMap, BTreeSet};

use metaextract::{
    Rank, Record,
    json::{self, Form},
};
use proptest::prelude::*;

use super::*;
use crate::{
    Change,
    memory::{Memory, record, status},
    names::{escape, numbered},
};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Dir,
    File(String),
    Link(String),
}

type Map = BTreeMap<String, Found>;

/// What the view of these files is, put down as plainly as can be.
fn reference(files: &BTreeMap<String, Record>, dirs: &BTreeSet<String>) -> Map {
    let mut map = Map::new();
    map.insert("/README".into(), Found::File(render::README.into()));
    map.insert("/status".into(), Found::Dir);
    map.insert("/status/state".into(), Found::File("idle\n".into()));
    map.insert("/files".into(), Found::Dir);
    map.extend(dirs.iter().map(|dir| (format!("/files{dir}"), Found::Dir)));
    for (path, record) in files {
        let at = format!("/files{path}");
        let json = json::object(record, Form::Printed, None);
        map.insert(format!("{at}/record.json"), Found::File(format!("{json}\n")));
        map.insert(format!("{at}/source"), Found::Link(path.clone()));
        let mut lines = String::new();
        let mut repeated: BTreeMap<String, usize> = BTreeMap::new();
        for tag in &record.tags {
            let own = crate::entry::OWN_NAMES.contains(&&*tag.group);
            let group = format!("{at}/{}{}", escape(tag.group.as_bytes()), if own { "~2" } else { "" });
            let name = escape(tag.name.as_bytes());
            let name = if tag.rank == Rank::First {
                name
            } else {
                let count = repeated.entry(format!("{group}/{name}")).or_insert(1);
                *count += 1;
                numbered(&name, *count)
            };
            let value = tag.printed().plain();
            lines.push_str(&format!("{}\t{value}\n", tag.key()));
            map.insert(format!("{group}/{name}"), Found::File(format!("{value}\n")));
            map.insert(group, Found::Dir);
        }
        map.insert(format!("{at}/tags.txt"), Found::File(lines));
        map.insert(at, Found::Dir);
    }
    map
}

/// All names of a directory with their attributes, asked for `step` rows at a time.
fn names(tree: &Tree<Memory>, dir: Node, step: usize, detail: Detail) -> Vec<(String, Attr)> {
    let (mut names, mut cookie) = (Vec::new(), 0);
    loop {
        let mut rows = Vec::new();
        let mut take = |row: Row<'_>| {
            let room = rows.len() < step;
            if room {
                rows.push((String::from_utf8_lossy(row.name).into_owned(), row.attr, row.cookie));
            }
            Ok(room)
        };
        tree.list(dir, cookie, detail, &mut take).unwrap();
        let Some(last) = rows.last() else { break };
        cookie = last.2;
        names.extend(rows.into_iter().map(|(name, attr, _)| (name, attr)));
    }
    assert_eq!(names.iter().take(2).map(|(name, _)| &**name).collect::<Vec<_>>(), [".", ".."]);
    names.split_off(2)
}

fn content(tree: &Tree<Memory>, attr: &Attr, step: usize) -> Found {
    if attr.kind == Kind::Link {
        return Found::Link(String::from_utf8(tree.link(attr.node).unwrap()).unwrap());
    }
    let mut bytes = Vec::new();
    loop {
        let part = tree.read(attr.node, bytes.len() as u64, step).unwrap();
        if part.is_empty() {
            break Found::File(String::from_utf8(bytes).unwrap());
        }
        bytes.extend(part);
    }
}

/// Walks everything below a directory; each listing, look-up and size has to agree with the others.
fn walk(tree: &Tree<Memory>, dir: Node, path: &str, step: usize, map: &mut Map) {
    let brief: Vec<_> = names(tree, dir, step, Detail::Names).iter().map(|(name, a)| (name.clone(), a.node)).collect();
    let full = names(tree, dir, step + 1, Detail::Attributes);
    assert_eq!(brief, full.iter().map(|(name, attr)| (name.clone(), attr.node)).collect::<Vec<_>>());
    for (name, attr) in full {
        let path = format!("{path}/{name}");
        // It differs from one look to the next.
        if path == "/status/count" {
            continue;
        }
        let found = tree.lookup(dir, name.as_bytes()).unwrap();
        assert_eq!((found.node, found.kind, found.size), (attr.node, attr.kind, attr.size), "{path}");
        assert_eq!(tree.attr(attr.node).unwrap().size, attr.size);
        assert_eq!(Node::from_number(attr.node.number()), Some(attr.node));
        let seen = match attr.kind {
            Kind::Dir => {
                walk(tree, attr.node, &path, step, map);
                Found::Dir
            }
            Kind::File | Kind::Link => content(tree, &attr, step),
        };
        if let Found::File(text) | Found::Link(text) = &seen {
            assert_eq!(text.len() as u64, attr.size, "{path}");
        }
        assert_eq!(map.insert(path, seen), None);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(usize, Vec<(String, String, String)>),
    Remove(usize),
    Rename(usize, usize),
}

const PATHS: [&str; 7] = ["/a/x", "/a/y%", "/a/b/x", "/a/b/.h", "/c/d/e/x~2", "/c/källa", "/c/record.json"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let tags = prop::collection::vec(("[AB./]{0,2}|source", "[xy~]{0,2}", "[a-z ]{0,4}"), 0..6);
    let step = prop_oneof![
        4 => (0..PATHS.len(), tags).prop_map(|(path, tags)| Step::Put(path, tags)),
        1 => (0..PATHS.len()).prop_map(Step::Remove),
        1 => (0..PATHS.len(), 0..PATHS.len()).prop_map(|(from, to)| Step::Rename(from, to)),
    ];
    prop::collection::vec(step, 1..14)
}

proptest! {
    #[test]
    fn a_walk_finds_what_the_files_say(steps in steps(), step in 1_usize..9) {
        let memory = Memory::new([]);
        let tree = Tree::new(memory.clone(), status(), 0, 0);
        let mut files = BTreeMap::new();
        let mut dirs = BTreeSet::new();
        let mut known = |path: &str| dirs.extend(path.match_indices('/').skip(1).map(|(at, _)| path[..at].to_owned()));
        for step in steps {
            match step {
                Step::Put(path, tags) => {
                    let tags: Vec<_> = tags.iter().map(|(g, n, v)| (&**g, &**n, &**v)).collect();
                    memory.put(PATHS[path].as_bytes(), record(&tags));
                    known(PATHS[path]);
                    files.insert(PATHS[path].to_owned(), record(&tags));
                }
                Step::Remove(path) => {
                    if files.remove(PATHS[path]).is_some() {
                        memory.remove(PATHS[path].as_bytes());
                    }
                }
                Step::Rename(from, to) => {
                    if !files.contains_key(PATHS[to]) && let Some(record) = files.remove(PATHS[from]) {
                        memory.rename(PATHS[from].as_bytes(), PATHS[to].as_bytes());
                        known(PATHS[to]);
                        files.insert(PATHS[to].to_owned(), record);
                    }
                }
            }
        }
        let mut map = Map::new();
        walk(&tree, Node::Root, "", step, &mut map);
        prop_assert_eq!(map, reference(&files, &dirs));
    }

    #[test]
    fn what_stays_is_listed_once_whatever_comes_and_goes(
        gone in prop::collection::btree_set(0_u32..60, 0..60),
        step in 1_usize..9,
    ) {
        let memory = Memory::new([]);
        for n in 0..60 {
            memory.put(format!("/d/{n:02}").as_bytes(), record(&[]));
        }
        let tree = Tree::new(memory.clone(), status(), 0, 0);
        let dir = tree.lookup(Node::Dir(DirId::TOP), b"d").unwrap().node;
        let (mut seen, mut cookie, mut asked) = (Vec::new(), 0, 0);
        let mut gone_now = gone.iter();
        loop {
            let mut last = None;
            let mut room = step;
            let mut take = |row: Row<'_>| {
                room = room.saturating_sub(1);
                if room > 0 || last.is_none() {
                    last = Some(row.cookie);
                    seen.push(String::from_utf8_lossy(row.name).into_owned());
                    return Ok(true);
                }
                Ok(false)
            };
            tree.list(dir, cookie, Detail::Names, &mut take).unwrap();
            let Some(last) = last else { break };
            cookie = last;
            asked += 1;
            // Behind the cursor, at it and before it.
            for n in gone_now.by_ref().take(5) {
                memory.remove(format!("/d/{n:02}").as_bytes());
            }
            memory.put(format!("/d/new{asked}").as_bytes(), record(&[]));
            if asked > 400 {
                break;
            }
        }
        let stayed = |name: &String| name.parse::<u32>().is_ok_and(|n| !gone.contains(&n));
        let listed: Vec<_> = seen.into_iter().filter(stayed).collect();
        let expected: Vec<_> = (0..60).filter(|n| !gone.contains(n)).map(|n| format!("{n:02}")).collect();
        prop_assert_eq!(listed, expected);
    }
}

#[test]
fn what_is_gone_is_stale_and_what_is_no_directory_says_so() {
    let memory = Memory::new([("/a", record(&[("A", "x", "1")]))]);
    let tree = Tree::new(memory.clone(), status(), 0, 0);
    let top = Node::Dir(DirId::TOP);
    let file = tree.lookup(top, b"a").unwrap().node;
    let group = tree.lookup(file, b"A").unwrap().node;
    let tag = tree.lookup(group, b"x").unwrap().node;
    let errno = |result: Result<Attr, Failure>| format!("{:?}", result.map(|attr| attr.node).unwrap_err());
    assert_eq!(errno(tree.lookup(tag, b"x")), "NotADirectory");
    assert_eq!(errno(tree.lookup(group, b"X")), "NotFound");
    assert_eq!(errno(tree.lookup(file, b"\xff")), "NotFound");
    assert!(matches!(tree.read(group, 0, 10), Err(Failure::IsADirectory)));
    assert!(matches!(tree.link(tag), Err(Failure::NotALink)));
    assert_eq!(tree.read(tag, u64::MAX, 10).unwrap(), b"");
    let Change { file: Some(id), .. } = memory.remove(b"/a") else { panic!("a file") };
    assert!(tree.seen.file(id) && tree.seen.dir(DirId::TOP));
    for node in [file, group, tag] {
        assert_eq!(errno(tree.attr(node)), "Stale");
    }
    assert_eq!(errno(tree.lookup(top, b"a")), "NotFound");
    assert_eq!(tree.attr(top).unwrap().kind, Kind::Dir);
}
