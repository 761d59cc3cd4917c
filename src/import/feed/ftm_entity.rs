//! Reads one FollowTheMoney entity, whose properties are lists of texts.

use serde_json::{Map, Value};

use crate::import::feed::row::{FieldProblem, invalid};
use crate::text::country;
use crate::text::date::Date;

/// An entity.
pub(super) struct Entity<'e> {
    pub(super) id: &'e str,
    pub(super) schema: &'e str,
    pub(super) caption: Option<&'e str>,
    /// Other ids of the entity, such as those it had before it was merged.
    pub(super) referents: Vec<String>,
    properties: Option<&'e Map<String, Value>>,
}

impl<'e> Entity<'e> {
    /// Reads an entity, which must have an id and a schema.
    pub(super) fn read(value: &'e Value) -> Result<Self, FieldProblem> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let need =
            |name: &str| text(name).ok_or_else(|| invalid(name, "is missing or not a text", "every entity needs it"));
        let (id, schema) = (need("id")?, need("schema")?);
        let properties = match value.get("properties") {
            None | Some(Value::Null) => None,
            Some(Value::Object(properties)) => Some(properties),
            Some(_) => {
                return Err(invalid(
                    "properties",
                    "is not a JSON object",
                    "write an object whose values are lists of texts",
                ));
            }
        };
        let mut referents: Vec<String> = value
            .get("referents")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|referent| !referent.is_empty() && *referent != id)
            .map(str::to_owned)
            .collect();
        referents.sort();
        referents.dedup();
        Ok(Self { id, schema, caption: text("caption"), referents, properties })
    }

    /// Returns the values of a property.
    pub(super) fn all(&self, property: &str) -> impl Iterator<Item = &'e str> + use<'e> {
        let values = self.properties.and_then(|properties| properties.get(property));
        // Some files have a text in place of a list with one text.
        let (list, single) = match values {
            Some(Value::Array(list)) => (list.as_slice(), None),
            Some(Value::String(text)) => (&[][..], Some(text.as_str())),
            _ => (&[][..], None),
        };
        list.iter().filter_map(Value::as_str).chain(single).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Returns the value of a property; `None` if its values differ.
    pub(super) fn one(&self, property: &str) -> Option<&'e str> {
        let mut values = self.all(property);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// Returns the most precise date of a property, as EDTF; `None` if its dates conflict. `1970` and `1970-05-01` do not.
    pub(super) fn date(&self, property: &str) -> Option<Date> {
        let dates: Vec<Date> = self.all(property).map(date).collect::<Option<_>>()?;
        let precise = dates.iter().min_by_key(|date| width(date))?;
        let is_inside = |outer: &Date| outer.earliest <= precise.earliest && precise.latest <= outer.latest;
        dates.iter().all(is_inside).then(|| precise.clone())
    }

    /// Returns the properties that have values.
    pub(super) fn properties(&self) -> impl Iterator<Item = &'e str> {
        self.properties.into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Returns the country of the first listed property that has values; `None` if these differ.
    pub(super) fn country(&self, properties: &[&str]) -> Option<String> {
        let present = properties.iter().find(|property| self.all(property).next().is_some())?;
        let code = self.one(present)?.to_uppercase();
        country::alpha2(&code).map(str::to_owned)
    }

    /// Returns an HTTP(S) URL.
    pub(super) fn web_url(&self, property: &str) -> Option<&'e str> {
        self.one(property)
            .filter(|text| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")))
    }
}

/// Parses a date of FollowTheMoney: a prefix of an ISO 8601 time, which is UTC unless it says otherwise.
fn date(text: &str) -> Option<Date> {
    // Some exports write a space for the `T`, or fractions of a second.
    let text = text.replacen(' ', "T", 1);
    let whole = match text.split_once('.') {
        Some((time, rest)) => format!("{time}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => text,
    };
    Date::parse(&whole).ok().filter(|date| date.earliest.is_some() && date.latest.is_some())
}

/// The number of seconds that a date covers.
fn width(date: &Date) -> i64 {
    date.latest.unwrap_or(i64::MAX).saturating_sub(date.earliest.unwrap_or(i64::MIN))
}
