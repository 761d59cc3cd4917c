//! Records of figures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, When, unless_default};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::event_type::EventType;
use entity::figure::Qualifier;
use entity::record::RecordKind;

/// A number that a statement, event, account or article reports.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FigureRecord {
    /// The key: unique in the dataset across all record types, and not empty. A nested record without a key is identified by its position, as in `visit#/participations/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The statement, event, account or article that reports the number. Omit it in a nested record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// What is counted, as free text, such as `activists missing`.
    pub counted: String,
    /// The type of the events counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_type: Option<EventType>,
    /// The number.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub value: Option<f64>,
    /// The lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub lower: Option<f64>,
    /// The upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub upper: Option<f64>,
    /// The unit, such as `person`, `year`, `USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The precision of the number. Default: `EXACT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<Qualifier>,
    /// The period that the number covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<When>,
    /// The place that the number is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The figure that includes this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Ref>,
    /// Spans of article text that support this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for FigureRecord {
    const KIND: RecordKind = RecordKind::Figure;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let (target_id, target_kind) = b.parent(
            "target",
            self.target.as_ref(),
            &[RecordKind::Statement, RecordKind::Event, RecordKind::Account, RecordKind::Article],
        );
        let period = b.time("period", self.period.as_ref());
        b.check_amounts(self.value, self.lower, self.upper);
        Row::Figure(entity::figure::Model {
            id: b.id(),
            target_id,
            target_kind,
            counted: b.required_text("counted", &self.counted),
            counted_type: self.counted_type,
            value: self.value,
            lower: self.lower,
            upper: self.upper,
            unit: self.unit.clone(),
            qualifier: self.qualifier.unwrap_or(Qualifier::Exact),
            period: period.edtf,
            period_raw: period.raw,
            earliest: period.earliest,
            latest: period.latest,
            place_id: b.optional_place("place", self.place.as_ref()),
            part_of_id: b.whole("partOf", self.part_of.as_ref(), RecordKind::Figure),
        })
    }

    fn parts(&self) -> Vec<(&'static str, &dyn crate::import::record::AnyBuild)> {
        crate::import::record::parts!(self: "evidence" evidence)
    }
}

impl Restore for FigureRecord {
    type Row = entity::figure::Model;

    fn of(row: &Self::Row, r: &Restorer) -> Self {
        Self {
            key: r.key(row.id),
            target: r.parent(row.id, row.target_id),
            counted: row.counted.clone(),
            counted_type: row.counted_type,
            value: row.value,
            lower: row.lower,
            upper: row.upper,
            unit: row.unit.clone(),
            qualifier: unless_default(row.qualifier, Qualifier::Exact),
            period: When::of(row.period.as_ref(), row.period_raw.as_ref()),
            place: r.optional_reference(row.place_id),
            part_of: r.optional_reference(row.part_of_id),
            evidence: r.parts(row.id),
        }
    }
}
