//! Maps ACLED's event types and sub-event types to event types and roles.
//!
//! A type is mapped to an equal or broader one, never to a narrower one.

/// Returns the event type; `None` if `event_type` is not an ACLED type.
pub(super) fn kind(event_type: &str, sub_type: &str) -> Option<&'static str> {
    let broader = match event_type {
        "Battles" => "ARMED_CLASH",
        "Explosions/Remote violence" => "ARMED_ATTACK",
        "Violence against civilians" => "VIOLENCE",
        "Protests" => "PROTEST",
        // Riots include mob violence, which is not a protest.
        "Riots" => "VIOLENCE",
        "Strategic developments" => "OTHER",
        _ => return None,
    };
    Some(match sub_type {
        "Air/drone strike" => "AIR_STRIKE",
        "Shelling/artillery/missile attack" => "SHELLING",
        "Remote explosive/landmine/IED" => "BOMBING",
        "Suicide bomb" => "SUICIDE_ATTACK",
        "Sexual violence" => "SEXUAL_VIOLENCE",
        "Abduction/forced disappearance" => "ABDUCTION",
        "Violent demonstration" => "RIOT",
        "Agreement" => "AGREEMENT",
        "Arrests" => "ARREST",
        "Looting/property destruction" => "PROPERTY_DESTRUCTION",
        "Non-violent transfer of territory" => "TERRITORY_CHANGE",
        _ => broader,
    })
}

/// Returns the role of the first actor. In battles the order of the actors does not show who attacked.
pub(super) fn first_role(event_type: &str, sub_type: &str) -> &'static str {
    if is_one_sided(event_type, sub_type) { "AGENT" } else { "PARTICIPANT" }
}

/// Returns the role of the second actor.
pub(super) fn second_role(event_type: &str, sub_type: &str) -> &'static str {
    if is_one_sided(event_type, sub_type) { "TARGET" } else { "PARTICIPANT" }
}

/// Returns true if the first actor does it to the second one. Arrests are among the strategic developments.
fn is_one_sided(event_type: &str, sub_type: &str) -> bool {
    matches!(event_type, "Explosions/Remote violence" | "Violence against civilians") || sub_type == "Arrests"
}
