//! The storage model: one file per node type, with its table row and its string enums.
//!
//! All rows of the graph draw their ids from one sequence and have an entry in [`record`]. One foreign key can therefore refer
//! to a row of any type. Instants are whole seconds since 1970 UTC. Columns marked *derived* are computed by the importer from
//! other rows; `newsgraph check` recomputes them.

mod string_enum;

pub mod account;
pub mod actor;
pub mod api_key;
pub mod article;
pub mod article_author;
pub mod change;
pub mod claim;
pub mod counter;
pub mod dataset;
pub mod event;
pub mod event_link;
pub mod event_type;
pub mod evidence;
pub mod external_id;
pub mod figure;
pub mod id;
pub mod import_run;
pub mod mention;
pub mod merge;
pub mod name;
pub mod name_key;
pub mod participation;
pub mod place;
pub mod record;
pub mod record_kind;
pub mod relation;
pub mod request;
pub mod row;
pub mod stance;
pub mod standing;
pub mod statement;
pub mod statement_about;
