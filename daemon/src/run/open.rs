//! Opens what the loop owns: store, engine, watches, roots, the mounted view; and says what goes on without.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Event, Hints,
    attention::Attending,
    board::{Board, NAMES},
    core::Core,
    governing::Governing,
    jobs::{Jobs, Visible},
    kept::Kept,
    namesakes::Namesakes,
    outside::Outside,
    pace::Pace,
    pauses::Pauses,
    performance::Performance,
    reading::{Reading, Rules, Target},
    roots::{self, Root, RootId, bytes},
    slate::{Left, Slate},
    walks::Walks,
};
use crate::{
    bus,
    config::{self, MountSettings, Settings},
    control::{AbsPath, Audience, Changed, Facts, Pause, RootOptions, RootOrigin, State},
    crawl::Crawl,
    model::{self, DirId, EntryRow, FileRow, FileState, Mutation, Node, Note, Place, ReaderId},
    mount::{self, View},
    queue::{Settle, cost::Model},
    readers,
    store::{self, CommitId, SledStore, StoreError, StoreView},
};

impl Core {
    /// Starts the engine, takes up the roots.
    #[expect(clippy::too_many_lines, reason = "one for each field")]
    pub fn open(
        settings: Settings,
        outside: Outside,
        degraded: BTreeMap<&'static str, String>,
        (events, hints): (mpsc::Sender<Event>, Arc<Hints>),
        (facts, changed): (watch::Sender<Facts>, mpsc::UnboundedSender<Changed>),
    ) -> anyhow::Result<Self> {
        let Outside { store, engine, slate, files, watcher, mounts, walkers, threads, wall_clock, disks, senses } =
            outside;
        let (readers, now, rows, watches) = (readers::current(), Instant::now(), store.clone(), watcher.clone());
        let crawl = Crawl { rows, files, watcher: watches, threads: walkers, readers: readers.clone() };
        let mut reading = Reading::new(engine, Slate::new(slate), rules(&settings, &readers), wall_clock.clone());
        reading.rate.set(settings.schedule.read_rate, Duration::ZERO);
        let board = Board::new(store.clone(), settings.is_shared());
        let mut core = Self {
            kept: Kept::beside(settings.store.path.parent().unwrap_or(std::path::Path::new("/"))),
            poll_due: now + settings.watch.poll,
            settings,
            store,
            readers,
            watcher,
            _mounts: mounts,
            hints,
            events_lost: 0,
            settled_due: None,
            heard_by: now,
            unsettled_due: None,
            roots: Vec::new(),
            next_root: 0,
            finished_at_trim: 0,
            distrusted: VecDeque::new(),
            forgotten: VecDeque::new(),
            search_due: None,
            walks: Walks::new(crawl, events.clone(), threads.clone(), disks),
            reading,
            attention: Arc::default(),
            attending: Attending::default(),
            namesakes: Namesakes::default(),
            jobs: Jobs::default(),
            pauses: Pauses::default(),
            degraded,
            store_is_lost: false,
            view: None,
            board: Arc::new(board),
            tallies: Arc::default(),
            estimating: Arc::default(),
            events,
            facts,
            changed,
            results: Vec::new(),
            results_due: None,
            after_commit: VecDeque::new(),
            walk_commits: VecDeque::new(),
            visible: Visible::default(),
            committed: CommitId(0),
            drained: CommitId(0),
            last_commit: CommitId(0),
            pace: Pace::default(),
            performance: Performance::default(),
            noted: 0,
            born: now,
            started: wall_clock().wall,
            threads,
            wall_clock,
            stuck_look: None,
            stopping: false,
            governing: Governing::new(senses),
            told: (State::Starting, now),
            board_due: None,
        };
        core.take_up().map(|()| core)
    }

    fn take_up(&mut self) -> anyhow::Result<()> {
        self.reading.remember_suspects(store::Rows::suspects(&*self.store)?);
        let costs = store::Rows::note(&*self.store, Note::Costs)?;
        self.reading.costs = costs.map_or_else(Model::default, |bytes| Model::decode(&bytes));
        self.look_for_copies();
        self.take_up_performance()?;
        self.take_up_suspects()?;
        self.take_up_roots()?;
        self.forget_strangers()?;
        self.take_up_pauses()
    }

