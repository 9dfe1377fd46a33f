//! Single cases that a promise names, told without chance.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};

use super::{
    check,
    engine::{Faults, Nature, nature},
    kernel::{State, World},
    life::{Life, Remains},
    story::{BEGIN, Story},
    tree::Key,
};
use crate::{
    model::{FailureKind, FileId, FileResult, Node},
    store::Rows,
};

/// Tells a story in which nothing goes wrong by itself, from a daemon at rest over empty roots on.
fn told(batch_files: usize, keeps_births: bool, story: impl AsyncFnOnce(Story, Life) -> anyhow::Result<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let world = World::new(7, BEGIN);
    let run = async {
        let mut quiet = Story::quiet(&world, keeps_births)?;
        quiet.settings.workers.batch_files = batch_files;
        quiet.settings.workers.max = 1;
        let mut life = Life::begin(&world, Remains::default(), quiet.settings.clone(), Faults::default())?;
        quiet.rest(&mut life).await?;
        story(quiet, life).await
    };
    if let Err(error) = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run)) {
        panic!("{}\n{error:#}", check::last(&world, 1_000));
    }
}

fn dir(state: &State, path: &str) -> anyhow::Result<Key> {
    state.tree.at(path.as_bytes()).context("there is such a directory")
}

/// Writes a file whose reading comes to its end, or one that kills its reader.
fn write(state: &mut State, at: &str, name: &str, kills: bool) -> anyhow::Result<()> {
    write_of(state, at, name, |nature| if kills { matches!(nature, Nature::Kills(_)) } else { nature == Nature::Whole })
}

fn write_of(state: &mut State, at: &str, name: &str, is_it: impl Fn(Nature) -> bool) -> anyhow::Result<()> {
    let at = dir(state, at)?;
    for _ in 0..1_000 {
        let key = state.change(|tree| tree.write(at, name.as_bytes(), 2, b"")).context("it can be written")?;
        if state.tree.content(key).is_some_and(|content| is_it(nature(content, state.fatal))) {
            return Ok(());
        }
    }
    anyhow::bail!("no such content")
}

fn rename(state: &mut State, from: (&str, &str), to: (&str, &str)) -> anyhow::Result<()> {
    let (a, b) = (dir(state, from.0)?, dir(state, to.0)?);
    state.change(|tree| tree.rename((a, from.1.as_bytes()), (b, to.1.as_bytes()))).context("it can be renamed")
}

fn number(life: &Life, at: &str, name: &str) -> anyhow::Result<FileId> {
    let at = life.store.dir_at(at.as_bytes())?.context("the directory is indexed")?;
    match life.store.entry(at, name.as_bytes())?.context("the file is indexed")?.node {
        Node::File(file) => Ok(file.id),
        Node::Dir(_) => anyhow::bail!("it is a directory"),
    }
}

/// Lines of this beginning since a point of the log.
fn lines(world: &World, since: usize, of: &str) -> Vec<String> {
    world.lock().log[since..].iter().filter(|line| line.contains(of)).cloned().collect()
}

#[test]
fn a_remount_with_another_device_number_reads_nothing_again() {
    told(8, true, async |mut story, mut life| {
        for name in ["a", "b", "c"] {
            write(&mut story.world.lock(), "/mnt/v", name, false)?;
        }
        story.rest(&mut life).await?;
        let before = number(&life, "/mnt/v", "b")?;
        let mark = story.world.lock().log.len();
        for patient in [true, false] {
            story.doings.unmount(&mut story.world.lock());
            if patient {
                story.rest(&mut life).await?;
            }
            story.doings.mount(&mut story.world.lock());
            story.rest(&mut life).await?;
        }
        ensure!(lines(&story.world, mark, "job ").is_empty(), "nothing is read again");
        ensure!(number(&life, "/mnt/v", "b")? == before, "files keep their numbers");
        write(&mut story.world.lock(), "/mnt/v", "a", false)?;
        story.rest(&mut life).await?;
        story.compare(&life, &BTreeSet::new()).await.context("what changes afterwards is seen")
    });
}

