//! Hashes by which many keys are known in little room.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A hash that is the same in every run. Among ten million keys two would have the same one once in a hundred thousand
/// imports.
pub(crate) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