    /// A daemon that ended without being told to may have ended by a file that it had in hand. If one was alone in hand,
    /// by that one.
    fn take_up_suspects(&mut self) -> anyhow::Result<()> {
        let left = self.reading.slate.left();
        let was_alone = left.iter().any(|left| left.alone);
        let (mut mutations, mut suspects, mut namesakes) = (Vec::new(), Vec::new(), Vec::new());
        for left in left.iter().filter(|left| left.alone == was_alone) {
            let Some(target) = self.left(left)? else { continue };
            let accused = self.reading.accusation(left);
            suspects.push(Left { accused, ..*left });
            namesakes.extend(self.waiting_namesakes(&target)?.into_iter().map(|namesake| (namesake, left.file)));
            mutations.extend(self.reading.accuse(target, left.alone));
        }
        // What one name of a file has done, the others would do again.
        for (namesake, accused) in namesakes {
            if suspects.iter().all(|left| left.file != namesake.id()) {
                mutations.extend(self.reading.accuse_like(namesake, accused));
            }
        }
        if mutations.is_empty() {
            self.reading.is_careful = !left.is_empty();
            self.reading.slate.begin();
            return Ok(());
        }
        tracing::warn!(
            suspects = suspects.len(),
            "the daemon has ended suddenly, trying what it had in hand one at a time"
        );
        // This start, too, may end before that is durable.
        self.reading.slate.keep(&suspects);
        let commit = self.commit(mutations);
        self.reading.accused(commit);
        Ok(())
    }

    /// The file that was in hand, if it is still to be read.
    fn left(&self, left: &Left) -> Result<Option<Target>, StoreError> {
        let is_it = |row: &FileRow| row.id == left.file && row.state == FileState::Pending;
        let mut entries =
            store::Rows::dir(&*self.store, left.dir)?.map(|rows| rows.entries).unwrap_or_default().into_iter();
        let Some(entry) = entries.find(|entry| matches!(&entry.node, Node::File(row) if is_it(row))) else {
            return Ok(None);
        };
        self.target(left.dir, &entry)
    }

    /// The other names of a file that are still to be read.
    fn waiting_namesakes(&self, target: &Target) -> Result<Vec<Target>, StoreError> {
        let mut namesakes = Vec::new();
        let Some(identity) = target.inode_of_several() else { return Ok(namesakes) };
        for Place { dir, name } in store::Rows::links(&*self.store, identity)? {
            let Some(entry) = store::Rows::entry(&*self.store, dir, &name)? else { continue };
            let waits = |row: &FileRow| row.state == FileState::Pending && row.id != target.id();
            if matches!(&entry.node, Node::File(row) if waits(row)) {
                namesakes.extend(self.target(dir, &entry)?);
            }
        }
        Ok(namesakes)
    }

    fn target(&self, dir: DirId, entry: &EntryRow) -> Result<Option<Target>, StoreError> {
        let above = store::Rows::path(&*self.store, dir)?.unwrap_or_default();
        Ok(Target::new(dir, entry, &above, entry.name.to_vec()))
    }

    fn take_up_roots(&mut self) -> anyhow::Result<()> {
        for setting in self.settings.roots.clone() {
            let path = AbsPath::parse(&bytes(&setting.path)).context("a root of the configuration")?;
            self.add_root(path, setting.options, RootOrigin::Config).context("a root of the configuration")?;
        }
        for (path, options) in self.kept.roots()? {
            if roots::owner(&self.roots, path.as_bytes()).is_none() {
                self.add_root(path, options, RootOrigin::Bus)?;
            }
        }
        Ok(())
    }

    /// Removes what belongs to no root any more: roots can go from the configuration while the daemon does not run.
    fn forget_strangers(&mut self) -> anyhow::Result<()> {
        let roots: Vec<_> = self.roots.iter().map(|root| root.path.as_path().to_owned()).collect();
        let mut mutations = Vec::new();
        let mut above = vec![(DirId::TOP, PathBuf::from("/"))];
        while let Some((dir, path)) = above.pop() {
            if roots.contains(&path) {
                continue;
            }
            let entries = store::Rows::dir(&*self.store, dir)?.map(|rows| rows.entries).unwrap_or_default();
            for entry in entries {
                let path = path.join(model::path(&entry.name));
                match entry.node {
                    Node::Dir(id) if roots.iter().any(|root| root.starts_with(&path)) => above.push((id, path)),
                    Node::Dir(id) => mutations.push(Mutation::RemoveDir(id)),
                    Node::File(_) => mutations.push(Mutation::RemoveFile(Place { dir, name: entry.name })),
                }
            }
        }
        if !mutations.is_empty() {
            let commit = self.commit(mutations);
            self.roots.iter_mut().for_each(|root| root.last_commit = commit);
        }
        Ok(())
    }

