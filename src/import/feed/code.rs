//! Maps the codes of feeds (countries, event types, sectors) to those of the graph.
//!
//! The tables beside this file are compiled into the program: `country.tsv` (ISO 3166, FIPS 10-4), `cow.tsv`
//! (Correlates of War), `cameo.tsv` (CAMEO event codes) and `plover.tsv` (PLOVER types and modes). A code that is not
//! listed is not mapped.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::country;

/// A country with its codes in several lists.
struct Country {
    alpha2: &'static str,
    alpha3: &'static str,
    fips: &'static str,
    name: &'static str,
}

/// Returns the rows of a table, without comment lines.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    rows(include_str!("country.tsv"))
        .filter_map(|row| match row.as_slice() {
            // The importer accepts only countries that ISO 3166 lists today. This also drops the header line.
            &[alpha2, alpha3, fips, name] if country::alpha2(alpha2).is_some() => {
                Some(Country { alpha2, alpha3, fips, name })
            }
            _ => None,
        })
        .collect()
});

/// CAMEO country codes that differ from ISO 3166-1 alpha-3.
const CAMEO_COUNTRIES: &[(&str, &str)] =
    &[("TMP", "TL"), ("FRO", "FO"), ("IMY", "IM"), ("MTN", "ME"), ("ROM", "RO"), ("WSB", "PS"), ("GZS", "PS")];

/// Returns the country (ISO 3166-1 alpha-2) of a FIPS 10-4 code.
pub(super) fn fips_country(code: &str) -> Option<&'static str> {
    static BY_FIPS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        // Codes that GDELT uses and the list of countries lacks.
        let extra = [("GZ", "PS"), ("WE", "PS"), ("RB", "RS"), ("RI", "RS")];
        let listed = COUNTRIES.iter().filter(|country| !country.fips.is_empty());
        listed.map(|country| (country.fips, country.alpha2)).chain(extra).collect()
    });
    BY_FIPS.get(code).copied()
}

/// Returns the country of a CAMEO code; `None` for regions such as `AFR`.
pub(super) fn cameo_country(code: &str) -> Option<&'static str> {
    let differing = CAMEO_COUNTRIES.iter().find(|(cameo, _)| *cameo == code).map(|(_, alpha2)| *alpha2);
    differing.or_else(|| alpha3_country(code))
}

/// Returns the country of an ISO 3166-1 alpha-3 code.
pub(super) fn alpha3_country(code: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.alpha3 == code).map(|country| country.alpha2)
}

/// Returns the country with an English name as conflict datasets write it. A former name in parentheses is ignored:
/// `Russia (Soviet Union)` is Russia.
pub(super) fn country_named(name: &str) -> Option<&'static str> {
    const ALIASES: &[(&str, &str)] = &[
        ("Bosnia-Herzegovina", "BA"),
        ("DR Congo", "CD"),
        ("Democratic Republic of Congo", "CD"),
        ("Congo", "CG"),
        ("Republic of Congo", "CG"),
        ("Kingdom of eSwatini", "SZ"),
        ("eSwatini", "SZ"),
        ("Macedonia, FYR", "MK"),
        ("North Macedonia", "MK"),
        ("Cote d'Ivoire", "CI"),
        ("United States of America", "US"),
        ("Czech Republic", "CZ"),
        ("East Timor", "TL"),
        ("Turkey", "TR"),
        ("Turkiye", "TR"),
        ("Palestine", "PS"),
        ("Cabo Verde", "CV"),
    ];
    let plain = name.split(" (").next().unwrap_or(name).trim();
    let listed = COUNTRIES.iter().find(|country| country.name == plain).map(|country| country.alpha2);
    listed.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, alpha2)| *alpha2))
}

/// Returns the English name of a country by its ISO 3166-1 alpha-2 code.
pub(super) fn country_name(alpha2: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|country| country.alpha2 == alpha2).map(|country| country.name)
}

