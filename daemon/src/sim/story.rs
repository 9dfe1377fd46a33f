//! What happens under one seed, from the first start of the daemon to the comparison.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};

use super::{
    check,
    doings::{Doings, ROOTS},
    engine::{Faults, Nature, nature},
    kernel::World,
    life::{Ending, Life, Remains, root, settings},
    tree::Kind,
};
use crate::{
    config::Settings,
    control::RootState,
    model::{FileId, Identity},
    plan,
    store::Rows,
};

/// Steps after which a daemon that is left alone must have come to rest.
const PATIENCE: usize = 200_000;
/// Names that a reload leaves out, or admits again.
const LEFT_OUT: &str = "b*";
/// When it all begins, ns since 1970.
pub(super) const BEGIN: i64 = 1_700_000_000_000_000_000;

/// How much goes wrong in a story.
#[derive(Debug, Clone, Copy, Default)]
struct Mood {
    steps: usize,
    /// In a thousand steps.
    doings: usize,
    crashes: usize,
    power_cuts: usize,
    mounts: usize,
    clock: usize,
    full: usize,
    pauses: usize,
    reloads: usize,
    waits: usize,
}

/// Runs the story of a seed; the error says what differs, or where it ended.
/// `lines` of what happened are told with it.
pub(super) fn of_seed(seed: u64, lines: usize) -> Result<(), String> {
    let (world, told) = tell(seed)?;
    told.map_err(|error| format!("{}\n{error:#}", check::last(&world, lines)))
}

/// The same, with everything that happened.
pub(super) fn trace(seed: u64) -> Result<Vec<String>, String> {
    let (world, _) = tell(seed)?;
    Ok(std::mem::take(&mut world.lock().log))
}

fn tell(seed: u64) -> Result<(Arc<World>, anyhow::Result<()>), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let world = World::new(seed, BEGIN);
    let told = runtime.block_on(Story::run(&world));
    world.threads.finish();
    Ok((world, told))
}

/// Numbers of files, as they were when a power cut would have taken nothing away.
#[derive(Debug, Default)]
struct Numbers {
    last: BTreeMap<FileId, Identity>,
    gone: BTreeMap<FileId, Identity>,
}

pub(super) struct Story {
    pub world: Arc<World>,
    pub doings: Doings,
    pub settings: Settings,
    mood: Mood,
    faults: Faults,
    numbers: Numbers,
    _place: tempfile::TempDir,
}

impl Story {
    async fn run(world: &Arc<World>) -> anyhow::Result<()> {
        let mut story = Self::begin(world)?;
        let mut life = Life::begin(world, Remains::default(), story.settings.clone(), story.faults)?;
        for _ in 0..story.mood.steps {
            story.step(&mut life).await?;
            if story.chance(20) {
                story.count(&life)?;
            }
        }
        story.calm(&mut life)?;
        story.rest(&mut life).await?;
        if story.mood.crashes + story.mood.power_cuts > 0 || story.faults.is_old {
            // Whoever was in hand each time is blamed, until somebody knows better.
            life.retry();
            story.rest(&mut life).await?;
        }
        let linked = world.lock().tree.linked.clone();
        if !story.doings.are_rules_linked {
            story.compare(&life, &linked).await.context("at rest")?;
        }
        life.rescan();
        story.rest(&mut life).await?;
        story.compare(&life, &BTreeSet::new()).await.context("after a look at everything")
    }

