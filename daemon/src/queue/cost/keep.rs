//! A model as bytes, for the store. What a damaged or other version's note says is not known.

use super::{
    CLASSES, Cell, Kind, MOST, Model, Usual,
    ahead::{STEPS, Sizes},
};
use crate::model::ReaderId;

/// The first byte; another one is of another version, and nothing is known.
pub(super) const VERSION: u8 = 2;
/// Figures of a cell, and its bytes.
const FIGURES: usize = 18 + STEPS;
pub(super) const KEPT: usize = 4 + 1 + 4 + FIGURES * 4;

impl Cell {
    fn figures(&self) -> [f32; FIGURES] {
        let Self { files: _, cpu, wall, read, calls, memory, lately, sizes } = self;
        let mut figures = [0.0; FIGURES];
        for (three, Usual { mean, variance, median }) in
            figures.as_chunks_mut().0.iter_mut().zip([cpu, wall, read, calls, memory])
        {
            *three = [*mean, *variance, *median];
        }
        figures[15..18].copy_from_slice(&[*lately, sizes.part.0, sizes.part.1]);
        figures[18..].copy_from_slice(&sizes.heads);
        figures
    }

    /// `None` where they are no figures.
    fn from_figures(files: u32, figures: [f32; FIGURES]) -> Option<Self> {
        let usual = |at: usize| Usual { mean: figures[at], variance: figures[at + 1], median: figures[at + 2] };
        let is_sound = files > 0 && figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0);
        let heads = std::array::from_fn(|step| figures[18 + step]);
        is_sound.then(|| Self {
            files,
            cpu: usual(0),
            wall: usual(3),
            read: usual(6),
            calls: usual(9),
            memory: usual(12),
            lately: figures[15],
            sizes: Sizes { heads, part: (figures[16], figures[17]) },
        })
    }
}

impl Model {
    /// As bytes, for the store: at most 190 KiB.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend((self.cells.len() as u32).to_le_bytes());
        for (kind, cell) in &self.cells {
            bytes.extend(kind.reader.0.to_le_bytes());
            bytes.push(kind.class);
            bytes.extend(cell.files.to_le_bytes());
            bytes.extend(cell.figures().iter().flat_map(|figure| figure.to_le_bytes()));
        }
        for (ending, reader) in &self.endings {
            bytes.extend([*ending, reader.0].iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    /// From what [`Self::encode`] gave. What it cannot read is not known.
    pub fn decode(bytes: &[u8]) -> Self {
        let word = |bytes: &[u8], at: usize| bytes[at..].first_chunk().copied().map_or(0, u32::from_le_bytes);
        let Some((head, rest)) = bytes.split_at_checked(5).filter(|(head, _)| head[0] == VERSION) else {
            return Self::default();
        };
        let cells = (word(head, 1) as usize).min(MOST) * KEPT;
        let Some((cells, endings)) = rest.split_at_checked(cells) else { return Self::default() };
        let cell = |bytes: &[u8; KEPT]| {
            let figures = std::array::from_fn(|number| f32::from_bits(word(bytes, 9 + number * 4)));
            let kind = Kind { reader: ReaderId(word(bytes, 0)), class: bytes[4] };
            Cell::from_figures(word(bytes, 5), figures).filter(|_| kind.class < CLASSES).map(|cell| (kind, cell))
        };
        let ending = |bytes: &[u8; 8]| (word(bytes, 0), ReaderId(word(bytes, 4)));
        Self {
            cells: cells.as_chunks().0.iter().filter_map(cell).collect(),
            endings: endings.as_chunks().0.iter().take(MOST).map(ending).collect(),
        }
    }
}