/// Returns the event type of a CAMEO code; `None` if CAMEO does not define the code.
pub(super) fn cameo_event_type(code: &str) -> Option<&'static str> {
    static TYPES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("cameo.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[code, name, _] => Some((code, name)),
                _ => None,
            })
            .collect()
    });
    TYPES.get(code).copied()
}

/// Returns the country of a state number of the Correlates of War project.
pub(super) fn cow_country(number: &str) -> Option<&'static str> {
    static BY_NUMBER: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("cow.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[number, alpha2] => Some((number, alpha2)),
                _ => None,
            })
            .collect()
    });
    BY_NUMBER.get(number).copied()
}

/// Returns the event type of a PLOVER type and mode, and whether PLOVER defines the mode. If it does not, the event
/// type is that of the PLOVER type alone. `None` if PLOVER does not define the type.
pub(super) fn plover_event_type(kind: &str, mode: Option<&str>) -> Option<(&'static str, bool)> {
    static TYPES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
        rows(include_str!("plover.tsv"))
            .filter_map(|row| match row.as_slice() {
                &[code, name, _] => Some((code, name)),
                _ => None,
            })
            .collect()
    });
    let kind = kind.to_uppercase();
    let broader = TYPES.get(kind.as_str()).copied()?;
    let Some(mode) = mode else { return Some((broader, true)) };
    // Files write modes with spaces, hyphens or underscores.
    let code = format!("{kind}/{}", mode.to_lowercase().replace([' ', '_'], "-"));
    Some(TYPES.get(code.as_str()).map_or((broader, false), |exact| (*exact, true)))
}

/// Returns the PLOVER sector of a CAMEO role; `None` if there is no equivalent.
pub(super) fn sector(role: &str) -> Option<&'static str> {
    const SAME: &[&str] = &[
        "BUS", "COP", "CRM", "CVL", "EDU", "GOV", "IGO", "JUD", "LAB", "LEG", "MIL", "NGO", "OPP", "PTY", "REB", "REF",
        "SPY", "UAF",
    ];
    match role {
        // `MED` means media in CAMEO and medicine in PLOVER.
        "MED" => Some("JRN"),
        "HLH" => Some("MED"),
        _ => SAME.iter().find(|same| **same == role).copied(),
    }
}

#[cfg(test)]
mod tests {
    use crate::import::feed::code::{
        COUNTRIES, cameo_country, cameo_event_type, cow_country, fips_country, plover_event_type, rows,
    };
    use crate::text::country;
    use entity::event_type::EventType;

    #[test]
    fn tables_contain_only_event_types_of_the_graph() {
        for row in rows(include_str!("cameo.tsv")).chain(rows(include_str!("plover.tsv"))) {
            let value = serde_json::Value::from(row[1]);
            assert!(serde_json::from_value::<EventType>(value).is_ok(), "{row:?}");
            assert!(["EXACT", "BROADER", "NONE"].contains(&row[2]), "{row:?}");
        }
    }

    #[test]
    fn country_codes_depend_on_their_list() {
        assert!(COUNTRIES.len() > 240);
        assert_eq!(
            (fips_country("IZ"), fips_country("AU"), fips_country("GM"), fips_country("XX")),
            (Some("IQ"), Some("AT"), Some("DE"), None)
        );
        assert_eq!((cameo_country("IRQ"), cameo_country("ROM"), cameo_country("AFR")), (Some("IQ"), Some("RO"), None));
        assert_eq!((cow_country("645"), cow_country("816"), cow_country("347")), (Some("IQ"), Some("VN"), Some("XK")));
        assert!(rows(include_str!("cow.tsv")).all(|row| country::alpha2(row[1]).is_some()));
        assert_eq!(plover_event_type("RETREAT", Some("release")), Some(("RELEASE", true)));
        assert_eq!(plover_event_type("COERCE", Some("martial law")), Some(("COERCION", true)));
        assert_eq!(
            (plover_event_type("AID", Some("boat")), plover_event_type("DEMAND", None)),
            (Some(("AID", false)), None)
        );
        assert_eq!(
            (cameo_event_type("043"), cameo_event_type("36"), cameo_event_type("---")),
            (Some("VISIT"), None, None)
        );
    }
}