    fn begin(world: &Arc<World>) -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let mut state = world.lock();
        let rare = |state: &mut super::kernel::State, often: usize, much: usize| {
            if state.rng.chance(often) { much } else { 0 }
        };
        let crashes = rare(&mut state, 400, 4);
        let mood = Mood {
            steps: 200 + state.rng.below(1200),
            doings: 20 + state.rng.below(150),
            crashes,
            power_cuts: rare(&mut state, 300, 4),
            mounts: rare(&mut state, 300, 8),
            clock: rare(&mut state, 200, 5),
            full: rare(&mut state, 200, 10),
            pauses: rare(&mut state, 200, 10),
            reloads: rare(&mut state, 250, 15),
            waits: 10 + state.rng.below(100),
        };
        let faults = Faults {
            killed: rare(&mut state, 300, 20),
            captured: if mood.crashes + mood.power_cuts == 0 { rare(&mut state, 300, 50) } else { 0 },
            is_old: state.rng.chance(200),
        };
        state.fatal = faults.captured == 0 && state.rng.chance(150);
        state.holding = rare(&mut state, 700, 100);
        state.lateness = if state.rng.chance(500) { 1 + state.rng.below(3_000_000_000) as i64 } else { 0 };
        state.doubled = rare(&mut state, 500, 100);
        state.overflowing = rare(&mut state, 200, 10);
        state.watch_limit = if state.rng.chance(150) { state.rng.below(30) } else { usize::MAX };
        let doings = Doings::begin(&mut state);
        let line = format!("{mood:?} {faults:?}");
        state.log.push(line);
        let dedupe = state.rng.chance(400);
        drop(state);
        let settings = Settings { dedupe, ..settings(place.path()) };
        Ok(Self {
            world: Arc::clone(world),
            doings,
            settings,
            mood,
            faults,
            numbers: Numbers::default(),
            _place: place,
        })
    }

    /// Nothing happens but what is told.
    pub(super) fn quiet(world: &Arc<World>, keeps_births: bool) -> anyhow::Result<Self> {
        let place = tempfile::tempdir()?;
        let doings = Doings::bare(&mut world.lock(), keeps_births);
        let settings = settings(place.path());
        let (mood, faults) = (Mood::default(), Faults::default());
        let numbers = Numbers::default();
        Ok(Self { world: Arc::clone(world), doings, settings, mood, faults, numbers, _place: place })
    }

    /// One step of the daemon, or time until the next.
    pub(super) async fn go_on(&self, life: &mut Life) -> anyhow::Result<()> {
        if !life.step() {
            ensure!(life.due().is_some(), "nothing is left to do");
            self.wait(life, Duration::from_secs(60)).await;
        }
        self.revive(life).map(|_| ())
    }

    /// The number of a file that is gone is never given to another. The file itself may come back: of two things that have
    /// changed places one is seen a moment later.
    fn count(&mut self, life: &Life) -> anyhow::Result<()> {
        if life.is_synced() {
            let now = check::numbers(&*life.store)?;
            let Numbers { last, gone } = &mut self.numbers;
            gone.extend(last.iter().filter(|(file, _)| !now.contains_key(file)));
            let again = now.iter().find(|(file, is)| gone.get(file).is_some_and(|was| !plan::same_inode(was, is)));
            ensure!(again.is_none(), "given again: {again:?}");
            gone.retain(|file, _| !now.contains_key(file));
            *last = now;
        }
        Ok(())
    }

    fn chance(&self, thousandths: usize) -> bool {
        self.world.lock().rng.chance(thousandths)
    }

    async fn step(&mut self, life: &mut Life) -> anyhow::Result<()> {
        let mood = self.mood;
        if self.chance(mood.doings) {
            self.doings.something(&mut self.world.lock());
        }
        if self.chance(mood.mounts) {
            let state = &mut self.world.lock();
            if self.doings.is_mounted { self.doings.unmount(state) } else { self.doings.mount(state) }
        }
        if self.chance(mood.clock) {
            let mut state = self.world.lock();
            let hours = state.rng.below(20) as i64 - 10;
            state.tree.now += hours * 3_600_000_000_000;
            state.log.push(format!("the clock is set by {hours} hours"));
        }
        if self.chance(mood.full) {
            let full = self.chance(300);
            life.remains.rows.set_full(full);
            self.world.lock().log.push(format!("the disk is full: {full}"));
        }
        if self.chance(mood.pauses) {
            let seconds = self.world.lock().rng.below(5) as u64;
            life.pause(seconds);
        }
        if self.chance(mood.reloads) {
            self.reconfigure(life);
        }
        let cut = self.chance(mood.power_cuts);
        if cut || self.chance(mood.crashes) {
            return self.crash(life, cut);
        }
        if self.chance(mood.waits) || !life.step() {
            let most = Duration::from_millis(1 + self.world.lock().rng.below(400) as u64);
            self.wait(life, most).await;
        }
        self.revive(life).map(|_| ())
    }

    /// A directory is watched from now on, or not any more, or names are left out.
    fn reconfigure(&mut self, life: &mut Life) {
        let mut state = self.world.lock();
        match state.rng.below(4) {
            0 => match self.settings.ignore.is_empty() {
                true => self.settings.ignore.push(LEFT_OUT.into()),
                false => self.settings.ignore.clear(),
            },
            _ => {
                let at = state.rng.below(ROOTS.len());
                match self.settings.roots.iter().position(|root| root.path == Path::new(ROOTS[at])) {
                    Some(watched) => _ = self.settings.roots.remove(watched),
                    None => self.settings.roots.push(root(ROOTS[at])),
                }
            }
        }
        let roots: Vec<_> = self.settings.roots.iter().map(|root| &root.path).collect();
        let line = format!("now watched: {roots:?} without {:?}", self.settings.ignore);
        state.log.push(line);
        drop(state);
        life.reload(&self.settings);
    }

    /// The daemon ends, and begins again.
    pub(super) fn crash(&self, life: &mut Life, is_power_cut: bool) -> anyhow::Result<()> {
        let unsynced = life.remains.rows.unsynced();
        let mut state = self.world.lock();
        let ending = match is_power_cut {
            true => Ending::PowerCut { kept: state.rng.below(unsynced + 1), slate: state.rng.chance(700) },
            false => Ending::Killed,
        };
        state.log.push(format!("the daemon ends with {unsynced} transactions not synced: {ending:?}"));
        drop(state);
        life.begin_again(ending)
    }

    /// Time passes, `most` at most, as long as nothing is due before.
    async fn wait(&self, life: &mut Life, most: Duration) {
        let time = life.due().map_or(most, |due| due.min(most)).max(Duration::from_micros(100));
        self.wait_whole(life, time).await;
    }

    /// Nothing goes wrong any more.
    fn calm(&mut self, life: &mut Life) -> anyhow::Result<()> {
        if life.is_old() {
            self.world.lock().log.push("today's version takes its place".into());
            life.begin_again(Ending::Killed)?;
        }
        life.calm();
        let mut state = self.world.lock();
        state.overflowing = 0;
        state.holding = 0;
        if !self.doings.is_mounted && state.rng.chance(800) {
            self.doings.mount(&mut state);
        }
        state.log.push("calm".into());
        Ok(())
    }

    /// Until everything is done, and what is polled has been polled once more.
    pub(super) async fn rest(&mut self, life: &mut Life) -> anyhow::Result<()> {
        self.settle(life).await?;
        self.count(life)?;
        self.world.lock().log.push("at rest; then the next polls".into());
        for _ in 0..2 {
            let poll = self.settings.watch.poll + Duration::from_secs(1);
            let mut left = poll;
            while left > Duration::ZERO {
                let part = left.min(Duration::from_secs(60));
                self.wait_whole(life, part).await;
                left -= part;
            }
            self.settle(life).await?;
        }
        self.doings.at_rest();
        Ok(())
    }

    /// Begins again what a file has taken down, if one has.
    fn revive(&self, life: &mut Life) -> anyhow::Result<bool> {
        let is_down = life.is_down;
        if is_down {
            self.world.lock().log.push("a file takes the daemon down".into());
            life.begin_again(Ending::Killed)?;
        }
        Ok(is_down)
    }

    /// Files that take it down when they are read.
    fn fatal_files(&self) -> usize {
        let state = self.world.lock();
        let is_fatal =
            |kind: &Kind| matches!(kind, Kind::File { content, .. } if nature(*content, state.fatal) == Nature::Fatal);
        state.tree.inodes.values().filter(|inode| is_fatal(&inode.kind)).count()
    }

    async fn wait_whole(&self, life: &mut Life, time: Duration) {
        tokio::time::advance(time).await;
        let mut state = self.world.lock();
        state.elapsed += time.as_nanos() as i64;
        state.tree.now += time.as_nanos() as i64;
        drop(state);
        life.woken_by_time();
    }

    async fn settle(&self, life: &mut Life) -> anyhow::Result<()> {
        let (mut deaths, most) = (0, self.fatal_files() * usize::from(self.settings.retry.attempts));
        for _ in 0..PATIENCE {
            if life.is_at_rest() {
                return Ok(());
            }
            deaths += usize::from(self.revive(life)?);
            ensure!(deaths <= most, "{deaths} deaths, when {most} convict all");
            if !life.step() {
                ensure!(
                    life.due().is_some(),
                    "nothing is left to do, and yet it is not idle: {:?}",
                    life.core.standing()
                );
                self.wait(life, Duration::from_secs(60)).await;
            }
        }
        anyhow::bail!("it does not come to rest: {:?}", life.core.standing())
    }

    /// The index must be what a fresh daemon makes of the same files.
    pub(super) async fn compare(&self, life: &Life, excused: &BTreeSet<u64>) -> anyhow::Result<()> {
        let offline: Vec<Vec<u8>> = life
            .core
            .roots
            .iter()
            .filter(|root| root.state().0 == RootState::Offline)
            .map(|root| root.path.as_bytes().to_vec())
            .collect();
        for root in &offline {
            ensure!(!self.doings.is_mounted || root != b"/mnt/v", "a mounted root is taken for gone");
        }
        let (is, counts) = check::read(&*life.store, &offline)?;
        ensure!(life.store.counts() == counts, "counts: {:?} kept, {counts:?} there", life.store.counts());
        let lasts = self.world.lock().log.len();
        let watches = self.world.lock().take_watches();
        let mut fresh = self.fresh().await?;
        self.world.lock().log.truncate(lasts);
        let (should, _) = check::read(&*fresh.store, &offline)?;
        fresh.end();
        drop(fresh);
        self.world.lock().restore_watches(watches);
        let differences = check::differences(&is, &should, excused);
        ensure!(differences.is_empty(), "the index is not what a fresh crawl gives:\n{differences}");
        ensure!(!offline.is_empty() || counts.pending == 0, "{} files are pending", counts.pending);
        ensure!(life.store.suspects()?.len() <= counts.files as usize, "suspects of files that are gone");
        Ok(())
    }

    async fn fresh(&self) -> anyhow::Result<Life> {
        let mut fresh = Life::begin(&self.world, Remains::default(), self.settings.clone(), Faults::default())?;
        self.settle(&mut fresh).await.context("the fresh daemon")?;
        Ok(fresh)
    }
}
