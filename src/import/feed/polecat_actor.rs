//! The actors and recipients of a row of POLECAT. Several stand in one cell; what else is told of them stands in lists
//! beside, which are read only where they are as long.

use crate::import::feed::code;
use crate::import::feed::object::{Object, clipped, external_id, name};
use crate::import::feed::polecat::given;
use crate::import::feed::record_writer::Out;
use crate::import::feed::row::Row;

/// The part of an actor, and its title at the time.
pub(super) struct Part<'r> {
    pub(super) role: &'static str,
    pub(super) title: Option<&'r str>,
}

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

/// Writes the actors of a row and gives their keys with their parts.
pub(super) fn parts<'r>(row: &Row<'r>, kind: &str, out: &mut Out<'_>) -> Vec<(String, Part<'r>)> {
    let mut parts = Vec::new();
    for (columns, role) in [&ACTOR, &RECIPIENT].into_iter().zip(roles(kind)) {
        // A name that was not resolved stands only as the article writes it.
        let Some(names) = given(row, columns.name).or_else(|| given(row, columns.raw)) else {
            let told = [columns.country, columns.sector].iter().find_map(|column| given(row, column));
            out.unmapped_if("countries and sectors of actors without a name", told);
            continue;
        };
        let names: Vec<&str> = names.split(';').map(str::trim).collect();
        let mut beside = |column: &str| {
            let cells: Vec<&str> = row.text(column).unwrap_or_default().split(';').map(str::trim).collect();
            let fits = cells.len() == names.len();
            if !fits && given(row, column).is_some() {
                out.unmapped("lists that are not as long as the list of actors beside");
            }
            move |at: usize| cells.get(at).copied().filter(|cell| fits && !cell.is_empty() && *cell != "None")
        };
        let (countries, numbers, sectors) = (beside(columns.country), beside(columns.cow), beside(columns.sector));
        let (titles, ids) = (beside(columns.title), beside(columns.wikipedia));
        for (at, text) in names.iter().enumerate() {
            if text.is_empty() || *text == "None" {
                continue;
            }
            let told = Told { country: countries(at), number: numbers(at), sector: sectors(at), wikipedia: ids(at) };
            parts.push((told.share(text, out), Part { role, title: titles(at) }));
        }
        out.unmapped_if("further sectors of actors", given(row, columns.sectors));
    }
    parts
}

/// The parts of the actor and the recipient. Consulting and cooperating is mutual.
fn roles(kind: &str) -> [&'static str; 2] {
    match kind.to_uppercase().as_str() {
        "CONSULT" | "COOPERATE" => ["PARTICIPANT", "PARTICIPANT"],
        "AID" => ["AGENT", "RECIPIENT"],
        _ => ["AGENT", "TARGET"],
    }
}

/// What is told of an actor beside its name.
struct Told<'r> {
    country: Option<&'r str>,
    number: Option<&'r str>,
    sector: Option<&'r str>,
    wikipedia: Option<&'r str>,
}

impl Told<'_> {
    /// The key is the id at Wikipedia; else names are told apart by country and sector, and never merged by the name alone.
    fn share(&self, text: &str, out: &mut Out<'_>) -> String {
        let country = self.country.and_then(country).or_else(|| self.number.and_then(code::cow));
        if country.is_none() {
            out.unmapped_if("countries of actors that are several or none of ISO 3166", self.country.or(self.number));
        }
        let sector = self.sector.filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
        if sector.is_none() {
            out.unmapped_if("sectors of actors that are several or none of PLOVER", self.sector);
        }
        let key = match self.wikipedia {
            Some(id) => format!("wikipedia/{}", clipped(id)),
            None => {
                let country = country.or(self.country).or(self.number).unwrap_or_default();
                format!("actor/{}/{country}/{}", clipped(text), self.sector.unwrap_or_default())
            }
        };
        let ids = self.wikipedia.map(|id| external_id("wikipedia", &clipped(id))).into_iter().collect();
        // Whether a name is of a person, a body or people without a structure is not told.
        out.share(
            Object::record("group", &key)
                .set("label", clipped(text))
                .set_if("country", country)
                .set_if("sector", sector)
                .list("names", vec![name(&clipped(text), "PREFERRED")])
                .list("externalIds", ids),
        );
        key
    }
}

/// A country by its code or its English name.
pub(super) fn country(text: &str) -> Option<&'static str> {
    code::alpha3(text).or_else(|| code::country_named(text))
}
