//! Brings an entity to the one shape that the converter reads, whichever way it was published.
//!
//! | published as | becomes |
//! | --- | --- |
//! | properties that are lists of texts | itself |
//! | properties with nested entities, as in `targets.nested.json` | one entity for each, which refer to each other by id |
//! | a list of statements, as in the statement-based exports | one entity with the values of its statements |
//!
//! Nested entities are listed under the reverse of the property that refers: a person has `sanctions`, each of which has the person
//! as its `entity`. Reverse properties exist only in nested exports, and are turned round here.

use serde_json::{Map, Value, json};

use crate::import::feed::row::{FieldProblem, invalid};

/// Maximum nesting of entities in entities. Published files have two or three levels.
const MAX_DEPTH: usize = 8;

/// Properties that list the entities which refer to this one, with the property of those entities.
const REVERSE_PROPERTIES: &[(&str, &str)] = &[
    ("agencyClient", "agent"),
    ("agentRepresentation", "client"),
    ("associates", "person"),
    ("associations", "associate"),
    ("debtCreditor", "creditor"),
    ("debtDebtor", "debtor"),
    ("directorshipDirector", "director"),
    ("directorshipOrganization", "organization"),
    ("employees", "employer"),
    ("employers", "employee"),
    ("familyPerson", "person"),
    ("familyRelative", "relative"),
    ("membershipMember", "member"),
    ("membershipOrganization", "organization"),
    ("occupancies", "post"),
    ("ownershipAsset", "asset"),
    ("ownershipOwner", "owner"),
    ("participants", "project"),
    ("paymentBeneficiary", "beneficiary"),
    ("paymentPayer", "payer"),
    ("positionOccupancies", "holder"),
    ("positions", "organization"),
    ("predecessors", "successor"),
    ("projectParticipation", "participant"),
    ("sanctions", "entity"),
    ("successors", "predecessor"),
    ("unknownLinkFrom", "object"),
    ("unknownLinkTo", "subject"),
];

/// Returns an entity and those that are nested in it, each with properties that are lists of texts. The entity itself is the last.
pub(super) fn flat_entities(mut entity: Value) -> Result<Vec<Value>, FieldProblem> {
    join_statements(&mut entity);
    let mut found = Vec::new();
    flatten(entity, 0, &mut found)?;
    Ok(found)
}

fn flatten(mut entity: Value, depth: usize, found: &mut Vec<Value>) -> Result<(), FieldProblem> {
    if depth > MAX_DEPTH {
        let message = format!("has entities nested more than {MAX_DEPTH} levels deep");
        return Err(invalid("properties", message, "list the entities on lines of their own"));
    }
    let id = entity.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(Value::Object(properties)) = entity.get_mut("properties") {
        for (name, values) in std::mem::take(properties) {
            let Value::Array(values) = values else {
                properties.insert(name, values);
                continue;
            };
            let reverse =
                REVERSE_PROPERTIES.iter().find(|(reverse, _)| *reverse == name).map(|(_, property)| *property);
            let mut texts = Vec::new();
            for value in values {
                if !value.is_object() {
                    texts.push(value);
                    continue;
                }
                let mut nested = value;
                match reverse {
                    Some(property) => add_value(&mut nested, property, &id),
                    None => texts.extend(nested.get("id").cloned()),
                }
                flatten(nested, depth + 1, found)?;
            }
            if !texts.is_empty() {
                properties.insert(name, Value::Array(texts));
            }
        }
    }
    found.push(entity);
    Ok(())
}

/// Adds a text to the values of a property.
fn add_value(entity: &mut Value, property: &str, text: &str) {
    let Some(entity) = entity.as_object_mut() else { return };
    let properties = entity.entry("properties").or_insert_with(|| json!({}));
    let Some(properties) = properties.as_object_mut() else { return };
    let values = properties.entry(property).or_insert_with(|| json!([]));
    if let Some(values) = values.as_array_mut() {
        let is_same =
            |value: &Value| value.as_str() == Some(text) || value.get("id").and_then(Value::as_str) == Some(text);
        if !values.iter().any(is_same) {
            values.push(text.into());
        }
    }
}

/// Replaces the list of statements of an entity by properties.
fn join_statements(entity: &mut Value) {
    let Some(entity) = entity.as_object_mut() else { return };
    if entity.contains_key("properties") {
        return;
    }
    let Some(Value::Array(statements)) = entity.remove("statements") else { return };
    let mut properties = Map::new();
    let mut referents =
        entity.remove("referents").and_then(|referents| referents.as_array().cloned()).unwrap_or_default();
    for statement in statements {
        let text = |name: &str| statement.get(name).and_then(Value::as_str);
        let (Some(property), Some(value)) = (text("prop"), text("value")) else { continue };
        referents.extend(text("entity_id").map(Value::from));
        add_statement(&mut properties, property, value);
    }
    entity.insert("properties".into(), Value::Object(properties));
    entity.insert("referents".into(), Value::Array(referents));
}

/// Adds the value of a statement to the properties of its entity. The property `id` is about the statement, not the entity.
pub(super) fn add_statement(properties: &mut Map<String, Value>, property: &str, value: &str) {
    if property == "id" {
        return;
    }
    let values = properties.entry(property).or_insert_with(|| json!([]));
    if let Some(values) = values.as_array_mut()
        && !values.iter().any(|one| one.as_str() == Some(value))
    {
        values.push(value.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::import::feed::ftm_shape::flat_entities;

    #[test]
    fn nested_entities_refer_to_each_other() {
        let nested = json!({ "id": "p1", "schema": "Person", "properties": {
            "name": ["Ann"],
            "sanctions": [{ "id": "s1", "schema": "Sanction", "properties": { "entity": ["p1"], "startDate": ["2020"] } }],
            "ownershipOwner": [{ "id": "o1", "schema": "Ownership", "properties": { "asset": [
                { "id": "c1", "schema": "Company", "properties": { "name": ["Corp"] } }
            ] } }]
        } });
        let flat = [
            json!({ "id": "c1", "schema": "Company", "properties": { "name": ["Corp"] } }),
            json!({ "id": "o1", "schema": "Ownership", "properties": { "asset": ["c1"], "owner": ["p1"] } }),
            json!({ "id": "s1", "schema": "Sanction", "properties": { "entity": ["p1"], "startDate": ["2020"] } }),
            json!({ "id": "p1", "schema": "Person", "properties": { "name": ["Ann"] } }),
        ];
        assert_eq!(flat_entities(nested).unwrap(), flat);
    }

    #[test]
    fn statements_become_properties() {
        let entity = json!({ "id": "c1", "schema": "Person", "statements": [
            { "entity_id": "e1", "prop": "name", "value": "Ann" },
            { "entity_id": "e2", "prop": "name", "value": "Ann" },
            { "entity_id": "e2", "prop": "name", "value": "Anna" },
            { "entity_id": "e2", "prop": "id", "value": "checksum" }
        ] });
        let flat = json!({ "id": "c1", "schema": "Person", "properties": { "name": ["Ann", "Anna"] },
            "referents": ["e1", "e2", "e2", "e2"] });
        assert_eq!(flat_entities(entity).unwrap(), [flat]);
    }

    #[test]
    fn deep_nesting_is_a_problem() {
        let mut entity = json!({ "id": "x", "schema": "Person" });
        for _ in 0..20 {
            entity = json!({ "id": "x", "schema": "Person", "properties": { "parent": [entity] } });
        }
        assert!(flat_entities(entity).unwrap_err().message.contains("more than 8 levels"));
    }
}
