//! Promise 1: after any sequence of changes, crashes and restarts the index equals what a fresh crawl would give. Random
//! sequences, by seeds that are named when they fail; `SEED=n` tries another.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use rustix::process::Signal;
use tests::{agree::equals_a_fresh_crawl, instance::Instance, samples::jpeg};

/// A small generator: the same seed is the same sequence (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of a few directories, up to three deep.
    fn dir(&mut self, root: &Path) -> PathBuf {
        let depth = self.below(4);
        (0..depth).fold(root.to_owned(), |dir, _| dir.join(format!("d{}", self.below(3))))
    }

    /// One of a few names of files in one of the directories.
    fn file(&mut self, root: &Path) -> PathBuf {
        let dir = self.dir(root);
        dir.join(format!("f{}.jpg", self.below(4)))
    }
}

/// One change; that it is not possible just then is no surprise.
fn change(dice: &mut Dice, root: &Path, outside: &Path, step: usize) -> io::Result<()> {
    let (file, other) = (dice.file(root), dice.file(root));
    let (dir, into) = (dice.dir(root), dice.dir(root));
    match dice.below(20) {
        0..6 => {
            fs::create_dir_all(file.parent().unwrap_or(root))?;
            fs::write(&file, jpeg(&format!("step {step}")))
        }
        6 => OpenOptions::new().append(true).open(&file)?.write_all(b"more"),
        7 => File::options().write(true).open(&file)?.set_len(0),
        8 => {
            let new = dir.join("new.tmp");
            fs::write(&new, jpeg(&format!("replaced at {step}")))?;
            fs::rename(new, &file)
        }
        9 | 10 => fs::rename(&file, &other),
        11 => fs::hard_link(&file, &other),
        12 => fs::remove_file(&file),
        13 if dir != root => fs::remove_dir_all(&dir),
        14 if dir != root => fs::rename(&dir, into.join(format!("d{}", step % 3))),
        15 if dir != root => fs::rename(&dir, outside.join(format!("d{}", step % 3))),
        16 => fs::rename(outside.join(format!("d{}", step % 3)), into.join(format!("d{}", dice.below(3)))),
        17 => fs::write(dir.join(".metaignore"), format!("f{}.jpg\n", dice.below(4))),
        18 => fs::write(dir.join([".nomedia", "CACHEDIR.TAG"][step % 2]), ""),
        _ => {
            // What governs others goes again.
            [".metaignore", ".nomedia", "CACHEDIR.TAG"].iter().for_each(|name| _ = fs::remove_file(dir.join(name)));
            Ok(())
        }
    }
}

/// Takes away what leaves files out, so that the tree itself says what is to be indexed.
fn ungovern(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            ungovern(&entry.path())?;
        } else if [".metaignore", ".nomedia", "CACHEDIR.TAG", "new.tmp"].iter().any(|marker| name == *marker) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn converges(seed: u64) {
    println_seed(seed);
    let mut dice = Dice(seed);
    let mut instance = Instance::watching(|_| ());
    let (root, outside) = (instance.root(), instance.home().join("outside"));
    fs::create_dir(&outside).unwrap();
    for round in 0..5 {
        for step in 0..120 {
            // Most changes cannot be made just then; the others are many enough.
            _ = change(&mut dice, &root, &outside, round * 1_000 + step);
        }
        match dice.below(4) {
            0 => {
                instance.kill_daemon();
                (0..20).for_each(|step| _ = change(&mut dice, &root, &outside, round * 1_000 + 500 + step));
                instance.start_daemon(&[]);
            }
            1 => {
                instance.signal(Signal::STOP);
                (0..40).for_each(|step| _ = change(&mut dice, &root, &outside, round * 1_000 + 600 + step));
                instance.signal(Signal::CONT);
            }
            2 => _ = instance.ctl(["wait"]),
            _ => {}
        }
    }
    ungovern(&root).unwrap();
    let last = instance.put("last.jpg", jpeg("last"));
    instance.until_comment(&last, "last");
    instance.ctl(["wait"]);
    equals_a_fresh_crawl(&instance);
    // Neither does a look at everything find anything else.
    instance.ctl(["rescan"]);
    equals_a_fresh_crawl(&instance);
}

#[expect(clippy::print_stdout, reason = "the seed belongs to the report of a failed test")]
fn println_seed(seed: u64) {
    println!("SEED={seed}");
}

#[test]
fn random_changes_converge() {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    given.map_or(1..5, |seed: u64| seed..seed + 1).for_each(converges);
}
