//! The types of ACLED in terms of ours, no narrower than they are meant.

/// The type of an event; none when the word is no type of ACLED.
pub(super) fn kind(event_type: &str, sub_type: &str) -> Option<&'static str> {
    let wider = match event_type {
        "Battles" => "ARMED_CLASH",
        "Explosions/Remote violence" => "ARMED_ATTACK",
        "Violence against civilians" => "VIOLENCE",
        "Protests" => "PROTEST",
        // Mob violence is one of these and no protest.
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
        _ => wider,
    })
}

/// The part of the first actor. In battles the order of actors does not tell who attacked.
pub(super) fn first_role(event_type: &str) -> &'static str {
    if one_sided(event_type) { "AGENT" } else { "PARTICIPANT" }
}

/// The part of the second actor.
pub(super) fn second_role(event_type: &str) -> &'static str {
    if one_sided(event_type) { "TARGET" } else { "PARTICIPANT" }
}

fn one_sided(event_type: &str) -> bool {
    matches!(event_type, "Explosions/Remote violence" | "Violence against civilians")
}
