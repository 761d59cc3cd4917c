//! Hashes of keys. A set of hashes needs less memory than a set of keys.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Returns a hash that is the same in every run. Two of ten million keys have the same hash about once in a hundred
/// thousand imports.
pub(crate) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
