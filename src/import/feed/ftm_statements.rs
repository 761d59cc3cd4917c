//! FollowTheMoney statements: one value of one property of an entity in each row, as OpenSanctions publishes them.
//!
//! Format: comma-separated with a header. The rows of an entity, which have the same `canonical_id`, follow one another, as in the
//! published files. They become one entity, whose schema is the most specific one of its rows; see `ftm` for what it becomes.
//!
//! Not stored: original values, languages, and the times at which a statement was seen.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::import::feed::ftm::convert_entities;
use crate::import::feed::ftm_shape::add_statement;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row, excerpt, invalid};
use crate::import::feed::table::Layout;
use crate::import::feed::{Converter, FeedDefinition};
use crate::import::hash;

/// Schemata from general to specific: each includes those in front of it in its row.
const SPECIALIZATIONS: &[&[&str]] = &[
    &["Thing", "LegalEntity", "Person"],
    &["Thing", "LegalEntity", "Organization", "Company"],
    &["Thing", "LegalEntity", "Organization", "PublicBody"],
    &["Thing", "Asset", "Company"],
];

pub(super) fn definition() -> FeedDefinition {
    FeedDefinition {
        dataset: "ftm",
        title: "FollowTheMoney entities",
        license: None,
        url: None,
        layout: Layout::Csv { required: &["canonical_id", "entity_id", "prop", "schema", "value"] },
        missing: None,
        converter: Box::<Statements>::default(),
    }
}

/// The entity whose rows are being read.
struct Pending {
    id: String,
    schema: String,
    properties: Map<String, Value>,
    referents: Vec<Value>,
    /// The line of its first row.
    line: u64,
}

#[derive(Default)]
struct Statements {
    pending: Option<Pending>,
    /// Hashes of the ids of the entities that were written.
    written: HashSet<u64>,
}

impl Converter for Statements {
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let (id, schema) = (row.required("canonical_id")?, row.required("schema")?);
        let (property, value) = (row.required("prop")?, row.text("value"));
        if self.written.contains(&hash(id)) {
            let message = format!("`{}` has rows in two places of the file", excerpt(id));
            return Err(invalid("canonical_id", message, "sort the file by canonical_id"));
        }
        let schema = match &self.pending {
            Some(pending) if pending.id == id => more_specific(&pending.schema, schema).ok_or_else(|| {
                let message = format!("`{}` is both {} and {}", excerpt(id), excerpt(&pending.schema), excerpt(schema));
                invalid("schema", message, "correct the schema of the rows")
            })?,
            _ => schema,
        }
        .to_owned();
        if self.pending.as_ref().is_none_or(|pending| pending.id != id) {
            self.flush(writer)?;
            let line = writer.line();
            self.pending = Some(Pending {
                id: id.to_owned(),
                schema: schema.clone(),
                properties: Map::new(),
                referents: Vec::new(),
                line,
            });
        }
        if let Some(pending) = &mut self.pending {
            pending.schema = schema;
            pending.referents.extend(row.text("entity_id").map(Value::from));
            if let Some(value) = value {
                add_statement(&mut pending.properties, property, value);
            }
        }
        Ok(())
    }

    fn convert_end(&mut self, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        self.flush(writer)
    }
}

impl Statements {
    /// Writes the pending entity.
    fn flush(&mut self, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        let Some(Pending { id, schema, properties, referents, line }) = self.pending.take() else { return Ok(()) };
        self.written.insert(hash(&id));
        writer.at_line(line);
        convert_entities(
            vec![json!({ "id": id, "schema": schema, "properties": properties, "referents": referents })],
            writer,
        )
    }
}

/// Returns the more specific one of two schemata; `None` if neither includes the other.
fn more_specific<'s>(first: &'s str, second: &'s str) -> Option<&'s str> {
    if first == second {
        return Some(first);
    }
    SPECIALIZATIONS.iter().find_map(|chain| {
        let at = |schema: &str| chain.iter().position(|one| *one == schema);
        let (one, other) = (at(first)?, at(second)?);
        Some(if one > other { first } else { second })
    })
}
