//! One entity of FollowTheMoney: properties whose values are lists of texts.

use serde_json::{Map, Value};

use crate::import::feed::row::{Mistake, wrong};
use crate::text::date::Date;

pub(super) struct Entity<'e> {
    pub(super) id: &'e str,
    pub(super) schema: &'e str,
    pub(super) caption: Option<&'e str>,
    /// Other ids under which it was known.
    pub(super) referents: Vec<String>,
    properties: Option<&'e Map<String, Value>>,
}

impl<'e> Entity<'e> {
    pub(super) fn read(value: &'e Value) -> Result<Self, Mistake> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let need = |name: &str| text(name).ok_or_else(|| wrong(name, "is missing or no text", "every entity has it"));
        let (id, schema) = (need("id")?, need("schema")?);
        let properties = match value.get("properties") {
            None | Some(Value::Null) => None,
            Some(Value::Object(properties)) => Some(properties),
            Some(_) => return Err(wrong("properties", "is no JSON object", "write lists of texts by property")),
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

    /// The values of a property.
    pub(super) fn all(&self, property: &str) -> impl Iterator<Item = &'e str> + use<'e> {
        let values = self.properties.and_then(|properties| properties.get(property));
        // Values are lists; a few writers give one text alone.
        let (list, alone) = match values {
            Some(Value::Array(list)) => (list.as_slice(), None),
            Some(Value::String(text)) => (&[][..], Some(text.as_str())),
            _ => (&[][..], None),
        };
        list.iter().filter_map(Value::as_str).chain(alone).map(str::trim).filter(|text| !text.is_empty())
    }

    /// The value of a property whose values agree.
    pub(super) fn one(&self, property: &str) -> Option<&'e str> {
        let mut values = self.all(property);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// The most exact of dates that agree: `1970` and `1970-05-01` do.
    pub(super) fn date(&self, property: &str) -> Option<String> {
        let day = |text: &'e str| text.split(['T', ' ']).next().unwrap_or(text);
        let exact = self.all(property).map(day).max_by_key(|text| text.len())?;
        let agree = self.all(property).map(day).all(|text| exact.starts_with(text));
        (agree && Date::parse(exact).is_ok()).then(|| exact.to_owned())
    }

    /// Whether it has a property that is none of these.
    pub(super) fn has_more_than(&self, known: &[&str]) -> bool {
        self.properties.is_some_and(|properties| properties.keys().any(|property| !known.contains(&property.as_str())))
    }

    /// The country that all of the first given property of these agree on.
    pub(super) fn country(&self, properties: &[&str]) -> Option<String> {
        let given = properties.iter().find(|property| self.all(property).next().is_some())?;
        let code = self.one(given)?.to_uppercase();
        rust_iso3166::from_alpha2(&code).map(|country| country.alpha2.to_owned())
    }

    /// An address on the web.
    pub(super) fn address(&self, property: &str) -> Option<&'e str> {
        self.one(property)
            .filter(|text| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")))
    }
}
