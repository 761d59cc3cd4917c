//! Validation: of the fields of one record, and of all records beside each other.

pub(crate) mod builder;
pub(crate) mod cross_record;
mod external_id;
mod values;