    fn take_up_pauses(&mut self) -> anyhow::Result<()> {
        let now = (self.wall_clock)();
        let pauses: Vec<Pause> = self.kept.pauses(now.wall)?;
        pauses.into_iter().for_each(|pause| _ = self.pauses.add(pause));
        self.expire_pauses();
        Ok(())
    }

    /// Takes up a root and plans its first walk.
    pub fn add_root(
        &mut self,
        path: AbsPath,
        options: RootOptions,
        origin: RootOrigin,
    ) -> Result<RootId, crate::control::Error> {
        self.next_root += 1;
        let id = RootId(self.next_root);
        let mut root = Root::new(id, path, options, origin, &self.settings)?;
        root.unwatched = self.watcher.is_none();
        root.last_commit = self.last_commit;
        root.wanted.subtree(Vec::new());
        tracing::info!(path = ?root.path.as_path(), "watching a directory");
        self.roots.push(root);
        Ok(id)
    }

    /// Mounts the view. Without it the rest works.
    pub fn mount(&mut self, view: StoreView) {
        if !self.settings.mount.enabled {
            return;
        }
        // Whoever reads at once is told, too.
        self.board.put(self.figures(&self.standing()));
        let board = Arc::clone(&self.board);
        let events = self.events.clone();
        let tell = move |event: metafs::Event| {
            let event = match event {
                metafs::Event::Drained(commit) => Event::Drained(commit),
                metafs::Event::Ended(why) => Event::ViewEnded(why),
            };
            // Fails only when the daemon is stopping.
            _ = events.blocking_send(event);
        };
        let attention = Arc::clone(&self.attention);
        let view = view.telling(Box::new(move |dir| attention.look(dir)));
        let status = metafs::Status { names: NAMES, render: Box::new(move |name| board.render(name)) };
        let audience = match self.settings.audience {
            Audience::Owner => mount::Audience::Owner,
            Audience::Everyone => mount::Audience::Everyone,
        };
        let MountSettings { path, helper, .. } = &self.settings.mount;
        match View::mount(Arc::new(view), status, path, audience, helper.as_deref(), Box::new(tell)) {
            Ok(view) => self.view = Some(view),
            Err(error) => {
                let text = format!("{error:#}; the metadata can be read with metactl show meanwhile");
                tracing::warn!(error = %text, "cannot mount the view, going on without");
                self.degraded.insert("no-fuse", text);
            }
        }
    }

    /// The daemon cannot be reached; it goes on with the roots it has.
    pub fn no_bus(&mut self, error: &bus::Error) {
        let text = format!("{}; metactl cannot reach the daemon", config::chain(error));
        tracing::warn!(error = %text, "no message bus, going on without");
        self.degraded.insert("no-bus", text);
    }

    /// The bus has gone away while running.
    pub fn bus_lost(&mut self) {
        tracing::warn!("the message bus is gone, going on without");
        let text =
            "the message bus is gone; metactl reaches the daemon as soon as there is one at the same address again";
        self.degraded.insert("no-bus", text.into());
    }

    /// There is a bus again; what changes is told there.
    pub fn bus_is_back(&mut self, changed: mpsc::UnboundedSender<Changed>) {
        self.changed = changed;
        self.degraded.remove("no-bus");
        tracing::info!("the message bus is back");
    }
}

fn rules(settings: &Settings, readers: &[ReaderId]) -> Rules {
    Rules {
        settle: Settle { quiet: settings.watch.settle, at_most: settings.watch.settle_max },
        retry: settings.retry,
        policy: settings.policy(),
        readers: readers.to_vec(),
        most_read: settings.limits.extract.read,
    }
}

/// Opens the store and says what it took.
pub(super) fn open_store(settings: &Settings, events: mpsc::Sender<Event>) -> Result<SledStore, StoreError> {
    let sink = move |event| _ = events.blocking_send(Event::Store(event));
    let config = store::StoreConfig {
        records_bytes: settings.store.cache as usize,
        prefetch_records: settings.store.prefetch_records,
        min_free_bytes: settings.store.min_free,
        sleep_after: settings.store.sleep_after,
        ..store::StoreConfig::new(&settings.store.path)
    };
    let (store, report) = SledStore::open(config, Box::new(sink))?;
    if let Some(what) = &report.repaired {
        tracing::warn!(error = %what, "the store's snapshot was damaged, going on without it; nothing is lost");
    }
    if let Some((place, what)) = &report.set_aside {
        tracing::error!(?place, error = %what, "the store was damaged and is set aside, reading everything again");
    }
    Ok(store)
}