#[test]
fn interleaved_moves_out_and_in_are_not_paired() {
    told(8, true, async |mut story, mut life| {
        write(&mut story.world.lock(), "/home/a", "mine", false)?;
        write(&mut story.world.lock(), "/home/out", "yours", false)?;
        write(&mut story.world.lock(), "/home/a", "stays", false)?;
        story.rest(&mut life).await?;
        let (mine, stays) = (number(&life, "/home/a", "mine")?, number(&life, "/home/a", "stays")?);
        let mark = story.world.lock().log.len();
        {
            let state = &mut story.world.lock();
            rename(state, ("/home/a", "mine"), ("/home/out", "gone"))?;
            rename(state, ("/home/a", "stays"), ("/home/a", "moved"))?;
            rename(state, ("/home/out", "yours"), ("/home/a", "come"))?;
        }
        story.rest(&mut life).await?;
        ensure!(number(&life, "/home/a", "come")? != mine, "what came is not what went");
        ensure!(number(&life, "/home/a", "moved")? == stays, "what moved within keeps its record");
        ensure!(lines(&story.world, mark, ": file ").len() == 1, "only what came is read");
        story.compare(&life, &BTreeSet::new()).await
    });
}

#[test]
fn inodes_equal_in_their_low_32_bits_stay_distinct() {
    told(8, false, async |mut story, mut life| {
        let names: Vec<String> = (0..8).map(|n| format!("file{n}")).collect();
        for name in &names {
            write(&mut story.world.lock(), "/mnt/v", name, false)?;
        }
        story.rest(&mut life).await?;
        let inode = |state: &State, name: &str| {
            let key = state.tree.at(format!("/mnt/v/{name}").as_bytes())?;
            Some(state.tree.inode(key)?.number)
        };
        let (one, two) = {
            let state = story.world.lock();
            let low = |name: &str| inode(&state, name).map(|number| number as u32);
            let mut pairs = names.iter().flat_map(|one| names.iter().map(move |two| (one, two)));
            let twins = pairs.find(|(one, two)| one != two && low(one) == low(two));
            // The one that goes is met first, so that it would be taken for the one that moves.
            twins.map(|(one, two)| (two.clone(), one.clone())).context("two files differ only above")?
        };
        let before = number(&life, "/mnt/v", &one)?;
        {
            let state = &mut story.world.lock();
            let at = dir(state, "/mnt/v")?;
            state.change(|tree| tree.remove(at, two.as_bytes())).context("it can be removed")?;
            rename(state, ("/mnt/v", &one), ("/mnt/v", "moved"))?;
        }
        // Both in one look, not each in one of its own.
        story.crash(&mut life, false)?;
        story.rest(&mut life).await?;
        ensure!(number(&life, "/mnt/v", "moved")? == before, "the one that moved, not its twin that went");
        story.compare(&life, &BTreeSet::new()).await
    });
}

#[test]
fn a_write_in_place_with_size_and_mtime_restored_is_found() {
    told(8, true, async |mut story, mut life| {
        write(&mut story.world.lock(), "/home/a", "file", false)?;
        story.rest(&mut life).await?;
        let mark = story.world.lock().log.len();
        {
            let state = &mut story.world.lock();
            let at = dir(state, "/home/a")?;
            let key = state.tree.at(b"/home/a/file").context("it is there")?;
            let mtime = state.tree.inode(key).context("it is there")?.mtime;
            write(state, "/home/a", "file", false)?;
            state.change(|tree| tree.set_mtime(at, b"file", mtime)).context("times can be set")?;
        }
        story.rest(&mut life).await?;
        ensure!(!lines(&story.world, mark, "read, content").is_empty(), "it is read again");
        story.compare(&life, &BTreeSet::new()).await
    });
}

#[test]
fn a_crash_in_a_batch_of_64_reads_fewer_than_two_files_again() {
    told(64, true, async |mut story, mut life| {
        {
            let state = &mut story.world.lock();
            for n in 0..64 {
                write(state, "/home/a", &format!("file{n:02}"), n == 40)?;
            }
            state.log.clear();
        }
        story.rest(&mut life).await?;
        let read = lines(&story.world, 0, "read, content");
        let distinct: BTreeSet<&str> = read.iter().filter_map(|line| line.split("content ").nth(1)).collect();
        ensure!(distinct.len() == 63, "{} files are read", distinct.len());
        ensure!(read.len() < 63 + 2, "{} readings of 63 files", read.len());
        story.compare(&life, &BTreeSet::new()).await
    });
}

