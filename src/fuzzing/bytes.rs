//! Reads choices from bytes.

/// The bytes of an input that are not read yet. When they are used up, every further byte is 0.
pub(super) struct Bytes<'d>(pub(super) &'d [u8]);

impl Bytes<'_> {
    /// The next byte.
    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `bound`, which is at most 65,536.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let high = if bound > 256 { usize::from(self.byte()) << 8 } else { 0 };
        (high + usize::from(self.byte())) % bound.max(1)
    }

    /// Whether one in `number` choices is made. It is not when the bytes are used up.
    pub(super) fn one_in(&mut self, number: u8) -> bool {
        self.byte() % number == 1 % number && !self.0.is_empty()
    }

    /// One of several values.
    pub(super) fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        &values[self.below(values.len())]
    }
}
