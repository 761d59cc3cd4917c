//! Records of figures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::record::evidence::EvidenceRecord;
use crate::import::record::{Build, Ref, Restore, Row, When, unless};
use crate::import::to_record::Restorer;
use crate::import::validate::builder::Builder;
use entity::event_type::EventType;
use entity::figure::Qualifier;
use entity::record::RecordKind;

/// A number that a statement, event, account or article gives.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FigureRecord {
    /// Unique in the dataset over all kinds, never empty. A part without one is known by its place in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The statement, event, account or article that gives it; left out inside of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Ref>,
    /// What is counted, in words: activists missing.
    pub counted: String,
    /// The type of the events counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_type: Option<EventType>,
    /// The number.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub value: Option<f64>,
    /// The least it may be.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub lower: Option<f64>,
    /// The most it may be.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::import::record::number")]
    pub upper: Option<f64>,
    /// The unit, such as `person`, `year`, `USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How exact it is meant; `EXACT` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<Qualifier>,
    /// Over what time it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<When>,
    /// Where it is counted: a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Ref>,
    /// The figure of which it is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<Ref>,
    /// Where it is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceRecord>,
}

impl Build for FigureRecord {
    const KIND: RecordKind = RecordKind::Figure;

    fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn row(&self, b: &mut Builder<'_>) -> Row {
        let (target_id, target_kind) = b.whole(
            "target",
            self.target.as_ref(),
            &[RecordKind::Statement, RecordKind::Event, RecordKind::Account, RecordKind::Article],
        );
        let period = b.when("period", self.period.as_ref());
        b.amounts(self.value, self.lower, self.upper);
        Row::Figure(entity::figure::Model {
            id: b.id(),
            target_id,
            target_kind,
            counted: b.filled("counted", &self.counted),
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
            place_id: b.place_if("place", self.place.as_ref()),
            part_of_id: self.part_of.as_ref().map(|whole| b.figure("partOf", whole)),
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
            target: r.whole(row.id, row.target_id),
            counted: row.counted.clone(),
            counted_type: row.counted_type,
            value: row.value,
            lower: row.lower,
            upper: row.upper,
            unit: row.unit.clone(),
            qualifier: unless(row.qualifier, Qualifier::Exact),
            period: When::of(row.period.as_ref(), row.period_raw.as_ref()),
            place: r.reference_if(row.place_id),
            part_of: r.reference_if(row.part_of_id),
            evidence: r.parts(row.id),
        }
    }
}
