//! How well the daemon does, as told: the score, how things went over the last hours, what goes badly, and how each reader does.
//!
//! Plain values, named after no file: all of it is for everybody who may ask.

/// How well reading went when there was something to read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreReport {
    /// 0 to 100: 100 less the points lost.
    pub value: u8,
    /// Points lost: to being slower than the best seen, to others who want what we use, to workers that failed.
    pub slowness: u8,
    pub pressure: u8,
    pub failures: u8,
    /// One line.
    pub why: String,
    /// When that was; 0 where nothing has been read since the start.
    pub at: u64,
}

impl Default for ScoreReport {
    /// Of nothing to do.
    fn default() -> Self {
        Self { value: 100, slowness: 0, pressure: 0, failures: 0, why: "nothing to do yet".into(), at: 0 }
    }
}

/// How things went in five minutes in which there was work.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TrendPoint {
    /// When the five minutes began.
    pub at: u64,
    /// Results, and of them files without a record.
    pub files: u32,
    pub failures: u32,
    /// The mean score.
    pub score: u8,
    /// The largest PSS of all processes together, in bytes; 0 is unknown.
    pub memory: u64,
    /// Workers that read, the mean over the time with work.
    pub workers: f32,
    /// The mean strain over that time, 0 to 1.
    pub pressure: f32,
}

/// Something that goes badly though everything works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Stable, for programs.
    pub id: &'static str,
    /// What it is and what to do, for people; names no file.
    pub text: String,
    /// Since when.
    pub since: u64,
}

/// How one reader has done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReaderReport {
    /// Since when it is counted.
    pub since: u64,
    /// Files read to their end, read in part, and not read.
    pub read: u64,
    pub partial: u64,
    pub failed: u64,
    /// How long half of the files take at most, in microseconds, and how that changes; `None` where it has read nothing.
    pub cost: Option<(u64, CostTrend)>,
    /// The last files not read to their end, the newest first: the stable name of the reason, and when.
    pub last: Vec<(&'static str, u64)>,
}

/// How the newest files compare with those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostTrend {
    Faster,
    Steady,
    Slower,
}

impl CostTrend {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Steady => "steady",
            Self::Slower => "slower",
        }
    }
}
