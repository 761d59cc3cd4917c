//! The actors and recipients of a POLECAT row.
//!
//! One cell may list several actors, separated by semicolons. Their countries, sectors, titles and Wikipedia ids are
//! parallel lists in other cells. Such a list is used only if it has as many items as there are actors.

use crate::import::feed::code;
use crate::import::feed::object::{Object, clipped, external_id, name};
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::Row;

/// A participation: the role of an actor, and its title at the time.
pub(super) struct Part<'r> {
    pub(super) role: &'static str,
    pub(super) title: Option<&'r str>,
}

/// The columns of the actors or of the recipients.
struct Columns {
    name: &'static str,
    raw: &'static str,
    country: &'static str,
    cow: &'static str,
    sector: &'static str,
    sectors: &'static str,
    title: &'static str,
    wikipedia: &'static str,
}

const ACTOR: Columns = Columns {
    name: "Actor Name",
    raw: "Actor Name Raw",
    country: "Actor Country",
    cow: "Actor COW",
    sector: "Primary Actor Sector",
    sectors: "Actor Sectors",
    title: "Actor Title",
    wikipedia: "Wikipedia Actor ID",
};

const RECIPIENT: Columns = Columns {
    name: "Recipient Name",
    raw: "Recipient Name Raw",
    country: "Recipient Country",
    cow: "Recipient COW",
    sector: "Primary Recipient Sector",
    sectors: "Recipient Sectors",
    title: "Recipient Title",
    wikipedia: "Wikipedia Recipient ID",
};

/// Writes the actors of a row and returns their keys and participations.
pub(super) fn parts<'r>(row: &Row<'r>, kind: &str, writer: &mut RecordWriter<'_>) -> Vec<(String, Part<'r>)> {
    let mut parts = Vec::new();
    for (columns, role) in [&ACTOR, &RECIPIENT].into_iter().zip(roles(kind)) {
        // An unresolved name is only in the raw column.
        let Some(names) = row.text(columns.name).or_else(|| row.text(columns.raw)) else {
            let unused = [columns.country, columns.sector].iter().find_map(|column| row.text(column));
            writer.unmapped_if("countries and sectors of unnamed actors", unused);
            continue;
        };
        let names: Vec<&str> = names.split(';').map(str::trim).collect();
        let mut parallel = |column: &str| {
            let cells: Vec<&str> = row.text(column).unwrap_or_default().split(';').map(str::trim).collect();
            let is_parallel = cells.len() == names.len();
            if !is_parallel && row.text(column).is_some() {
                writer.unmapped("lists whose length differs from the list of actors");
            }
            move |at: usize| cells.get(at).copied().filter(|cell| is_parallel && !cell.is_empty() && *cell != "None")
        };
        let (countries, numbers, sectors) =
            (parallel(columns.country), parallel(columns.cow), parallel(columns.sector));
        let (titles, ids) = (parallel(columns.title), parallel(columns.wikipedia));
        for (at, text) in names.iter().enumerate() {
            if text.is_empty() || *text == "None" {
                continue;
            }
            let details =
                Details { country: countries(at), cow_number: numbers(at), sector: sectors(at), wikipedia: ids(at) };
            parts.push((details.write_actor(text, writer), Part { role, title: titles(at) }));
        }
        writer.unmapped_if("secondary sectors of actors", row.text(columns.sectors));
    }
    parts
}

/// Returns the roles of the actor and the recipient. Consulting and cooperating are mutual.
fn roles(kind: &str) -> [&'static str; 2] {
    match kind.to_uppercase().as_str() {
        "CONSULT" | "COOPERATE" => ["PARTICIPANT", "PARTICIPANT"],
        "AID" => ["AGENT", "RECIPIENT"],
        _ => ["AGENT", "TARGET"],
    }
}

/// The details of an actor in a row, besides its name.
struct Details<'r> {
    country: Option<&'r str>,
    /// State number of the Correlates of War project.
    cow_number: Option<&'r str>,
    sector: Option<&'r str>,
    wikipedia: Option<&'r str>,
}

impl Details<'_> {
    /// Writes an actor and returns its key: the Wikipedia id, else name, country and sector. A name alone does not
    /// identify an actor.
    fn write_actor(&self, text: &str, writer: &mut RecordWriter<'_>) -> String {
        let country = self.country.and_then(country).or_else(|| self.cow_number.and_then(code::cow_country));
        if country.is_none() {
            writer
                .unmapped_if("actor countries that are ambiguous or not in ISO 3166", self.country.or(self.cow_number));
        }
        let sector = self.sector.filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
        if sector.is_none() {
            writer.unmapped_if("actor sectors that are ambiguous or not in PLOVER", self.sector);
        }
        let key = match self.wikipedia {
            Some(id) => format!("wikipedia/{}", clipped(id)),
            None => {
                let country = country.or(self.country).or(self.cow_number).unwrap_or_default();
                format!("actor/{}/{country}/{}", clipped(text), self.sector.unwrap_or_default())
            }
        };
        let ids = self.wikipedia.map(|id| external_id("wikipedia", &clipped(id))).into_iter().collect();
        // POLECAT does not say if a name is that of a person, an organization or a group.
        writer.write_shared(
            Object::record("group", &key)
                .set("label", clipped(text))
                .set_if("country", country)
                .set_if("sector", sector)
                .set_children("names", vec![name(&clipped(text), "PREFERRED")])
                .set_children("externalIds", ids),
        );
        key
    }
}

/// Returns the country for an ISO 3166-1 alpha-3 code or an English name.
pub(super) fn country(text: &str) -> Option<&'static str> {
    code::alpha3_country(text).or_else(|| code::country_named(text))
}
