//! Titles of events. Feeds have none, so they are made of the type, the place and the actors, and marked as made.

use crate::import::feed::object::Object;

/// The most actors that a title names.
const MAX_ACTORS: usize = 4;

/// The longest name in a title, in characters.
const MAX_NAME_CHARS: usize = 80;

impl Object {
    /// Sets the title of an event, such as `Armed clash, Baghdad: Tribal Guard; Police Forces of Iraq`.
    pub(super) fn set_title(self, kind: &str, place: Option<&str>, actors: &[&str]) -> Self {
        self.set("title", title(kind, place, actors)).set("titleSource", "GENERATED")
    }
}

fn title(kind: &str, place: Option<&str>, actors: &[&str]) -> String {
    let words = if kind == "OTHER" { "event".to_owned() } else { kind.to_lowercase().replace('_', " ") };
    let mut letters = words.chars();
    let mut title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    if let Some(place) = place {
        title.push_str(", ");
        title.extend(place.chars().take(MAX_NAME_CHARS));
    }
    for (at, actor) in actors.iter().take(MAX_ACTORS).enumerate() {
        title.push_str(if at == 0 { ": " } else { "; " });
        title.extend(actor.chars().take(MAX_NAME_CHARS));
    }
    if actors.len() > MAX_ACTORS {
        title.push_str(&format!("; {} more", actors.len() - MAX_ACTORS));
    }
    title
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn title_names_type_place_and_actors() {
        assert_eq!(title("ARMED_CLASH", Some("Mosul"), &["A", "B"]), "Armed clash, Mosul: A; B");
        assert_eq!(title("OTHER", None, &["A", "B", "C", "D", "E"]), "Event: A; B; C; D; 1 more");
        assert_eq!(title("AID", None, &[]), "Aid");
        assert_eq!(title("AID", Some(&"x".repeat(300)), &[&"y".repeat(300)]).len(), 167);
    }
}