/// The failed try is durable before the next one, so a daemon that goes down with the file knows at its next start.
#[test]
fn a_file_that_went_down_with_the_daemon_is_still_a_suspect_and_tried_alone() {
    told(8, true, async |mut story, mut life| {
        for (name, kills) in [("a", false), ("b", true), ("c", false)] {
            write(&mut story.world.lock(), "/home/a", name, kills)?;
        }
        while life.store.suspects()?.is_empty() || !life.is_synced() {
            story.go_on(&mut life).await?;
        }
        let suspect = life.store.suspects()?[0].0;
        let mark = story.world.lock().log.len();
        story.crash(&mut life, true)?;
        story.rest(&mut life).await?;
        let tries = lines(&story.world, mark, &format!("file {} at", suspect.0));
        ensure!(tries.first().is_some_and(|line| line.ends_with("failed 1")), "its first try is its second: {tries:?}");
        ensure!(tries.len() == 2, "two tries were left: {tries:?}");
        story.compare(&life, &BTreeSet::new()).await
    });
}

#[test]
fn a_file_that_takes_the_daemon_down_is_tried_alone_and_convicted() {
    told(16, true, async |mut story, mut life| {
        {
            let state = &mut story.world.lock();
            state.fatal = true;
            for n in 0..40 {
                let nature = if n == 20 { Nature::Fatal } else { Nature::Whole };
                write_of(state, "/home/a", &format!("file{n:02}"), |is| is == nature)?;
            }
            state.log.clear();
        }
        story.rest(&mut life).await?;
        let deaths = lines(&story.world, 0, "takes the daemon down").len();
        ensure!(deaths == 3, "{deaths} deaths");
        let guilty = number(&life, "/home/a", "file20")?;
        let file = life.store.file(guilty)?.context("it has its reason")?;
        let wanted =
            FileResult::Failed { kind: FailureKind::EndedDaemon, text: "the daemon ended while it was read".into() };
        ensure!((&file.result, file.attempts) == (&wanted, 3), "{file:?}");
        ensure!(life.store.suspects()?.is_empty(), "nobody else is suspected");
        let counts = life.store.counts();
        ensure!((counts.indexed, counts.failed) == (39, 1), "{counts:?}");
        for n in (0..40).filter(|n| *n != 20) {
            let file = life.store.file(number(&life, "/home/a", &format!("file{n:02}"))?)?;
            ensure!(file.is_some_and(|file| file.attempts == 0), "file{n:02} is blamed");
        }
        let mark = story.world.lock().log.len();
        write(&mut story.world.lock(), "/home/a", "file20", false)?;
        story.rest(&mut life).await?;
        ensure!(!lines(&story.world, mark, "read, content").is_empty(), "it is read when it has changed");
        story.compare(&life, &BTreeSet::new()).await
    });
}

/// Whatever comes before what, and however often somebody wants everything looked at.
#[test]
fn a_file_that_stands_unchanged_is_read_once() {
    told(8, true, async |mut story, mut life| {
        story.world.lock().log.clear();
        for n in 0..300 {
            if n % 3 == 0 {
                let state = &mut story.world.lock();
                write_of(state, "/home/out", "draft", |nature| matches!(nature, Nature::Whole | Nature::Partial))?;
                rename(state, ("/home/out", "draft"), (["/home/a", "/home/b"][n % 2], &format!("file{n}")))?;
            }
            if n % 40 == 0 {
                life.rescan();
            }
            let steps = story.world.lock().rng.below(8);
            for _ in 0..steps {
                story.go_on(&mut life).await?;
            }
        }
        story.rest(&mut life).await?;
        life.rescan();
        story.rest(&mut life).await?;
        let read = lines(&story.world, 0, "read, content");
        ensure!(read.len() == 100, "{} readings of 100 files", read.len());
        story.compare(&life, &BTreeSet::new()).await
    });
}
