//! A figure as it usually is: mean, deviation and median, by exponential smoothing. Pure.

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Usual {
    pub(super) mean: f32,
    pub(super) variance: f32,
    pub(super) median: f32,
}

impl Usual {
    /// `share` is what the newest counts, 0 to 1.
    pub(super) fn learn(&mut self, value: f32, share: f32) {
        let off = value - self.mean;
        self.mean += share * off;
        self.variance = (1.0 - share) * (self.variance + share * off * off);
        // Goes by a step of its own towards each value: it rests where as many are above as below.
        self.median = match share >= 1.0 {
            true => value,
            false => (self.median + share * self.deviation() * (value - self.median).signum()).max(0.0),
        };
    }

    /// Standard deviation.
    pub(super) fn deviation(&self) -> f32 {
        self.variance.sqrt()
    }
}
