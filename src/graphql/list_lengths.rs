//! The greatest lengths of lists without pages, for the cost of queries.

use entity::event_type::TREE;

use crate::graphql::graph::MAX_HOPS;
use crate::graphql::search::MAX_HIGHLIGHTS;

/// Returns the greatest length of a list that has no pages, when its rows do not decide it.
pub(crate) fn greatest_length(type_name: &str, field: &str) -> Option<usize> {
    match (type_name, field) {
        ("Query", "eventTypes") => Some(TREE.len()),
        ("EventTypeInfo", "cameo") => TREE.iter().map(|entry| entry.cameo.len()).max(),
        ("SearchHit", "highlights") => Some(MAX_HIGHLIGHTS),
        ("Path", "hops") => usize::try_from(MAX_HOPS).ok(),
        _ => None,
    }
}
