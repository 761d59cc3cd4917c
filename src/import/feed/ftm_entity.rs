//! Reads one FollowTheMoney entity, whose properties are lists of texts.

use serde_json::{Map, Value};

use crate::import::feed::row::{FieldProblem, invalid};
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

    /// Returns the most precise date of a property; `None` if its dates conflict. `1970` and `1970-05-01` do not.
    pub(super) fn date(&self, property: &str) -> Option<String> {
        let day = |text: &'e str| text.split(['T', ' ']).next().unwrap_or(text);
        let precise = self.all(property).map(day).max_by_key(|text| text.len())?;
        let agree = self.all(property).map(day).all(|text| precise.starts_with(text));
        (agree && Date::parse(precise).is_ok()).then(|| precise.to_owned())
    }

    /// Returns true if the entity has a property that is not in the list.
    pub(super) fn has_properties_besides(&self, known: &[&str]) -> bool {
        self.properties.is_some_and(|properties| properties.keys().any(|property| !known.contains(&property.as_str())))
    }

    /// Returns the country of the first listed property that has values; `None` if these differ.
    pub(super) fn country(&self, properties: &[&str]) -> Option<String> {
        let present = properties.iter().find(|property| self.all(property).next().is_some())?;
        let code = self.one(present)?.to_uppercase();
        rust_iso3166::from_alpha2(&code).map(|country| country.alpha2.to_owned())
    }

    /// Returns an HTTP(S) URL.
    pub(super) fn web_url(&self, property: &str) -> Option<&'e str> {
        self.one(property)
            .filter(|text| url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")))
    }
}
