//! The types of the API: one file per node type with its fields, filter, order, facets and root fields.

pub mod account;
pub mod actor;
pub mod article;
pub mod change;
pub mod changed_field;
pub mod claim;
pub mod coverage;
pub mod dataset;
pub mod date;
pub mod event;
pub mod event_link;
pub mod event_type;
pub mod evidence;
pub mod external_id;
pub mod figure;
pub mod mention;
pub mod merge;
pub mod merge_candidate;
pub mod name;
pub mod node;
pub mod node_query;
pub mod participation;
pub mod place;
pub mod relation;
pub mod stance;
pub mod statement;
